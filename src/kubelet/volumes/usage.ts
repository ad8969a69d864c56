import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir } from 'node:fs/promises';
import { isMissing } from './files.ts';
import { pathOf } from './inside.ts';

/** Each level holds a descriptor; what is deeper is not counted. */
const MAX_DEPTH = 128;
const BLOCK_BYTES = 512;

/**
 * Bytes on disk of everything below `root` (no links in it), as du(1) counts: blocks, and a file of several names once.
 * Stops counting when it is more than `limitBytes`. Links are not followed. 0 when there is nothing.
 */
export async function usageBytes(root: string, limitBytes: number): Promise<number> {
  return (await countAll(root, limitBytes, Number.POSITIVE_INFINITY)).bytes;
}

/** Bytes on disk and files of everything below `root`, counted the same way; undefined when it has more than `maxFiles`. */
export async function usageOf(root: string, maxFiles: number): Promise<{ bytes: number; files: number } | undefined> {
  const { bytes, files } = await countAll(root, Number.POSITIVE_INFINITY, maxFiles);
  return files > maxFiles ? undefined : { bytes, files };
}

async function countAll(root: string, limitBytes: number, limitFiles: number): Promise<Count> {
  const count = { bytes: 0, limitBytes, files: 0, limitFiles, seen: new Set<bigint>() };
  const directory = await openDirectory(root);
  if (!directory) return count;
  try {
    await countBelow(directory, count, 1);
    return count;
  } finally {
    await directory.close();
  }
}

const isOver = ({ bytes, limitBytes, files, limitFiles }: Count) => bytes > limitBytes || files > limitFiles;

interface Count {
  bytes: number;
  readonly limitBytes: number;
  files: number;
  readonly limitFiles: number;
  /** Inodes of files with several names. */
  readonly seen: Set<bigint>;
}

async function countBelow(directory: FileHandle, count: Count, depth: number): Promise<void> {
  // Latin-1 keeps every byte of names that are not UTF-8.
  for await (const { name } of await opendir(pathOf(directory), { encoding: 'latin1' })) {
    const path = Buffer.from(`${pathOf(directory)}/${name}`, 'latin1');
    const stats = await lstat(path, { bigint: true }).catch(ignoreMissing);
    if (!stats || (stats.nlink > 1n && !stats.isDirectory() && count.seen.has(stats.ino))) continue;
    if (stats.nlink > 1n) count.seen.add(stats.ino);
    count.bytes += Number(stats.blocks) * BLOCK_BYTES;
    count.files += 1;
    if (isOver(count)) return;
    if (!stats.isDirectory() || depth === MAX_DEPTH) continue;
    const below = await openDirectory(path);
    if (!below) continue;
    try {
      await countBelow(below, count, depth + 1);
    } finally {
      await below.close();
    }
    if (isOver(count)) return;
  }
}

/** Undefined when it is gone, or no directory any more. */
async function openDirectory(path: string | Buffer): Promise<FileHandle | undefined> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}
