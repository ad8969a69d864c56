import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
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

const STDERR = 2;
/** A reader that does not read its pipe is waited for in steps of this, and at most so many in a row. */
const BUSY_STEP_MS = 10;
const BUSY_STEPS = 100;
const LOST = 'lines of this log were lost: they could not be written';

/**
 * Standard error as a place for lines. It never throws: a disk that is full behind it, or a reader that went away, must
 * not end the agent. What is lost meanwhile is counted, and told when lines can be written again.
 */
function standardError(): { write(line: string): void } {
  let lost = 0;
  let why = '';
  /** A part of a line was written and the rest was not. */
  let torn = false;
  const writeWhole = (text: string) => {
    let rest = Buffer.from(text);
    for (let steps = 0; rest.length > 0; ) {
      try {
        rest = rest.subarray(writeSync(STDERR, rest));
        torn = rest.length > 0;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN' || steps === BUSY_STEPS) throw error;
        steps += 1;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BUSY_STEP_MS);
      }
    }
  };
  return {
    write(line) {
      try {
        if (lost > 0) {
          const fields = { level: 'warn', time: new Date().toISOString(), lost, error: why, msg: LOST };
          writeWhole(`${torn ? '\n' : ''}${JSON.stringify(fields)}\n`);
          lost = 0;
        }
        writeWhole(line);
      } catch (error) {
        lost += 1;
        why = error instanceof Error ? error.message : String(error);
      }
    },
  };
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
    standardError(),
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
