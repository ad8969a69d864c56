/**
 * Files of procfs and the cgroup file system. They come from memory and never wait for a disk, so that they are read at
 * once: through the thread pool each of the hundreds that a scrape needs would cost ten times as much.
 */
import { closeSync, openSync, readSync } from 'node:fs';

/** Enough for thousands of lines; what is longer is cut. */
const MAX_BYTES = 256 * 1024;
const buffer = Buffer.alloc(MAX_BYTES);

/** Undefined when there is no such file, or it cannot be read. */
export function readKernelFile(path: string): string | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, 'r');
    let length = 0;
    for (let read = -1; read !== 0 && length < MAX_BYTES; length += read)
      read = readSync(file, buffer, length, MAX_BYTES - length, null);
    return buffer.toString('utf8', 0, length);
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
