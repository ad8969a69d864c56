/**
 * hostPath (pkg/volume/hostpath/host_path.go): a path of the machine, checked for its type and otherwise left alone. Where
 * the owner of the machine allows some paths only, what is found without leaving them is bound into the Pod's directory:
 * whoever can write there cannot lead the runtime elsewhere with a link, not even at the last moment.
 */
import { constants, type Stats } from 'node:fs';
import { type FileHandle, mkdir, open, stat } from 'node:fs/promises';
import { basename, dirname, relative } from 'node:path';
import type { PreparedVolume } from '../host.ts';
import { hostPathRefusal } from '../manifest/rules/policy.ts';
import { ALL_ALLOWED, allowedRoot } from '../policy.ts';
import { bindOpen } from './bind-open.ts';
import { isMissing } from './files.ts';
import { openInside, pathOf } from './inside.ts';
import type { VolumeInput, VolumeKind } from './kinds.ts';
import { bindTree } from './mounts.ts';

interface PathType {
  /** Completes `is not a …`. */
  description: string;
  matches(stats: Stats): boolean;
  /** Makes it when nothing is there. */
  create?: 'directory' | 'file';
}

const DIRECTORY_MODE = 0o755;
const FILE_MODE = 0o644;

const directory = { description: 'directory', matches: (stats: Stats) => stats.isDirectory() };
const file = { description: 'file', matches: (stats: Stats) => stats.isFile() };

const types: Readonly<Record<string, PathType>> = {
  Directory: directory,
  DirectoryOrCreate: { ...directory, create: 'directory' },
  File: file,
  FileOrCreate: { ...file, create: 'file' },
  Socket: { description: 'socket file', matches: (stats) => stats.isSocket() },
  CharDevice: { description: 'character device', matches: (stats) => stats.isCharacterDevice() },
  BlockDevice: { description: 'block device', matches: (stats) => stats.isBlockDevice() },
};

export const hostPath: VolumeKind = { prepare };

async function prepare(input: VolumeInput): Promise<PreparedVolume> {
  const { path = '', type = '' } = input.volume.hostPath ?? {};
  if (path.split('/').includes('..')) throw new Error(`invalid HostPath \`${path}\`: must not contain '..'`);
  return atHostPath(path, type, input);
}

/** A path of the machine, wherever it was named: also that of a PersistentVolume. */
export async function atHostPath(path: string, type: string, input: VolumeInput): Promise<PreparedVolume> {
  const known = Object.hasOwn(types, type) ? types[type] : undefined;
  if (type !== '' && !known) throw new Error(`${type} is an invalid volume type`);
  const { allowedHostPaths } = input.node.policy ?? ALL_ALLOWED;
  if (!allowedHostPaths.includes('/'))
    return { ...(await bound(path, known, allowedHostPaths, input)), readOnly: false, selinuxRelabel: false };
  // Without a type nothing is checked or made: a missing path is the runtime's to judge.
  if (known) await check(path, known);
  return { hostPath: path, readOnly: false, selinuxRelabel: false };
}

async function check(path: string, type: PathType): Promise<void> {
  let stats = await followedStat(path);
  if (!stats && type.create) {
    if (type.create === 'directory') await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
    else await createFile(path, 0);
    stats = await followedStat(path);
  }
  if (!stats || !type.matches(stats)) throw wrongType(path, type);
}

async function bound(
  path: string,
  type: PathType | undefined,
  allowed: readonly string[],
  { directory: place }: VolumeInput,
): Promise<{ hostPath: string }> {
  const root = allowedRoot(path, allowed);
  if (root === undefined) throw new Error(hostPathRefusal(path, { allowedHostPaths: allowed }));
  const target = place('host-path');
  const part = await openAllowed(root, path, type);
  try {
    if (type && !type.matches(await part.stat())) throw wrongType(path, type);
    await bindOpen(part, target, bindTree);
  } finally {
    await part.close();
  }
  return { hostPath: target };
}

async function openAllowed(root: string, path: string, type: PathType | undefined): Promise<FileHandle> {
  const inside = relative(root, path);
  const what = `${root}, beyond which no hostPath is allowed on this machine (allowedHostPaths)`;
  try {
    return await openInside(root, inside, { what });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  // Without a type a directory is made, as runtimes do.
  if (!type || type.create === 'directory') return openInside(root, inside, { what, createMode: DIRECTORY_MODE });
  if (type.create !== 'file') throw wrongType(path, type);
  const above = await openInside(root, relative(root, dirname(path)), { what });
  try {
    await createFile(`${pathOf(above)}/${basename(path)}`, constants.O_NOFOLLOW);
  } finally {
    await above.close();
  }
  return openInside(root, inside, { what });
}

const wrongType = (path: string, { description }: PathType) =>
  new Error(`hostPath type check failed: ${path} is not a ${description}`);

async function followedStat(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function createFile(path: string, flags: number): Promise<void> {
  const handle = await open(path, flags | constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK, FILE_MODE);
  await handle.close();
}
