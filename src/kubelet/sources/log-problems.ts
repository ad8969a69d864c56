import type { Log } from '../env.ts';
import type { FileResult } from './source.ts';

const MAX_LINES = 10;

/** One line for each problem, up to a limit. Call once per content. */
export function logProblems(log: Log, result: FileResult): void {
  const { origin, problems } = result;
  for (const { severity, field, message, line, column } of problems.slice(0, MAX_LINES)) {
    const place = line === undefined ? {} : { line, column };
    const text = `${origin.location}: ${field ? `${field}: ` : ''}${message}`;
    if (severity === 'error') log.error({ source: origin.location, ...place }, text);
    else log.warn({ source: origin.location, ...place }, text);
  }
  const more = problems.length - MAX_LINES;
  if (more > 0)
    log.warn({ source: origin.location }, `${origin.location}: ${more} more problems; see "rower validate"`);
}
