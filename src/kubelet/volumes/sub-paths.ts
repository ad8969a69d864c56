/**
 * Parts of volumes for `subPath`, each bound to a path of its own (pkg/volume/util/subpath/subpath_linux.go):
 *
 *   <pod>/volume-subpaths/<volume>/<container>/<index of the mount>
 *
 * A container that is started again gets what is at the path then. Removing the Pod unmounts and deletes them.
 */
import { type FileHandle, stat } from 'node:fs/promises';
import type { SubPath } from '../container/sub-paths.ts';
import type { PreparedVolume } from '../host.ts';
import { bindOpen } from './bind-open.ts';
import { isMissing } from './files.ts';
import { openInside } from './inside.ts';
import { bindMount } from './mounts.ts';

/** `target` has no links in it. Idempotent. */
export async function bindSubPath(
  volume: PreparedVolume,
  { path, volume: name }: SubPath,
  target: string,
): Promise<void> {
  const part = await openPart(volume, path, name);
  try {
    await bindOpen(part, target, bindMount);
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
