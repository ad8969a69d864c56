/**
 * The only door to time, timers, randomness and the log. Built in `main.ts` (real) and in `test/sim` (virtual);
 * `hack/tidy.ts` refuses `Date.now`, `setTimeout` and `Math.random` anywhere else.
 */

export type Cancel = () => void;

/**
 * Structured log. Levels mean what the operator has to do (docs/service.md):
 * - error: something must be done, it does not mend by itself;
 * - warn: something is not as wanted, and the agent goes on trying;
 * - info: what happened;
 * - debug: how it is done.
 */
export interface Log {
  debug(fields: Record<string, unknown>, message: string): void;
  info(fields: Record<string, unknown>, message: string): void;
  warn(fields: Record<string, unknown>, message: string): void;
  error(fields: Record<string, unknown>, message: string): void;
}

export interface Env {
  /** Wall clock, milliseconds since the epoch. It may jump. */
  nowMs(): number;
  /** Milliseconds since some fixed instant; never goes back. For durations inside this process only. */
  monotonicMs(): number;
  /** Calls `fn` once after `delayMs` (at least 0). The returned function cancels it. */
  after(delayMs: number, fn: () => void): Cancel;
  /** A random stream of numbers in [0, 1) of its own for `label`, so that one user never shifts another's. */
  random(label: string): () => number;
  readonly log: Log;
}

/** Resolves after `delayMs`, or at once when `signal` aborts. Never rejects. */
export function sleep(env: Env, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const done = () => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = env.after(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A timer this late tells that the process was stopped, or the machine asleep. */
const STOPPED_MS = 1000;

/**
 * Calls `fn` after `delayMs` in which this process ran. One that was stopped meanwhile could not read the answer, which
 * may have come long ago: it gets its time once more, and nobody is judged by a pause of ours.
 */
export function afterOwnTime(env: Env, delayMs: number, fn: () => void): Cancel {
  const beganMs = env.monotonicMs();
  let cancel = env.after(delayMs, () => {
    if (env.monotonicMs() - beganMs > delayMs + STOPPED_MS) cancel = env.after(delayMs, fn);
    else fn();
  });
  return () => cancel();
}
