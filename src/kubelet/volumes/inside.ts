/**
 * Finds things below a directory that containers can write to, without ever leaving it. Every step goes through the open
 * directory above it (`/proc/self/fd/N/name` is what openat(2) is in C) and follows no link by itself: links are read and
 * walked here, and one that leads out is an error (pkg/volume/util/subpath/subpath_linux.go).
 */
import { constants } from 'node:fs';
import { chmod, type FileHandle, mkdir, open, readlink, realpath } from 'node:fs/promises';
import { errorCode, isMissing } from './files.ts';

/** open(2): names a file without opening it, so that neither a fifo blocks nor a device acts. Not among Node's constants. */
const O_PATH = 0o10000000;
const WALK = O_PATH | constants.O_NOFOLLOW;
const MAX_LINKS = 40;
/** Each level holds a descriptor. */
const MAX_DEPTH = 128;

export interface InsideOptions {
  /** Makes directories that are missing, with this mode. */
  createMode?: number;
  /** What nothing may lead out of, for messages. */
  what?: string;
}

/**
 * A handle of what is at `path` below `root`; good for stat(), and for opening or mounting it by `pathOf`. The caller
 * closes it. Throws when `path` leads outside, and ENOENT when there is nothing.
 */
export async function openInside(root: string, path: string, options: InsideOptions = {}): Promise<FileHandle> {
  const realRoot = await realpath(root);
  const trail = [await open(realRoot, O_PATH)];
  try {
    await walk(trail, realRoot, path, options);
    return trail.pop() as FileHandle;
  } finally {
    for (const handle of trail) await handle.close();
  }
}

/** Leads to exactly what the handle holds, whatever happens to its name. For this process. */
export const pathOf = (handle: FileHandle): string => `/proc/self/fd/${handle.fd}`;

/** `trail` holds the directories from the root to the current one. */
async function walk(trail: FileHandle[], realRoot: string, path: string, options: InsideOptions): Promise<void> {
  const todo = partsOf(path).reverse();
  let links = 0;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === '..') {
      if (trail.length === 1) throw outside(path, options);
      await trail.pop()?.close();
      continue;
    }
    if (trail.length > MAX_DEPTH) throw new Error(`${path} is more than ${MAX_DEPTH} directories deep`);
    const at = `${pathOf(trail.at(-1) as FileHandle)}/${name}`;
    const next = await step(at, name, options);
    if (!(await next.stat()).isSymbolicLink()) {
      trail.push(next);
      continue;
    }
    await next.close();
    links += 1;
    if (links > MAX_LINKS) throw new Error(`${path} leads through more than ${MAX_LINKS} links`);
    const target = await readlink(at);
    if (target.startsWith('/')) {
      if (target !== realRoot && !target.startsWith(`${realRoot}/`)) throw outside(path, options);
      while (trail.length > 1) await trail.pop()?.close();
      todo.push(...partsOf(target.slice(realRoot.length)).reverse());
    } else todo.push(...partsOf(target).reverse());
  }
}

async function step(at: string, name: string, { createMode }: InsideOptions): Promise<FileHandle> {
  try {
    return await open(at, WALK);
  } catch (error) {
    if (errorCode(error) === 'ENOTDIR') throw new Error(`what is above ${name} is not a directory`, { cause: error });
    if (!isMissing(error) || createMode === undefined) throw error;
  }
  await mkdir(at).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
  const made = await open(at, WALK | constants.O_DIRECTORY);
  // Whatever the umask. Through the handle: somebody may have put something else in its place.
  await chmod(pathOf(made), createMode);
  return made;
}

const partsOf = (path: string): string[] => path.split('/').filter((part) => part !== '' && part !== '.');

const outside = (path: string, { what = 'the volume' }: InsideOptions) => new Error(`${path} leads out of ${what}`);
