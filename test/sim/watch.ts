/** Puts every checker on a world. */
import { BackOffChecker } from './back-off-checker.ts';
import { CHECKERS } from './checkers.ts';
import type { Desire } from './desire.ts';
import type { World } from './world.ts';

/** `fail` is told what must not happen, headed by the name of the rule. Returns the checker that has to hear of clock jumps. */
export function watch(world: World, desire: Desire, fail: (message: string) => void): BackOffChecker {
  for (const [name, checker] of Object.entries(CHECKERS)) {
    world.runtime.state.onFact(checker({ world, desire, fail: (message) => fail(`${name}: ${message}`) }));
  }
  const backOff = new BackOffChecker({ world, desire, fail: (message) => fail(`back-off: ${message}`) });
  world.runtime.state.onFact(backOff.onFact);
  return backOff;
}
