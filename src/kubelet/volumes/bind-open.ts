/** Mounts of what is open: what has its name by now does not matter. */
import { constants } from 'node:fs';
import { type FileHandle, open, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { makeDirectory, statOf } from './files.ts';
import { mountedAt, unmount } from './mounts.ts';

/**
 * Binds exactly what `part` holds to `target`, which has no links in it, by `bind` (from mounts.ts). Idempotent: something
 * else that is bound there gives way.
 */
export async function bindOpen(
  part: FileHandle,
  target: string,
  bind: (source: string, target: string) => Promise<void>,
): Promise<void> {
  const { dev, ino } = await part.stat({ bigint: true });
  const same = async () => {
    const there = await stat(target, { bigint: true });
    return there.dev === dev && there.ino === ino;
  };
  while (await mountedAt(target)) {
    if (await same()) return;
    await unmount(target);
  }
  await makeTarget(target, (await part.stat()).isDirectory());
  // Seen by mount(8), another process: its own descriptors are others.
  await bind(`/proc/${process.pid}/fd/${part.fd}`, target);
  if (await same()) return;
  await unmount(target);
  throw new Error('something else was mounted than was found');
}

async function makeTarget(target: string, directory: boolean): Promise<void> {
  await makeDirectory(dirname(target), 0o750);
  const present = await statOf(target);
  if (present && present.isDirectory() !== directory) await (present.isDirectory() ? rmdir(target) : unlink(target));
  if (directory) return makeDirectory(target, 0o750);
  const file = await open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o640);
  await file.close();
}
