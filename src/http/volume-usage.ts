/**
 * How full the volumes of Pods are, for `/stats/summary` and `kubelet_volume_stats_*`. A volume that is a file system of
 * its own is asked (statfs); one that is a directory of the machine's disk is counted, as du(1) does. Counting costs, so
 * that it happens when somebody asks, and at most once a minute (the kubelet's volumeStatsAggPeriod).
 */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type Env, sleep } from '../kubelet/env.ts';
import type { Published } from '../kubelet/published.ts';
import { podDirectory } from '../kubelet/sandbox/paths.ts';
import type { Pod, Volume } from '../kubelet/types.ts';
import { mountPoints } from '../kubelet/volumes/mounts.ts';
import { usageOf } from '../kubelet/volumes/usage.ts';
import { type Family, labelText } from './exposition.ts';
import type { FilesystemSpace } from './node-usage.ts';

const FRESH_MS = 60_000;
/** How long an asker waits; what is not known by then is told to the next one. */
const PATIENCE_MS = 2000;
const MAX_FILES = 100_000;
const MAX_VOLUMES = 2000;
/** Asking these may take for ever when their server is away. */
const REMOTE = /^(?:nfs4?|cifs|smb3|fuse\..*|ceph|9p)$/;

export interface VolumeUsage extends FilesystemSpace {
  readonly uid: string;
  readonly name: string;
  /** In the Pod's namespace. */
  readonly claim?: string;
  /** An emptyDir on the machine's disk: a part of what the Pod takes of it. */
  readonly isScratch: boolean;
  readonly usedBytes: number;
  readonly inodesUsed: number;
}

export class VolumeUsages {
  readonly #env: Env;
  readonly #mounts: typeof mountPoints;
  #known: readonly VolumeUsage[] = [];
  #measuredMs = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(env: Env, mounts = mountPoints) {
    this.#env = env;
    this.#mounts = mounts;
  }

  /** The latest known, at most a minute old unless counting takes long. Never rejects. */
  async read(published: Published): Promise<readonly VolumeUsage[]> {
    const env = this.#env;
    this.#begin(published);
    if (this.#running) {
      const enough = new AbortController();
      await Promise.race([this.#running, sleep(env, PATIENCE_MS, enough.signal)]);
      enough.abort();
    }
    return this.#known;
  }

  /** What is known by now. Nothing is counted for Pods without claims: nobody would be told. */
  claims(published: Published): readonly VolumeUsage[] {
    if (published.pods.some(({ pod }) => pod.spec.volumes?.some((one) => one.persistentVolumeClaim)))
      this.#begin(published);
    return this.#known.filter(({ claim }) => claim !== undefined);
  }

  #begin(published: Published): void {
    const env = this.#env;
    if (!this.#running && env.monotonicMs() - this.#measuredMs >= FRESH_MS) {
      this.#running = this.#measure(published)
        .catch((error: unknown) => env.log.warn({ error: String(error) }, 'the volumes could not be measured'))
        .finally(() => {
          this.#running = undefined;
          this.#measuredMs = env.monotonicMs();
        });
    }
  }

  /** One volume after the other: nobody waits for it, and the disk has other work. */
  async #measure({ pods, node }: Published): Promise<void> {
    const remote = new Set((await this.#mounts()).filter(({ fsType }) => REMOTE.test(fsType)).map(({ path }) => path));
    const found: VolumeUsage[] = [];
    for (const { pod } of pods) {
      const paths = await volumePaths(join(podDirectory(node.rootDir, pod.metadata.uid), 'volumes'));
      for (const volume of pod.spec.volumes ?? []) {
        const path = paths.get(volume.name);
        if (path === undefined || remote.has(path) || found.length >= MAX_VOLUMES) continue;
        const usage = await measure(pod, volume, path).catch(() => undefined);
        if (usage) found.push(usage);
      }
    }
    this.#known = found;
  }
}

/** By name; every kind of volume has a directory of its own for them. */
async function volumePaths(directory: string): Promise<ReadonlyMap<string, string>> {
  const plugins = await readdir(directory).catch(() => []);
  const lists = plugins.map(async (plugin) =>
    (await readdir(join(directory, plugin)).catch(() => [])).map(
      (name) => [name, join(directory, plugin, name)] as const,
    ),
  );
  return new Map((await Promise.all(lists)).flat());
}

async function measure({ metadata }: Pod, volume: Volume, path: string): Promise<VolumeUsage | undefined> {
  const [here, above, { bsize, blocks, bfree, bavail, files, ffree }] = await Promise.all([
    stat(path),
    stat(join(path, '../../..')),
    statfs(path),
  ]);
  const isOwn = here.dev !== above.dev;
  const counted = isOwn ? { bytes: (blocks - bfree) * bsize, files: files - ffree } : await usageOf(path, MAX_FILES);
  if (!counted) return undefined;
  const claim = volume.persistentVolumeClaim?.claimName;
  return {
    uid: metadata.uid,
    name: volume.name,
    ...(claim !== undefined && { claim }),
    isScratch: volume.emptyDir !== undefined && !isOwn,
    capacityBytes: blocks * bsize,
    availableBytes: bavail * bsize,
    inodes: files,
    inodesFree: ffree,
    usedBytes: counted.bytes,
    inodesUsed: counted.files,
  };
}

const CLAIM_METRICS: readonly (readonly [name: string, help: string, value: keyof VolumeUsage])[] = [
  ['kubelet_volume_stats_capacity_bytes', 'Size of the file system that the claim is on, bytes.', 'capacityBytes'],
  ['kubelet_volume_stats_available_bytes', 'Room left for the claim, bytes.', 'availableBytes'],
  ['kubelet_volume_stats_used_bytes', 'What the claim takes, bytes.', 'usedBytes'],
  ['kubelet_volume_stats_inodes', 'Inodes of the file system that the claim is on.', 'inodes'],
  ['kubelet_volume_stats_inodes_free', 'Inodes left for the claim.', 'inodesFree'],
  ['kubelet_volume_stats_inodes_used', 'Inodes that the claim takes.', 'inodesUsed'],
];

/** Each claim once, however many Pods use it. */
export function claimFamilies(volumes: readonly VolumeUsage[], { pods }: Published): Family[] {
  const namespaces = new Map(pods.map(({ pod: { metadata } }) => [metadata.uid, metadata.namespace]));
  const claims = new Map(
    volumes.flatMap((volume) => {
      const namespace = namespaces.get(volume.uid);
      if (volume.claim === undefined || namespace === undefined) return [];
      return [
        [
          `${namespace}/${volume.claim}`,
          { labels: labelText({ namespace, persistentvolumeclaim: volume.claim }), volume },
        ],
      ];
    }),
  );
  return CLAIM_METRICS.map(([name, help, key]) => ({
    name,
    type: 'gauge',
    help,
    samples: [...claims.values()].map(({ labels, volume }) => ({ labels, value: Number(volume[key]) })),
  }));
}
