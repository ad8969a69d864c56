/** One line of a container's log file, as CRI runtimes write it, or as Docker's json-file driver did. Pure. */

export type LogStream = 'stdout' | 'stderr';

export interface LogLine {
  /** RFC 3339, as it stands in the file. */
  readonly stamp: string;
  readonly stream: LogStream;
  /** What the container wrote, with its line feed; a part of a longer line has none. */
  readonly content: Buffer;
}

const SPACE = 0x20;
const LINE_FEED = Buffer.from('\n');
const BRACE = 0x7b;

/**
 * `<RFC 3339 time> <stdout|stderr> <tags> <content>`, the tags joined by colons, the first one P (part) or F (full);
 * or `{"log":"…\n","stream":"…","time":"…"}` (staging cri-client pkg/logs). `line` has no line feed. Undefined when it
 * is neither.
 */
export function parseLine(line: Buffer): LogLine | undefined {
  return line[0] === BRACE ? parseDocker(line) : parseCri(line);
}

function parseCri(line: Buffer): LogLine | undefined {
  const afterStamp = line.indexOf(SPACE);
  const afterStream = afterStamp < 0 ? -1 : line.indexOf(SPACE, afterStamp + 1);
  if (afterStream < 0) return undefined;
  const stamp = line.toString('latin1', 0, afterStamp);
  const stream = streamOf(line.toString('latin1', afterStamp + 1, afterStream));
  const space = line.indexOf(SPACE, afterStream + 1);
  const afterTags = space < 0 ? line.length : space;
  const [kind] = line.toString('latin1', afterStream + 1, afterTags).split(':');
  if (!stream || !STAMP.test(stamp) || (kind !== 'P' && kind !== 'F')) return undefined;
  const content = line.subarray(afterTags + 1);
  return { stamp, stream, content: kind === 'P' ? content : Buffer.concat([content, LINE_FEED]) };
}

function parseDocker(line: Buffer): LogLine | undefined {
  try {
    const { log, stream, time } = JSON.parse(line.toString()) as Record<string, unknown>;
    const known = streamOf(stream);
    if (typeof log !== 'string' || typeof time !== 'string' || !known || !STAMP.test(time)) return undefined;
    return { stamp: time, stream: known, content: Buffer.from(log) };
  } catch {
    return undefined;
  }
}

function streamOf(text: unknown): LogStream | undefined {
  return text === 'stdout' || text === 'stderr' ? text : undefined;
}

const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/;

/** With nine digits of fraction, as `kubectl logs --timestamps` shows it. */
export function paddedStamp(stamp: string): string {
  const [, seconds = stamp, fraction = '', zone = ''] = STAMP.exec(stamp) ?? [];
  return `${seconds}.${fraction.padEnd(9, '0')}${zone}`;
}

/** Nanoseconds since the epoch. Undefined when it is no RFC 3339 time. */
export function stampNanos(stamp: string): bigint | undefined {
  const [, seconds = '', fraction = '', zone = ''] = STAMP.exec(stamp) ?? [];
  const ms = Date.parse(seconds + zone);
  return Number.isNaN(ms) ? undefined : BigInt(ms) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
}
