import type { FileHandle } from 'node:fs/promises';
import type { Env } from '../env.ts';
import { LogChanges } from './changes.ts';
import { currentLog, type LogPart, type LogPlace, logParts, openLogFile } from './files.ts';
import { type LogFormat, LogFormatter } from './format.ts';
import { gunzipped, type OpenPart, tailStart } from './tail.ts';

export interface LogOptions extends LogFormat, LogPlace {
  readonly env: Env;
  /** Only so many of the last lines of the files; a long line of the container may be several of them. */
  readonly tailLines?: number;
  /** Go on with what is written from now on, as long as `isRunning` says so; it is asked at most once a second. */
  readonly follow?: { readonly isRunning: () => boolean | Promise<boolean> };
  /** Ends it at once. */
  readonly signal?: AbortSignal;
}

const CHUNK_BYTES = 64 * 1024;
/** How often a followed container is asked about. */
const ASK_MS = 1000;
/** Old parts change no more: when they were last written tells what is not needed of them. */
const CLOCK_SLACK_MS = 5000;

interface Part extends OpenPart {
  readonly inode: number;
}

/**
 * A container's log across all its parts, compressed or not, in the order in which it was written. Memory is bounded
 * whatever the size, and nothing is read before it is asked for. No log at all reads as an empty one. Rejects when a
 * part cannot be read.
 */
export async function* openLog(options: LogOptions): AsyncGenerator<Buffer> {
  const reader = new Reader(options);
  try {
    yield* reader.run();
  } finally {
    await reader.close();
  }
}

class Reader {
  readonly #o: LogOptions;
  readonly #formatter: LogFormatter;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);
  readonly #open = new Set<FileHandle>();

  constructor(options: LogOptions) {
    this.#o = options;
    this.#formatter = new LogFormatter(options);
  }

  async close(): Promise<void> {
    for (const handle of this.#open) await handle.close();
    this.#open.clear();
  }

  get #ended(): boolean {
    return this.#formatter.full || this.#o.signal?.aborted === true;
  }

  async *run(): AsyncGenerator<Buffer> {
    const { follow, tailLines, sinceMs } = this.#o;
    // All are opened before any is read, so that rotation takes nothing away.
    const parts = await this.#openParts(await logParts(this.#o), sinceMs);
    const start = tailLines === undefined ? { part: 0, offset: 0, skipLines: 0 } : await tailStart(parts, tailLines);
    const last = parts.at(-1);
    let offset = last?.sizeBytes ?? 0;
    const current = follow && last && !last.gzipped ? last : undefined;
    for (const [index, part] of parts.entries()) {
      if (index >= start.part && !this.#ended) {
        if (index === start.part) this.#formatter.skip(start.skipLines);
        offset = yield* this.#read(part, index === start.part ? start.offset : 0);
        if (part !== current) yield* this.#out(this.#formatter.end());
      }
      if (part !== current) await this.#close(part);
    }
    if (follow) yield* this.#follow(current, offset, follow.isRunning);
  }

  /** Until the container has ended and everything it wrote has been read. */
  async *#follow(
    begun: Part | undefined,
    begunAt: number,
    isRunning: () => boolean | Promise<boolean>,
  ): AsyncGenerator<Buffer> {
    const changes = new LogChanges(this.#o.env, this.#o.directory);
    try {
      yield* this.#followWith(changes, begun, begunAt, isRunning);
    } finally {
      changes.close();
    }
  }

  async *#followWith(
    changes: LogChanges,
    begun: Part | undefined,
    begunAt: number,
    isRunning: () => boolean | Promise<boolean>,
  ): AsyncGenerator<Buffer> {
    const { env, signal } = this.#o;
    let part = begun;
    let offset = begunAt;
    let running = true;
    let askedMs = Number.NEGATIVE_INFINITY;
    while (!this.#ended) {
      if (part) offset = yield* this.#read(part, offset);
      const next = await this.#successor(part);
      if (next) {
        // What was written between the last look and the change of files.
        if (part) yield* this.#rest(part, offset);
        [part, offset] = [yield* this.#catchUp(part, next), 0];
        continue;
      }
      if (!running) break;
      if (env.monotonicMs() - askedMs >= ASK_MS) {
        running = await isRunning();
        askedMs = env.monotonicMs();
      }
      if (running) await changes.next(signal);
    }
    if (!this.#ended) yield* this.#out(this.#formatter.end());
  }

  /** The file that is being written now, when it is another one than `part`. */
  async #successor(part: Part | undefined): Promise<Part | undefined> {
    const next = await this.#openPart({ path: currentLog(this.#o), stamp: '', gzipped: false });
    if (!next || next.inode !== part?.inode) return next;
    await this.#close(next);
    return undefined;
  }

  async *#rest(part: Part, offset: number): AsyncGenerator<Buffer> {
    yield* this.#read(part, offset);
    yield* this.#out(this.#formatter.end());
    await this.#close(part);
  }

  /** What was rotated between `former` and `next`: a reader may be slower than the writer. Returns the part to go on with. */
  async *#catchUp(former: Part | undefined, next: Part): AsyncGenerator<Buffer, Part> {
    const rotated = (await logParts(this.#o)).filter((part) => part.stamp !== '');
    const parts = await this.#openParts(rotated);
    const from = parts.findIndex((part) => part.inode === former?.inode);
    // The former one may be compressed by now: where to go on is found by the times in the lines.
    if (from < 0) this.#formatter.resume();
    for (const [index, part] of parts.entries()) {
      if (index > from) {
        yield* this.#read(part, 0);
        yield* this.#out(this.#formatter.end());
      }
      await this.#close(part);
    }
    return next;
  }

  /** From `offset` to the end as it is now; returns where that is. */
  async *#read(part: Part, offset: number): AsyncGenerator<Buffer, number> {
    if (part.gzipped) {
      for await (const chunk of gunzipped(part.handle)) {
        yield* this.#out(this.#formatter.push(chunk));
        if (this.#ended) break;
      }
      return 0;
    }
    // Cut by somebody who copies and truncates.
    let at = (await part.handle.stat()).size < offset ? 0 : offset;
    while (!this.#ended) {
      const { bytesRead } = await part.handle.read(this.#buffer, 0, CHUNK_BYTES, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      yield* this.#out(this.#formatter.push(this.#buffer.subarray(0, bytesRead)));
    }
    return at;
  }

  *#out(bytes: Buffer): Generator<Buffer> {
    if (bytes.length > 0) yield bytes;
  }

  async #openParts(parts: readonly LogPart[], sinceMs = Number.NEGATIVE_INFINITY): Promise<Part[]> {
    const opened: Part[] = [];
    for (const part of parts) {
      const one = await this.#openPart(part, part.stamp === '' ? undefined : sinceMs);
      if (one) opened.push(one);
    }
    return opened;
  }

  /** Undefined when it is gone, or was last written before `sinceMs`. */
  async #openPart({ path, gzipped }: LogPart, sinceMs = Number.NEGATIVE_INFINITY): Promise<Part | undefined> {
    const handle = await openLogFile(path);
    if (!handle) return undefined;
    this.#open.add(handle);
    const { size, ino, mtimeMs } = await handle.stat();
    const part = { handle, gzipped, sizeBytes: size, inode: ino };
    if (mtimeMs >= sinceMs - CLOCK_SLACK_MS) return part;
    await this.#close(part);
    return undefined;
  }

  async #close({ handle }: Part): Promise<void> {
    if (this.#open.delete(handle)) await handle.close();
  }
}
