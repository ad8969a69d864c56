/** Small files of ours and of the system, read and written with limits. */
import { constants, type Stats } from 'node:fs';
import { chmod, type FileHandle, lstat, mkdir, open, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where a container might have put a link or a fifo: neither followed nor waited for. */
const WARY = constants.O_NOFOLLOW | constants.O_NONBLOCK;

export function errorCode(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code;
}

export const isMissing = (error: unknown): boolean => errorCode(error) === 'ENOENT';

/** Undefined when there is nothing at `path`. Links are not followed. */
export async function statOf(path: string): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** The whole file, also of kinds that tell no size (procfs). Throws when it is longer. */
export async function readLimited(path: string, limitBytes: number): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of file.createReadStream({ autoClose: false }) as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > limitBytes) throw new Error(`${path} is longer than ${limitBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    await file.close();
  }
}

/** The last bytes of a regular file, and whether that is all of it. Throws for anything but a regular file. */
export async function readEnd(path: string, limitBytes: number): Promise<{ bytes: Buffer; whole: boolean }> {
  return withRegularFile(path, constants.O_RDONLY, async (file, sizeBytes) => {
    const from = Math.max(0, sizeBytes - limitBytes);
    const buffer = Buffer.alloc(sizeBytes - from);
    const { bytesRead } = await file.read(buffer, 0, buffer.length, from);
    return { bytes: buffer.subarray(0, bytesRead), whole: from === 0 };
  });
}

/** Opens without following a link and without waiting for a fifo's other end. Throws for anything but a regular file. */
export async function withRegularFile<T>(
  path: string,
  flags: number,
  use: (file: FileHandle, sizeBytes: number) => Promise<T>,
): Promise<T> {
  const file = await open(path, flags | WARY, 0o600);
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Error(`${path} is not a regular file`);
    return await use(file, stats.size);
  } catch (error) {
    // What fails on an open file does not say on which.
    if (error instanceof Error && 'code' in error && !('path' in error)) error.message += ` '${path}'`;
    throw error;
  } finally {
    await file.close();
  }
}

/**
 * New content for a file that may be bind-mounted into containers: the same inode is kept, since a mount holds on to it.
 * Written over first and cut afterwards, so that a reader never finds it empty.
 */
export async function writeInPlace(path: string, content: Buffer, mode: number): Promise<void> {
  await withRegularFile(path, constants.O_RDWR | constants.O_CREAT, async (file, sizeBytes) => {
    await file.chmod(mode);
    if (sizeBytes === content.length) {
      const present = Buffer.alloc(sizeBytes);
      await file.read(present, 0, sizeBytes, 0);
      if (present.equals(content)) return;
    }
    // All of it or an error: of a full disk a single write tells by writing less.
    await file.writeFile(content);
    await file.truncate(content.length);
  });
}

/** New content at once or not at all. Not for files that are bind-mounted: the mount would keep the old one. */
export async function writeAtomically(path: string, content: string, mode: number): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.tmp`);
  try {
    await withRegularFile(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, async (file) => {
      await file.chmod(mode);
      await file.writeFile(content);
    });
    await rename(temporary, path);
  } catch (error) {
    // A draft that stays would take what room there is on a full disk.
    await unlink(temporary).catch(() => {});
    throw error;
  }
}

/** Makes the directory and those above it. A new one gets exactly `mode`, whatever the umask. */
export async function makeDirectory(path: string, mode: number): Promise<void> {
  if (await makeDirectories(path, mode)) await chmod(path, mode);
}

/**
 * Makes the directory and those above it; returns whether it was not there. Node's own `recursive` calls a file system
 * that is read-only, or broken, a directory that does not exist.
 */
export async function makeDirectories(path: string, mode = 0o777): Promise<boolean> {
  try {
    return await makeOne(path, mode);
  } catch (error) {
    if (!isMissing(error) || dirname(path) === path) throw error;
  }
  await makeDirectories(dirname(path), mode);
  return makeOne(path, mode);
}

async function makeOne(path: string, mode: number): Promise<boolean> {
  try {
    await mkdir(path, mode);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST' && (await stat(path)).isDirectory()) return false;
    throw error;
  }
}
