/**
 * Waits for a burst of change notices to end. A notice carries no data: it only shortens the wait until the next look.
 */
import type { Cancel, Env } from '../env.ts';

/** A stream of notices that never pauses is looked into this long after its first one. */
const MAX_BURST_MS = 1000;

export class Hints {
  readonly #env: Env;
  /** When to look, on the monotonic clock; undefined while nothing was noted. */
  #dueMs: number | undefined;
  #burstStartMs = 0;
  #wake: () => void = () => {};

  constructor(env: Env) {
    this.#env = env;
  }

  /** Something changed; look when nothing more was noted for `quietMs`. */
  note(quietMs: number): void {
    const nowMs = this.#env.monotonicMs();
    if (this.#dueMs === undefined) this.#burstStartMs = nowMs;
    this.#dueMs = Math.min(Math.max(this.#dueMs ?? 0, nowMs + quietMs), this.#burstStartMs + MAX_BURST_MS);
    this.#wake();
  }

  /** Resolves when a burst has ended, after `maxMs` at the latest, or when `signal` aborts. Notices so far are used up. */
  async wait(maxMs: number, signal: AbortSignal): Promise<void> {
    const endMs = this.#env.monotonicMs() + maxMs;
    for (;;) {
      const remainingMs = Math.min(this.#dueMs ?? endMs, endMs) - this.#env.monotonicMs();
      if (signal.aborted || remainingMs <= 0) break;
      await this.#pause(remainingMs, signal);
    }
    this.#dueMs = undefined;
  }

  /** Until the time is over, another notice or the end. */
  #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      let cancel: Cancel = () => {};
      const done = () => {
        cancel();
        signal.removeEventListener('abort', done);
        this.#wake = () => {};
        resolve();
      };
      cancel = this.#env.after(delayMs, done);
      this.#wake = done;
      signal.addEventListener('abort', done, { once: true });
    });
  }
}
