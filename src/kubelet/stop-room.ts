/**
 * How much the runtime is asked to end at once. A stop is work for it as it begins: a process that sends the signal, the
 * exit, the clean-up. After that it waits for the grace period to pass, which costs nothing. So only what began a moment
 * ago takes up room, and what takes long holds up nobody: neither its own Pod nor another one.
 */
import type { Env } from './env.ts';
import type { PodKey } from './types.ts';

/** One shim serves all containers of a Pod. With 100 at once and probes beside them, containerd 1.6 did not come to an end. */
const OF_ONE_POD = 10;
const IN_ALL = 50;
/** What a signal and a willing process take on a busy machine. */
const SETTLES_MS = 2000;

export class StopRoom {
  readonly #env: Env;
  readonly #begun = new Map<string, { owner: PodKey; atMs: number }>();

  constructor(env: Env) {
    this.#env = env;
  }

  /** Takes room for one more; false when there is none now. `subject` names it until `ended`. */
  begin(owner: PodKey, subject: string): boolean {
    if (!this.isFree(owner)) return false;
    this.#begun.set(subject, { owner, atMs: this.#env.monotonicMs() });
    return true;
  }

  /** Is there room for one more of this Pod? */
  isFree(owner: PodKey): boolean {
    const nowMs = this.#env.monotonicMs();
    const young = [...this.#begun.values()].filter(({ atMs }) => nowMs - atMs < SETTLES_MS);
    return young.length < IN_ALL && young.filter((one) => one.owner === owner).length < OF_ONE_POD;
  }

  ended(subject: string): void {
    this.#begun.delete(subject);
  }

  /** How long until there is room at the latest. */
  freeInMs(): number {
    const nowMs = this.#env.monotonicMs();
    const left = [...this.#begun.values()].map(({ atMs }) => atMs + SETTLES_MS - nowMs).filter((ms) => ms > 0);
    return Math.min(SETTLES_MS, ...left);
  }
}
