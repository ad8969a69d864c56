/** Where the last lines of a log begin, found without reading what comes before them. */
import type { FileHandle } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';

const BLOCK_BYTES = 64 * 1024;
const LINE_FEED = 0x0a;

/** An opened part of a log, to be read up to `sizeBytes` at least. */
export interface OpenPart {
  readonly handle: FileHandle;
  readonly gzipped: boolean;
  readonly sizeBytes: number;
}

export interface TailStart {
  /** Index of the part to begin with; the number of parts when nothing is wanted. */
  readonly part: number;
  /** Where to begin in it. */
  readonly offset: number;
  /** Lines to leave out of it: a compressed part can only be read from its beginning. */
  readonly skipLines: number;
}

/** Where the last `lines` lines of the parts together begin; at the beginning when there are fewer. Oldest part first. */
export async function tailStart(parts: readonly OpenPart[], lines: number): Promise<TailStart> {
  let wanted = lines;
  for (let index = parts.length - 1; index >= 0 && wanted > 0; index -= 1) {
    const part = parts[index] as OpenPart;
    if (part.gzipped) {
      const count = await countLines(part);
      if (count >= wanted) return { part: index, offset: 0, skipLines: count - wanted };
      wanted -= count;
    } else {
      const { offset, found } = await lastLines(part, wanted);
      if (found === wanted) return { part: index, offset, skipLines: 0 };
      wanted -= found;
    }
  }
  return { part: wanted > 0 ? 0 : parts.length, offset: 0, skipLines: 0 };
}

/** Reads backwards, block by block. */
async function lastLines({ handle, sizeBytes }: OpenPart, wanted: number): Promise<{ offset: number; found: number }> {
  const buffer = Buffer.allocUnsafe(BLOCK_BYTES);
  let found = 0;
  for (let end = sizeBytes; end > 0; ) {
    const begin = Math.max(0, end - BLOCK_BYTES);
    const { bytesRead } = await handle.read(buffer, 0, end - begin, begin);
    const block = buffer.subarray(0, bytesRead);
    // The line feed at the very end ends the last line, and begins none.
    let from = end === sizeBytes && block.at(-1) === LINE_FEED ? block.length - 2 : block.length - 1;
    for (; from >= 0; from -= 1) {
      from = block.lastIndexOf(LINE_FEED, from);
      if (from < 0) break;
      found += 1;
      if (found === wanted) return { offset: begin + from + 1, found };
    }
    end = begin;
  }
  return { offset: 0, found: sizeBytes > 0 ? found + 1 : 0 };
}

async function countLines({ handle }: OpenPart): Promise<number> {
  let count = 0;
  let last = LINE_FEED;
  for await (const chunk of gunzipped(handle)) {
    for (let at = chunk.indexOf(LINE_FEED); at >= 0; at = chunk.indexOf(LINE_FEED, at + 1)) count += 1;
    last = chunk.at(-1) ?? last;
  }
  return last === LINE_FEED ? count : count + 1;
}

/** The content of a compressed part, from its beginning. The handle stays open. */
export async function* gunzipped(handle: FileHandle): AsyncGenerator<Buffer> {
  const source = Readable.from(blocks(handle));
  const gunzip = createGunzip();
  source.on('error', (error) => gunzip.destroy(error));
  try {
    for await (const chunk of source.pipe(gunzip)) yield chunk as Buffer;
  } finally {
    gunzip.destroy();
    source.destroy();
  }
}

/** Not a stream of the handle's own: that one closes it. */
async function* blocks(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let at = 0; ; ) {
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(BLOCK_BYTES), 0, BLOCK_BYTES, at);
    if (bytesRead === 0) return;
    at += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
