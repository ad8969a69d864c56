import type { Env } from './env.ts';
import type { Observed } from './observed.ts';
import type { Resolved } from './plan/resolve.ts';
import {
  advanceShutdown,
  type PodShutdown,
  podShutdown,
  type ShutdownGroup,
  type ShutdownState,
} from './plan/shutdown.ts';
import type { Pod } from './types.ts';

/** The owner of what is known about a shutdown of the machine: whether there is one, and whose turn it is. */
export class NodeShutdown {
  readonly #env: Env;
  readonly #groups: readonly ShutdownGroup[];
  readonly #poke: () => void;
  #state: ShutdownState | undefined;
  #finished: (() => void) | undefined;
  #cancelTimer: () => void = () => {};

  /** `poke` asks the loop for a round. */
  constructor(env: Env, groups: readonly ShutdownGroup[], poke: () => void) {
    this.#env = env;
    this.#groups = groups;
    this.#poke = poke;
  }

  /** The machine goes down. Resolves when every Pod has ended or had its time, or when it stays up after all. */
  begin(): Promise<void> {
    return new Promise((resolve) => {
      this.#state ??= { groups: this.#groups, turn: 0, turnBeganMs: this.#env.monotonicMs() };
      this.#finished = resolve;
      if (this.#state.turn >= this.#groups.length) this.#end();
      else this.#watchTurn();
      this.#poke();
    });
  }

  /** The machine stays up: Pods are started again. */
  cancel(): void {
    this.#state = undefined;
    this.#end();
    this.#poke();
  }

  /** What it means for this Pod; undefined when there is no shutdown. */
  of(pod: Pod): PodShutdown | undefined {
    return this.#state && podShutdown(this.#state, pod);
  }

  /** Told of each listing. */
  observe(resolved: Resolved, observed: Observed): void {
    if (!this.#state) return;
    const before = this.#state.turn;
    this.#state = advanceShutdown(this.#state, podsOf(resolved, observed), this.#env.monotonicMs());
    if (this.#state.turn === before) return;
    this.#env.log.info(
      { turn: this.#state.turn, groups: this.#groups.length },
      'node shutdown: on to the next group of Pods',
    );
    if (this.#state.turn >= this.#groups.length) this.#end();
    else this.#watchTurn();
  }

  #watchTurn(): void {
    this.#cancelTimer();
    const group = this.#state && this.#groups[this.#state.turn];
    if (group) this.#cancelTimer = this.#env.after(group.periodMs, this.#poke);
  }

  #end(): void {
    this.#cancelTimer();
    this.#finished?.();
    this.#finished = undefined;
  }
}

/** The wanted Pods, and whether anything of them runs. */
function podsOf(resolved: Resolved, observed: Observed): { pod: Pod; alive: boolean }[] {
  return [...resolved.slots.values()].flatMap((slot) => {
    if (slot.state !== 'want') return [];
    const containers = observed.pods.get(slot.key)?.containers ?? [];
    return [{ pod: slot.revision.pod, alive: containers.some((container) => container.state === 'running') }];
  });
}
