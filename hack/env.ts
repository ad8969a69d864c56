/** The real clock, timers and randomness, for programs in `hack/` and for tests that talk to real things. */
import type { Env, Log } from '../src/kubelet/env.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

export function realEnv(log: Log = silent): Env {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after(delayMs, fn) {
      const timer = setTimeout(fn, delayMs);
      return () => clearTimeout(timer);
    },
    random: () => Math.random,
    log,
  };
}
