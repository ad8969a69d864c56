/** emptyDir (pkg/volume/emptydir/empty_dir.go): on disk, in memory or in huge pages; lives as long as the Pod. */
import { chmod, chown, rename } from 'node:fs/promises';
import { EVICTED, HostError, type PreparedVolume } from '../host.ts';
import { quantityValue } from '../manifest/quantity.ts';
import type { Node } from '../node.ts';
import { allContainers } from '../plan/containers.ts';
import { hugePageSizes } from '../sandbox/huge-pages.ts';
import { podBytes } from '../sandbox/resources.ts';
import type { Pod, Volume } from '../types.ts';
import { makeDirectory, statOf } from './files.ts';
import { fsGroup } from './group.ts';
import type { VolumeInput, VolumeKind } from './kinds.ts';
import { canDisableSwap } from './memory.ts';
import { mountOnce } from './mounts.ts';
import { removeTree } from './remove-tree.ts';
import { usageBytes } from './usage.ts';

export const PLUGIN = 'empty-dir';
const HUGE_PAGES = 'HugePages';

export const emptyDir: VolumeKind = { prepare };

async function prepare({ pod, volume, node, directory }: VolumeInput): Promise<PreparedVolume> {
  const path = directory(PLUGIN);
  const { medium = '', sizeLimit } = volume.emptyDir ?? {};
  if (medium === '') {
    // What is on the disk is the only record of an eviction: a restart of the agent must not undo it.
    const message = await overgrown(volume, path);
    if (message !== undefined) throw new HostError(EVICTED, message);
    await prepareDisk(path, pod);
  } else if (medium === 'Memory') await prepareMounted(path, pod, 'tmpfs', tmpfsOptions(pod, sizeLimit, node));
  else if (medium.startsWith(HUGE_PAGES))
    await prepareMounted(path, pod, 'hugetlbfs', [`pagesize=${hugePageBytes(pod, medium)}`]);
  else throw new Error(`unknown storage medium "${medium}"`);
  return { hostPath: path, readOnly: false, selinuxRelabel: true };
}

/** In the kubelet's words (pkg/kubelet/eviction); undefined: there is no limit, or it is kept. */
export async function overgrown({ name, emptyDir: source }: Volume, path: string): Promise<string | undefined> {
  if (!source?.sizeLimit || source.medium) return undefined;
  const limitBytes = quantityValue(source.sizeLimit) ?? 0;
  if (limitBytes <= 0 || (await usageBytes(path, limitBytes)) <= limitBytes) return undefined;
  return `Usage of EmptyDir volume "${name}" exceeds the limit "${source.sizeLimit}". `;
}

/** The group owns it and its files when the Pod has an `fsGroup` (pkg/volume/volume_linux.go). */
const modeOf = (pod: Pod) => (fsGroup(pod) === undefined ? 0o777 : 0o2777);

/** Made complete beside its place and moved there: what is there is finished, and a container's own chmod is kept. */
async function prepareDisk(path: string, pod: Pod): Promise<void> {
  const present = await statOf(path);
  if (present?.isDirectory()) return;
  if (present) throw new Error(`${path} is not a directory`);
  // No volume is called so: a `.` is not allowed in their names.
  const unfinished = `${path}.new`;
  await removeTree(unfinished);
  await makeDirectory(unfinished, 0o700);
  await applyMode(unfinished, pod);
  await rename(unfinished, path);
}

async function prepareMounted(path: string, pod: Pod, fsType: string, options: string[]): Promise<void> {
  const group = fsGroup(pod);
  const owner = [`mode=${modeOf(pod).toString(8)}`, ...(group === undefined ? [] : [`gid=${group}`])];
  await mountOnce(fsType, path, [...options, ...owner]);
}

async function applyMode(path: string, pod: Pod): Promise<void> {
  const group = fsGroup(pod);
  if (group !== undefined) await chown(path, 0, group);
  await chmod(path, modeOf(pod));
}

/** As large as the smallest of the volume's limit, the Pod's memory limit and what the machine has for Pods. */
export function tmpfsOptions(
  pod: Pod,
  sizeLimit: string | undefined,
  node: Pick<Node, 'allocatable' | 'memoryBytes' | 'kernelVersion'>,
): string[] {
  const limits = [
    sizeLimit === undefined ? 0 : (quantityValue(sizeLimit) ?? 0),
    podBytes(pod, 'limits', 'memory'),
    (node.allocatable ?? node).memoryBytes,
  ];
  const sizeBytes = Math.min(...limits.filter((limit) => limit > 0));
  return [`size=${sizeBytes}`, ...(canDisableSwap(node.kernelVersion) ? ['noswap'] : [])];
}

/** From the medium (`HugePages-2Mi`), else the one size that the containers ask for. */
function hugePageBytes(pod: Pod, medium: string): number {
  if (medium !== HUGE_PAGES) {
    const bytes = quantityValue(medium.slice(HUGE_PAGES.length + 1));
    if (!bytes) throw new Error(`unknown storage medium "${medium}"`);
    return bytes;
  }
  const pages = allContainers(pod.spec).flatMap((container) => hugePageSizes(container.resources?.limits));
  const sizes = [...new Set(pages.map((page) => page.pageBytes))];
  if (sizes.length === 1) return sizes[0] as number;
  throw new Error(
    sizes.length === 0
      ? 'medium HugePages needs a hugepages limit on a container'
      : 'medium HugePages does not tell which page size: use HugePages-<size>',
  );
}
