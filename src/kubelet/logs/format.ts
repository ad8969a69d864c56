import { type LogLine, type LogStream, paddedStamp, parseLine, stampNanos } from './line.ts';

/** What of a log is wanted, and how (staging cri-client pkg/logs). */
export interface LogFormat {
  /** Each line begins with its time and a blank. */
  readonly timestamps?: boolean;
  /** Only this stream. */
  readonly stream?: LogStream;
  /** Nothing older, wall-clock ms. */
  readonly sinceMs?: number;
  /** The output ends after so many bytes, in the middle of a line if need be. */
  readonly limitBytes?: number;
}

/** A line of the file longer than this is passed on in pieces, so that memory stays bounded. */
const MAX_LINE_BYTES = 1024 * 1024;
const LINE_FEED = 0x0a;
const LINE_END = Buffer.from([LINE_FEED]);
const EMPTY = Buffer.alloc(0);

/** Turns the bytes of log files, in any pieces, into what a reader of the log sees. Lines it does not know are left out. */
export class LogFormatter {
  readonly #format: LogFormat;
  #sinceNanos: bigint | undefined;
  #afterNanos: bigint | undefined;
  #remainingBytes: number;
  /** Begun, and not ended by a line feed yet. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** A line so long that its beginning has been passed on already; null: one that is left out. */
  #long: Long | null | undefined;
  /** Raw lines to leave out before anything is passed on. */
  #skip = 0;
  #atLineStart = true;
  #lastNanos: bigint | undefined;

  constructor(format: LogFormat) {
    this.#format = format;
    this.#sinceNanos = format.sinceMs === undefined ? undefined : BigInt(Math.ceil(format.sinceMs)) * 1_000_000n;
    this.#remainingBytes = format.limitBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Nothing more will come out. */
  get full(): boolean {
    return this.#remainingBytes <= 0;
  }

  /** Leaves out the next raw lines. */
  skip(lines: number): void {
    this.#skip = lines;
  }

  /** From now on only what is newer than what has been seen: the files are read again from somewhere earlier. */
  resume(): void {
    this.#afterNanos = this.#lastNanos;
    this.#clear();
  }

  push(chunk: Buffer): Buffer {
    const out: Buffer[] = [];
    let from = 0;
    while (from < chunk.length && !this.full) {
      const end = chunk.indexOf(LINE_FEED, from);
      this.#take(chunk.subarray(from, end < 0 ? chunk.length : end), end >= 0, out);
      from = end < 0 ? chunk.length : end + 1;
    }
    return Buffer.concat(out);
  }

  /** The file has ended: a last line without line feed counts. */
  end(): Buffer {
    const out: Buffer[] = [];
    if (this.#pendingBytes > 0 || this.#long !== undefined) this.#take(EMPTY, true, out);
    return Buffer.concat(out);
  }

  #take(piece: Buffer, ends: boolean, out: Buffer[]): void {
    if (!ends && this.#pendingBytes + piece.length <= MAX_LINE_BYTES && this.#long === undefined) {
      // A copy: the chunk it is a part of is used again.
      if (piece.length > 0) this.#pending.push(Buffer.from(piece));
      this.#pendingBytes += piece.length;
      return;
    }
    const whole = this.#pending.length > 0 ? Buffer.concat([...this.#pending, piece]) : piece;
    const long = this.#long;
    this.#clear();
    if (this.#skip > 0) {
      if (ends) this.#skip -= 1;
      else this.#long = null;
      return;
    }
    const head = long === undefined ? parseLine(whole) : long?.head;
    if (!ends) this.#long = head ? (long ?? { head, full: isFull(head) }) : null;
    if (!head) return;
    const content = long ? (ends && long.full ? Buffer.concat([whole, LINE_END]) : whole) : head.content;
    this.#write({ ...head, content: ends || long || !isFull(head) ? content : content.subarray(0, -1) }, out);
  }

  #write(line: LogLine, out: Buffer[]): void {
    const nanos = stampNanos(line.stamp);
    const old =
      nanos === undefined ||
      (this.#sinceNanos !== undefined && nanos < this.#sinceNanos) ||
      (this.#afterNanos !== undefined && nanos <= this.#afterNanos);
    if (old) return;
    if (this.#lastNanos === undefined || nanos > this.#lastNanos) this.#lastNanos = nanos;
    if (this.#format.stream && line.stream !== this.#format.stream) return;
    const prefix = this.#format.timestamps && this.#atLineStart ? Buffer.from(`${paddedStamp(line.stamp)} `) : EMPTY;
    for (const part of [prefix, line.content]) {
      if (part.length === 0 || this.full) continue;
      const cut = part.length > this.#remainingBytes ? part.subarray(0, this.#remainingBytes) : part;
      this.#remainingBytes -= cut.length;
      out.push(cut);
    }
    this.#atLineStart = line.content.at(-1) === LINE_FEED;
  }

  #clear(): void {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#long = undefined;
  }
}

interface Long {
  readonly head: LogLine;
  /** A line feed is written at its end. */
  readonly full: boolean;
}

const isFull = (line: LogLine): boolean => line.content.at(-1) === LINE_FEED;
