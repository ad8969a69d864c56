/** nfs (pkg/volume/nfs/nfs.go): mounted with the machine's own mount.nfs. Files stay as the server has them. */
import type { PreparedVolume } from '../host.ts';
import { makeDirectories } from './files.ts';
import type { VolumeInput, VolumeKind } from './kinds.ts';
import { mount, mountedAt } from './mounts.ts';

export const nfs: VolumeKind = { prepare };

async function prepare({ volume, directory }: VolumeInput): Promise<PreparedVolume> {
  const { server = '', path = '', readOnly = false } = volume.nfs ?? {};
  const target = directory('nfs');
  await mountNfs({ server, path, readOnly }, target);
  return { hostPath: target, readOnly, selinuxRelabel: false };
}

/** Idempotent. Throws with the text of mount(8). */
export async function mountNfs(
  source: { server: string; path: string; readOnly?: boolean },
  target: string,
): Promise<void> {
  if (await mountedAt(target)) return;
  await makeDirectories(target, 0o750);
  const server = source.server.includes(':') && !source.server.startsWith('[') ? `[${source.server}]` : source.server;
  await mount('nfs', target, source.readOnly ? ['ro'] : [], `${server}:${source.path}`);
}
