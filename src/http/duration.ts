/** Ages as kubectl's server-side printer writes them. Source: apimachinery pkg/util/duration HumanDuration. */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Steps from fine to coarse: up to `belowMs`, whole `major` units, and the rest in `minor` units when there is any. */
const STEPS: readonly { belowMs: number; majorMs: number; major: string; minorMs?: number; minor?: string }[] = [
  { belowMs: 2 * MINUTE, majorMs: SECOND, major: 's' },
  { belowMs: 10 * MINUTE, majorMs: MINUTE, major: 'm', minorMs: SECOND, minor: 's' },
  { belowMs: 3 * HOUR, majorMs: MINUTE, major: 'm' },
  { belowMs: 8 * HOUR, majorMs: HOUR, major: 'h', minorMs: MINUTE, minor: 'm' },
  { belowMs: 2 * DAY, majorMs: HOUR, major: 'h' },
  { belowMs: 8 * DAY, majorMs: DAY, major: 'd', minorMs: HOUR, minor: 'h' },
  { belowMs: 2 * YEAR, majorMs: DAY, major: 'd' },
  { belowMs: 8 * YEAR, majorMs: YEAR, major: 'y', minorMs: DAY, minor: 'd' },
  { belowMs: Number.POSITIVE_INFINITY, majorMs: YEAR, major: 'y' },
];

/** A span in milliseconds as text, e.g. `3m7s`. Up to two seconds below zero are taken for clock skew. */
export function humanDuration(spanMs: number): string {
  if (!(spanMs > -2 * SECOND)) return '<invalid>';
  const ms = Math.max(0, spanMs);
  const step = STEPS.find(({ belowMs }) => ms < belowMs);
  if (!step) return '<invalid>';
  const rest = step.minorMs ? Math.floor((ms % step.majorMs) / step.minorMs) : 0;
  return `${Math.floor(ms / step.majorMs)}${step.major}${rest > 0 ? `${rest}${step.minor}` : ''}`;
}

/** The time since an RFC 3339 instant; `<unknown>` when there is none. */
export function age(instant: string | undefined | null, nowMs: number): string {
  const atMs = instant ? Date.parse(instant) : Number.NaN;
  return Number.isNaN(atMs) ? '<unknown>' : humanDuration(nowMs - atMs);
}

/** Whole seconds in RFC 3339, UTC, as Kubernetes writes times. */
export function rfc3339(ms: number): string {
  const instant = new Date(ms);
  return Number.isNaN(instant.getTime()) ? '1970-01-01T00:00:00Z' : `${instant.toISOString().slice(0, 19)}Z`;
}
