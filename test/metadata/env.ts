import type { Env, Log } from '../../src/kubelet/env.ts';
import { realEnv } from '../../src/real-env.ts';

export interface LoggingEnv extends Env {
  /** `level message {fields}` */
  lines: string[];
}

/** What a request may take; a busy machine is not to be mistaken for a silent service. */
const REQUEST_TIMEOUTS_MS = [2000, 10_000];

/** The real clock; the log is kept. Every wait is cut to `hurryMs`, but not the time that requests have. */
export function testEnv(hurryMs = Number.POSITIVE_INFINITY): LoggingEnv {
  const lines: string[] = [];
  const write = (level: string) => (fields: Record<string, unknown>, message: string) => {
    lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  };
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const env = realEnv(log);
  const after: Env['after'] = (delayMs, fn) =>
    env.after(REQUEST_TIMEOUTS_MS.includes(delayMs) ? delayMs : Math.min(delayMs, hurryMs), fn);
  return { ...env, after, lines };
}
