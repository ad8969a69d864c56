/** hostPath (pkg/volume/hostpath/host_path.go): a path of the machine, checked for its type and otherwise left alone. */
import { constants, type Stats } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import type { PreparedVolume } from '../host.ts';
import { isMissing } from './files.ts';
import type { VolumeInput, VolumeKind } from './kinds.ts';

interface PathType {
  /** Completes `is not a …`. */
  description: string;
  matches(stats: Stats): boolean;
  /** Makes it when nothing is there. */
  create?(path: string): Promise<unknown>;
}

const directory = { description: 'directory', matches: (stats: Stats) => stats.isDirectory() };
const file = { description: 'file', matches: (stats: Stats) => stats.isFile() };

const types: Readonly<Record<string, PathType>> = {
  Directory: directory,
  DirectoryOrCreate: { ...directory, create: (path) => mkdir(path, { recursive: true, mode: 0o755 }) },
  File: file,
  FileOrCreate: { ...file, create: createFile },
  Socket: { description: 'socket file', matches: (stats) => stats.isSocket() },
  CharDevice: { description: 'character device', matches: (stats) => stats.isCharacterDevice() },
  BlockDevice: { description: 'block device', matches: (stats) => stats.isBlockDevice() },
};

export const hostPath: VolumeKind = { prepare };

async function prepare({ volume }: VolumeInput): Promise<PreparedVolume> {
  const { path = '', type = '' } = volume.hostPath ?? {};
  if (path.split('/').includes('..')) throw new Error(`invalid HostPath \`${path}\`: must not contain '..'`);
  // Without a type nothing is checked or made: a missing path is the runtime's to judge.
  if (type !== '') await check(path, type);
  return { hostPath: path, readOnly: false, selinuxRelabel: false };
}

async function check(path: string, name: string): Promise<void> {
  const type = Object.hasOwn(types, name) ? types[name] : undefined;
  if (!type) throw new Error(`${name} is an invalid volume type`);
  let stats = await followedStat(path);
  if (!stats && type.create) {
    await type.create(path);
    stats = await followedStat(path);
  }
  if (!stats || !type.matches(stats))
    throw new Error(`hostPath type check failed: ${path} is not a ${type.description}`);
}

async function followedStat(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function createFile(path: string): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_NONBLOCK, 0o644);
  await handle.close();
}
