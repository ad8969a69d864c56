/** `fsGroup`: gives a volume to a group of its Pod (pkg/volume/volume_linux.go). */
import { constants, type Stats } from 'node:fs';
import { chmod, chown, type FileHandle, lchown, open, opendir } from 'node:fs/promises';
import type { Pod } from '../types.ts';
import { isMissing } from './files.ts';
import { pathOf } from './inside.ts';

const O_PATH = 0o10000000;
const SET_GID = 0o2000;
const FILE_BITS = 0o660;
const DIRECTORY_BITS = SET_GID | FILE_BITS | 0o110;
/** Each level holds a descriptor. */
const MAX_DEPTH = 128;

/** The group that owns the Pod's volumes; undefined: they stay as they are. */
export const fsGroup = (pod: Pod): number | undefined => pod.spec.securityContext?.fsGroup;

/**
 * Gives everything below `root` (no links in it) to the Pod's group, for reading and writing, the directories with the
 * set-gid bit; the root last, so that it tells whether all is done. With `OnRootMismatch` a root that is right already
 * is taken for that. Links are not followed.
 */
export async function giveToGroup(root: string, pod: Pod): Promise<void> {
  const group = fsGroup(pod);
  if (group === undefined) return;
  const directory = await open(root, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const stats = await directory.stat();
    const right = stats.gid === group && (stats.mode & DIRECTORY_BITS) === DIRECTORY_BITS;
    if (right && pod.spec.securityContext?.fsGroupChangePolicy === 'OnRootMismatch') return;
    await giveDirectory(directory, group, 1);
  } finally {
    await directory.close();
  }
}

async function giveDirectory(directory: FileHandle, group: number, depth: number): Promise<void> {
  if (depth > MAX_DEPTH) throw new Error(`directories are nested more than ${MAX_DEPTH} deep`);
  // Latin-1 keeps every byte of names that are not UTF-8.
  for await (const { name } of await opendir(pathOf(directory), { encoding: 'latin1' })) {
    const path = Buffer.from(`${pathOf(directory)}/${name}`, 'latin1');
    const entry = await open(path, O_PATH | constants.O_NOFOLLOW).catch(ignoreMissing);
    if (!entry) continue;
    try {
      const stats = await entry.stat();
      if (stats.isDirectory()) await giveBelow(entry, group, depth);
      else if (stats.isSymbolicLink()) await lchown(path, -1, group).catch(ignoreMissing);
      else await give(entry, stats, group, FILE_BITS);
    } finally {
      await entry.close();
    }
  }
  await give(directory, await directory.stat(), group, DIRECTORY_BITS);
}

/** A handle that only names a directory cannot list it. */
async function giveBelow(named: FileHandle, group: number, depth: number): Promise<void> {
  const directory = await open(pathOf(named), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await giveDirectory(directory, group, depth + 1);
  } finally {
    await directory.close();
  }
}

/** The mode after the owner: a change of owner takes set-id bits away. */
async function give(handle: FileHandle, stats: Stats, group: number, bits: number): Promise<void> {
  const path = pathOf(handle);
  if (stats.gid !== group) await chown(path, -1, group);
  const mode = stats.mode & 0o7777;
  if ((mode | bits) !== mode || stats.gid !== group) await chmod(path, mode | bits);
}

function ignoreMissing(error: unknown): undefined {
  if (!isMissing(error)) throw error;
  return undefined;
}
