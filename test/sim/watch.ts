/** Puts every checker on a world. */

import type { ShutdownGroup } from '../../src/kubelet/plan/shutdown.ts';
import { BackOffChecker } from './back-off-checker.ts';
import { CHECKERS } from './checkers.ts';
import type { Desire } from './desire.ts';
import { ShutdownChecker } from './shutdown-checker.ts';
import type { World } from './world.ts';

export interface Watch {
  /** Has to hear of clock jumps. */
  readonly backOff: BackOffChecker;
  /** Has to hear of calls. */
  readonly shutdown: ShutdownChecker;
}

/** `fail` is told what must not happen, headed by the name of the rule. */
export function watch(
  world: World,
  desire: Desire,
  fail: (message: string) => void,
  shutdownGroups: readonly ShutdownGroup[] = [],
): Watch {
  const scene = (name: string) => ({ world, desire, fail: (message: string) => fail(`${name}: ${message}`) });
  const shutdown = new ShutdownChecker(scene('shutdown'), shutdownGroups);
  world.runtime.state.onFact(shutdown.onFact);
  for (const [name, checker] of Object.entries(CHECKERS))
    world.runtime.state.onFact(checker({ ...scene(name), shutdown }));
  const backOff = new BackOffChecker(scene('back-off'));
  world.runtime.state.onFact(backOff.onFact);
  return { backOff, shutdown };
}
