/**
 * The volume kinds that can be mounted.
 *
 * To add one:
 * 1. a file here that exports a `VolumeKind`: `prepare` makes the volume or finds it made, without a "done" flag, so that
 *    doing it twice equals doing it once and a crash in between costs nothing;
 * 2. a row in `volumeKinds`, under the field name of the Pod's `volumes[]` entry;
 * 3. the manifest's validator has to let the kind pass.
 * Releasing needs no code: whatever is below the Pod's directory is unmounted and deleted with it. What is to outlive the
 * Pod is elsewhere, and bound there.
 */

import type { Documents } from '../documents.ts';
import type { PreparedVolume } from '../host.ts';
import type { Node } from '../node.ts';
import type { Pod, Volume } from '../types.ts';
import { persistentVolumeClaim } from './claim.ts';
import { emptyDir } from './empty-dir.ts';
import { configMap, downwardApi, projected, secret } from './followed.ts';
import { hostPath } from './host-path.ts';
import { image } from './image.ts';
import { nfs } from './nfs.ts';

export interface VolumeInput {
  pod: Pod;
  volume: Volume;
  node: Node;
  /** Where a volume of `plugin` lives, e.g. `…/pods/<uid>/volumes/kubernetes.io~empty-dir/cache`; no links in it. */
  directory: (plugin: string) => string;
  documents: Documents;
  /** A new name for something made now; begins with the time. */
  stamp: () => string;
  /** Tells of something that could not be brought up to date in a volume that works. */
  warn: (message: string) => void;
}

export interface VolumeKind {
  /** Idempotent. Throws an Error whose message completes `MountVolume.SetUp failed for volume "x" : `. */
  prepare(input: VolumeInput): Promise<PreparedVolume>;
}

const volumeKinds: Readonly<Partial<Record<keyof Volume, VolumeKind>>> = {
  configMap,
  downwardAPI: downwardApi,
  emptyDir,
  hostPath,
  image,
  nfs,
  persistentVolumeClaim,
  projected,
  secret,
};

/** Throws for a kind that is not in the table. */
export async function prepareVolume(input: VolumeInput): Promise<PreparedVolume> {
  const kinds = Object.entries(input.volume).filter(([key, value]) => key !== 'name' && value !== undefined);
  const kind = (kinds[0]?.[0] ?? 'emptyDir') as keyof Volume;
  const known = Object.hasOwn(volumeKinds, kind) ? volumeKinds[kind] : undefined;
  if (!known) throw new Error(`${kind} volumes are not supported; use one of ${Object.keys(volumeKinds).join(', ')}`);
  return known.prepare(input);
}
