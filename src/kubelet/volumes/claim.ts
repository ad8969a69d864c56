/**
 * persistentVolumeClaim: a directory of this machine that outlives the Pod, or what the PersistentVolume says that the
 * claim names.
 *
 *   <root>/volumes/<namespace>/<claim>     made when it is first used, never deleted
 *
 * It is bound into the Pod's directory: a mount there tells that the volume is ready, and removing the Pod removes the
 * mount and nothing behind it.
 */
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { documentKey, notFoundText, type VolumeLocation } from '../documents.ts';
import type { PreparedVolume } from '../host.ts';
import { ALL_ALLOWED } from '../policy.ts';
import * as paths from '../sandbox/paths.ts';
import { isMissing, makeDirectories, makeDirectory } from './files.ts';
import { giveToGroup } from './group.ts';
import { atHostPath, hostPath } from './host-path.ts';
import type { VolumeInput, VolumeKind } from './kinds.ts';
import { bindMount, mountedAt } from './mounts.ts';
import { mountNfs } from './nfs.ts';

/** As an emptyDir: whoever runs in the container may write. */
const MODE = 0o777;

export const persistentVolumeClaim: VolumeKind = { prepare };

async function prepare(input: VolumeInput): Promise<PreparedVolume> {
  const { claimName = '', readOnly = false } = input.volume.persistentVolumeClaim ?? {};
  const { namespace } = input.pod.metadata;
  const claim = input.documents.get(documentKey('PersistentVolumeClaim', namespace, claimName));
  const target = input.directory('local-volume');
  // A running Pod keeps what it has, whatever becomes of the documents.
  const ready = { hostPath: target, readOnly, selinuxRelabel: true };
  if (await mountedAt(target)) return ready;
  if (!claim) throw new Error(notFoundText('PersistentVolumeClaim', claimName));
  if (claim.volumeName === undefined) {
    await bind(await ownDirectory(input, claimName), target, input, readOnly);
    return ready;
  }
  const volume = input.documents.get(documentKey('PersistentVolume', '', claim.volumeName));
  if (!volume?.location) throw new Error(notFoundText('PersistentVolume', claim.volumeName));
  return atLocation(volume.location, target, input, readOnly);
}

async function atLocation(
  { hostPath: path, local, nfs }: VolumeLocation,
  target: string,
  input: VolumeInput,
  readOnly: boolean,
): Promise<PreparedVolume> {
  if (path)
    return { ...(await hostPath.prepare({ ...input, volume: { name: input.volume.name, hostPath: path } })), readOnly };
  if (nfs) {
    await mountNfs(nfs, target);
    return { hostPath: target, readOnly: readOnly || nfs.readOnly === true, selinuxRelabel: false };
  }
  const source = local?.path ?? '';
  if (!(input.node.policy ?? ALL_ALLOWED).allowedHostPaths.includes('/'))
    return { ...(await atHostPath(source, 'Directory', input)), readOnly };
  const stats = await stat(source).catch((error: unknown) => {
    throw isMissing(error) ? new Error(`path "${source}" does not exist`, { cause: error }) : error;
  });
  if (!stats.isDirectory()) throw new Error(`path "${source}" is not a directory`);
  await bind(await realpath(source), target, input, readOnly);
  return { hostPath: target, readOnly, selinuxRelabel: false };
}

async function ownDirectory({ node, pod }: VolumeInput, claimName: string): Promise<string> {
  const { namespace } = pod.metadata;
  if (!paths.isPathPart(claimName)) throw new Error(`${JSON.stringify(claimName)} cannot be the name of a directory`);
  const directory = paths.claimDirectory(node.rootDir, namespace, claimName);
  await makeDirectory(join(directory, '..'), 0o750);
  await makeDirectory(directory, MODE);
  return realpath(directory);
}

/** The group owns it before it is bound: what is mounted is ready. */
async function bind(source: string, target: string, { pod }: VolumeInput, readOnly: boolean): Promise<void> {
  if (!readOnly) await giveToGroup(source, pod);
  await makeDirectories(target, 0o750);
  await bindMount(source, target);
}
