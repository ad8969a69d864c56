/**
 * Files that change all at once (pkg/volume/util/atomic_writer.go). A container sees the old content or the new one,
 * never a mixture:
 *
 *   <volume>/..2026_01_31_12_00_00.123456/password     the content
 *   <volume>/..data → ..2026_01_31_12_00_00.123456     replaced by a rename
 *   <volume>/password → ..data/password                what containers name
 *
 * There is no record of what is done: what is found is compared, completed and cleared up.
 */
import {
  chmod,
  chown,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isMissing } from './files.ts';
import type { Payload, PayloadFile } from './payload.ts';

const DATA = '..data';
const DRAFT = '..data_tmp';
/** With a group, files are readable to it and directories, too. */
const GROUP_FILE_BITS = 0o440;
const GROUP_DIRECTORY_BITS = 0o2550;
const DIRECTORY_MODE = 0o755;

export interface PayloadWriteOptions {
  /** Owns the files with root; undefined: root's own. */
  group: number | undefined;
  /** Another one for each call, fit for a file name; begins with the time. */
  stamp: string;
}

/** Makes the content of `directory` equal to `payload`. Idempotent; nothing is touched when it is equal already. */
export async function writePayload(directory: string, payload: Payload, options: PayloadWriteOptions): Promise<void> {
  const files = new Map([...payload].map(([path, file]) => [path, withGroup(file, options.group)]));
  const before = await currentName(directory);
  if (before === undefined || !(await isEqual(join(directory, before), files))) {
    const name = `..${options.stamp}`;
    try {
      await writeAll(join(directory, name), files, options.group);
    } catch (error) {
      // Each further try would leave one more on a full disk, and take what room there comes to be.
      await rm(join(directory, name), { recursive: true, force: true }).catch(() => {});
      throw error;
    }
    await rm(join(directory, DRAFT), { force: true });
    await symlink(name, join(directory, DRAFT));
    await rename(join(directory, DRAFT), join(directory, DATA));
  }
  await link(directory, files);
  await clear(directory, files);
}

/** Whether a payload was ever completed here. */
export async function hasPayload(directory: string): Promise<boolean> {
  return (await currentName(directory)) !== undefined;
}

async function currentName(directory: string): Promise<string | undefined> {
  try {
    return await readlink(join(directory, DATA));
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function withGroup({ data, mode }: PayloadFile, group: number | undefined): PayloadFile {
  return { data, mode: group === undefined ? mode : mode | GROUP_FILE_BITS };
}

async function isEqual(directory: string, files: Payload): Promise<boolean> {
  const present = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  const paths = present.filter((entry) => !entry.isDirectory());
  if (paths.length !== files.size) return false;
  for (const [path, { data, mode }] of files) {
    try {
      const full = join(directory, path);
      if (((await stat(full)).mode & 0o777) !== mode || !(await readFile(full)).equals(data)) return false;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  }
  return true;
}

async function writeAll(directory: string, files: Payload, group: number | undefined): Promise<void> {
  await makeOwned(directory, group);
  const made = new Set<string>(['.']);
  for (const [path, { data, mode }] of files) {
    for (const parent of parentsOf(path)) {
      if (made.has(parent)) continue;
      made.add(parent);
      await makeOwned(join(directory, parent), group);
    }
    const full = join(directory, path);
    await writeFile(full, data, { mode: 0o600, flag: 'wx' });
    if (group !== undefined) await chown(full, 0, group);
    await chmod(full, mode);
  }
}

async function makeOwned(directory: string, group: number | undefined): Promise<void> {
  await mkdir(directory);
  if (group !== undefined) await chown(directory, 0, group);
  await chmod(directory, group === undefined ? DIRECTORY_MODE : DIRECTORY_MODE | GROUP_DIRECTORY_BITS);
}

/** `a/b/c` → `a`, `a/b`. */
function parentsOf(path: string): string[] {
  const parent = dirname(path);
  return parent === '.' ? [] : [...parentsOf(parent), parent];
}

const firstPart = (path: string): string => path.split('/')[0] as string;

/** The names that containers use; they stay the same over changes. */
async function link(directory: string, files: Payload): Promise<void> {
  for (const name of new Set([...files.keys()].map(firstPart))) {
    await symlink(join(DATA, name), join(directory, name)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** Names that are gone, former content, and what an interrupted write left. */
async function clear(directory: string, files: Payload): Promise<void> {
  const current = await currentName(directory);
  const wanted = new Set<string | undefined>([DATA, current, ...[...files.keys()].map(firstPart)]);
  for (const name of await readdir(directory)) {
    if (!wanted.has(name)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
