/**
 * Deletes a directory that containers could write to. Every step goes through an open directory (`/proc/self/fd/N/name`
 * is what openat(2) is in C), so that no link put in the way in between is followed; and every directory has to be on
 * the mount of the first, which tells even a bind mount of the same file system.
 */
import { constants } from 'node:fs';
import { type FileHandle, lstat, open, opendir, readFile, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errorCode, isMissing } from './files.ts';

/** Each level holds a descriptor. Deeper directories are moved up first: a container can nest without limit. */
const MAX_DEPTH = 32;
const MAX_PASSES = 100_000;
const MOVED_PREFIX = '.deep-';

/** Deletes what is at `path`; a directory with all its content, `last` (a file in it) at the very end. */
export async function removeTree(path: string, last?: string): Promise<void> {
  const stats = await lstat(path).catch(ignoreMissing);
  if (!stats) return;
  if (!stats.isDirectory()) return unlink(path);
  const parent = await open(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const root = await openDirectory(path);
    try {
      await new Removal(root, await mountId(parent)).run(last);
    } finally {
      await root.close();
    }
  } finally {
    await parent.close();
  }
  if (last !== undefined) await unlink(`${path}/${last}`).catch(ignoreMissing);
  await rmdir(path);
}

class Removal {
  readonly #root: FileHandle;
  readonly #mountId: string;
  #moved = 0;
  /** Something was deleted or moved in this pass. */
  #progress = false;

  constructor(root: FileHandle, mountId: string) {
    this.#root = root;
    this.#mountId = mountId;
  }

  /** A directory that changes while it is read may hide entries: passes go on until one finds nothing. */
  async run(last: string | undefined): Promise<void> {
    for (let pass = 0; pass < MAX_PASSES; pass += 1) {
      this.#progress = false;
      if ((await this.#clear(this.#root, 1, last)) === 0) return;
      if (!this.#progress) throw new Error('the directory fills up again while it is being deleted');
    }
    throw new Error('the directory is nested too deeply to be deleted at once; deleting goes on at the next try');
  }

  /** Returns how many entries were found. */
  async #clear(directory: FileHandle, depth: number, except?: string): Promise<number> {
    if ((await mountId(directory)) !== this.#mountId)
      throw new Error('a file system is mounted inside: unmount it first, nothing behind it was deleted');
    let found = 0;
    // Latin-1 keeps every byte of names that are not UTF-8.
    for await (const entry of await opendir(pathOf(directory), { encoding: 'latin1' })) {
      if (entry.name === except) continue;
      found += 1;
      const path = Buffer.from(`${pathOf(directory)}/${entry.name}`, 'latin1');
      if (!entry.isDirectory()) await unlink(path).catch(ignoreMissing);
      else if (depth === MAX_DEPTH) await this.#moveUp(path);
      else await this.#removeDirectory(path, depth);
      this.#progress = true;
    }
    return found;
  }

  async #removeDirectory(path: Buffer, depth: number): Promise<void> {
    const directory = await openDirectory(path).catch(ignoreMissing);
    if (!directory) return;
    try {
      await this.#clear(directory, depth + 1);
    } finally {
      await directory.close();
    }
    await rmdir(path).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOTEMPTY') ignoreMissing(error);
    });
  }

  async #moveUp(path: Buffer): Promise<void> {
    for (;;) {
      this.#moved += 1;
      try {
        return await rename(path, `${pathOf(this.#root)}/${MOVED_PREFIX}${this.#moved}`);
      } catch (error) {
        // A container may have used the very name.
        if (!['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
      }
    }
  }
}

const pathOf = (directory: FileHandle): string => `/proc/self/fd/${directory.fd}`;

function openDirectory(path: string | Buffer): Promise<FileHandle> {
  return open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
}

async function mountId(directory: FileHandle): Promise<string> {
  const text = await readFile(`/proc/self/fdinfo/${directory.fd}`, 'utf8');
  const id = /^mnt_id:\s*(\d+)$/m.exec(text)?.[1];
  if (id === undefined) throw new Error('the kernel does not tell which mount a directory is on');
  return id;
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}
