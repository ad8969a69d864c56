import { randomBytes } from 'node:crypto';
import pino from 'pino';
import type { Env, Log } from './kubelet/env.ts';

/** The real clocks, timers, randomness and log: the only ambient ones in the product. */
export function realEnv(log: Log): Env {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    after: (delayMs, fn) => {
      // Longer delays overflow into 1 ms; waking early is harmless, nothing here waits for weeks.
      const timer = setTimeout(fn, Math.min(Math.max(delayMs, 0), 2 ** 31 - 1));
      return () => clearTimeout(timer);
    },
    random: () => () => randomBytes(4).readUInt32BE() / 2 ** 32,
    log,
  };
}

export interface AgentLog extends Log {
  setVerbosity(verbosity: number): void;
}

/** JSON lines on standard error, written synchronously: nothing is lost when the process is killed. */
export function jsonLog(verbosity: number): AgentLog {
  const logger = pino(
    {
      level: levelOf(verbosity),
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: 2, sync: true }),
  );
  return Object.assign(logger, {
    setVerbosity(now: number) {
      logger.level = levelOf(now);
    },
  });
}

function levelOf(verbosity: number): string {
  return verbosity > 0 ? 'debug' : 'info';
}
