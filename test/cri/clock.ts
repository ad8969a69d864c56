/** An `Env` whose time moves only when a test says so, for code that talks over real sockets. */
import type { Env, Log } from '../../src/kubelet/env.ts';

export interface Clock extends Env {
  /** Delays of the timers that are set now, in milliseconds from now, sorted. */
  pending(): number[];
  /** Moves time and fires, in order, what falls due. */
  advance(delayMs: number): void;
}

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function createClock(log: Log = silent): Clock {
  let nowMs = 0;
  const timers = new Set<{ atMs: number; fn: () => void }>();
  return {
    nowMs: () => nowMs,
    monotonicMs: () => nowMs,
    after(delayMs, fn) {
      const timer = { atMs: nowMs + delayMs, fn };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    random: () => () => 0.5,
    log,
    pending: () => [...timers].map(({ atMs }) => atMs - nowMs).sort((a, b) => a - b),
    advance(delayMs) {
      const untilMs = nowMs + delayMs;
      for (;;) {
        const [next] = [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs);
        if (!next) break;
        timers.delete(next);
        nowMs = next.atMs;
        next.fn();
      }
      nowMs = untilMs;
    },
  };
}
