import { join } from 'node:path';
import { addQuantities } from '../manifest/quantity.ts';
import * as paths from '../sandbox/paths.ts';
import { bytesOf } from '../sandbox/quantities.ts';
import { podBytes } from '../sandbox/resources.ts';
import type { Pod, Volume } from '../types.ts';
import { PLUGIN as EMPTY_DIR, overgrown as volumeOvergrown } from './empty-dir.ts';
import { usageBytes } from './usage.ts';

const RESOURCE = 'ephemeral-storage';

/** Where a Pod writes what nobody keeps. */
export interface Scratch {
  readonly rootDir: string;
  readonly podLogsDir: string;
  /** Bytes that containers wrote into their own file systems, by name. */
  readonly written: ReadonlyMap<string, number>;
}

/** Which limit of the disk a Pod has outgrown, in the kubelet's words; undefined: none. */
export async function overgrown(pod: Pod, scratch: Scratch): Promise<string | undefined> {
  for (const volume of pod.spec.volumes ?? []) {
    if (!paths.isPathPart(volume.name)) continue;
    const message = await volumeOvergrown(volume, emptyDirPath(pod, volume, scratch));
    if (message !== undefined) return message;
  }
  return overStorageLimit(pod, scratch);
}

const emptyDirPath = (pod: Pod, { name }: Volume, { rootDir }: Scratch) =>
  paths.volumeDirectory(rootDir, pod.metadata.uid, EMPTY_DIR, name);

export function hasStorageLimit({ spec }: Pod): boolean {
  return spec.containers.some(({ resources }) => bytesOf(resources?.limits, RESOURCE) > 0);
}

/**
 * Which limit of `ephemeral-storage` is exceeded, in the kubelet's words; undefined: none
 * (pkg/kubelet/eviction/eviction_manager.go podEphemeralStorageLimitEviction, containerEphemeralStorageLimitEviction).
 * The containers' own file systems and logs count, for the Pod its volumes too.
 */
export async function overStorageLimit(pod: Pod, scratch: Scratch): Promise<string | undefined> {
  const ofPod = podBytes(pod, 'limits', RESOURCE, { overhead: false });
  if (ofPod === 0) return undefined;
  const logs = paths.podLogDirectory(scratch.podLogsDir, pod.metadata);
  const used = new Map<string, number>();
  for (const { name } of pod.spec.containers)
    used.set(name, (scratch.written.get(name) ?? 0) + (await usageBytes(join(logs, name), ofPod)));
  let total = [...used.values()].reduce((sum, one) => sum + one, 0);
  for (const volume of pod.spec.volumes ?? []) {
    if (total > ofPod || !paths.isPathPart(volume.name) || volume.emptyDir?.medium) continue;
    total += await usageBytes(emptyDirPath(pod, volume, scratch), ofPod);
  }
  if (total > ofPod) return `Pod ephemeral local storage usage exceeds the total limit of containers ${sumText(pod)}. `;
  const over = pod.spec.containers.find(({ name, resources }) => {
    const limit = bytesOf(resources?.limits, RESOURCE);
    return limit > 0 && (used.get(name) ?? 0) > limit;
  });
  return (
    over &&
    `Container ${over.name} exceeded its local ephemeral storage limit "${over.resources?.limits?.[RESOURCE]}". `
  );
}

function sumText({ spec }: Pod): string {
  return addQuantities(spec.containers.flatMap(({ resources }) => resources?.limits?.[RESOURCE] ?? []));
}
