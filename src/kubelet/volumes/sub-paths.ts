/**
 * Parts of volumes for `subPath`, each bound to a path of its own (pkg/volume/util/subpath/subpath_linux.go):
 *
 *   <pod>/volume-subpaths/<volume>/<container>/<index of the mount>
 *
 * A container that is started again gets what is at the path then. Removing the Pod unmounts and deletes them.
 */
import { constants } from 'node:fs';
import { type FileHandle, open, rmdir, stat, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import type { SubPath } from '../container/sub-paths.ts';
import type { PreparedVolume } from '../host.ts';
import { isMissing, makeDirectory, statOf } from './files.ts';
import { openInside } from './inside.ts';
import { bindMount, mountedAt, unmount } from './mounts.ts';

/** `target` has no links in it. Idempotent. */
export async function bindSubPath(
  volume: PreparedVolume,
  { path, volume: name }: SubPath,
  target: string,
): Promise<void> {
  const part = await openPart(volume, path, name);
  try {
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
    await bindMount(`/proc/${process.pid}/fd/${part.fd}`, target);
    if (await same()) return;
    await unmount(target);
    throw new Error('something else was mounted than was found');
  } finally {
    await part.close();
  }
}

/** A directory that is missing is made like the volume's own; not in a volume that is written by nobody but us. */
async function openPart(volume: PreparedVolume, path: string, name: string): Promise<FileHandle> {
  if (volume.readOnly) {
    return openInside(volume.hostPath, path).catch((error: unknown) => {
      throw isMissing(error) ? new Error(`there is no ${path} in volume "${name}"`, { cause: error }) : error;
    });
  }
  const { mode } = await stat(volume.hostPath);
  return openInside(volume.hostPath, path, { createMode: mode & 0o7777 });
}

async function makeTarget(target: string, directory: boolean): Promise<void> {
  await makeDirectory(dirname(target), 0o750);
  const present = await statOf(target);
  if (present && present.isDirectory() !== directory) await (present.isDirectory() ? rmdir(target) : unlink(target));
  if (directory) return makeDirectory(target, 0o750);
  const file = await open(target, constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o640);
  await file.close();
}
