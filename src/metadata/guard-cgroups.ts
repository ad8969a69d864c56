/** The cgroups of Pods on the host's network, for the guard. */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CgroupNode } from '../kubelet/sandbox/cgroups.ts';
import { podCgroupParent, tierCgroupPath } from '../kubelet/sandbox/cgroups.ts';
import type { Pod } from '../kubelet/types.ts';
import { ACCESS_ANNOTATION, ALLOW, type HostNetworkGuard } from './guard.ts';

/**
 * What nftables can name: cgroups that are there. `key` changes when one of them is made anew, as systemd does with slices.
 * Undefined before the first Pod, and under cgroup version 1, which nftables cannot look into by path.
 */
export async function hostNetworkGuard(
  pods: readonly Pod[],
  node: CgroupNode,
  fsRoot: string,
): Promise<(HostNetworkGuard & { key: string }) | undefined> {
  const all = await numberOf(tierCgroupPath('Guaranteed', node), fsRoot);
  if (!all) return undefined;
  const may = pods.filter(
    ({ metadata, spec }) => spec.hostNetwork && metadata.annotations?.[ACCESS_ANNOTATION] === ALLOW,
  );
  const found = await Promise.all(may.map((pod) => numberOf(podCgroupParent(pod, node), fsRoot)));
  const allowed = found.filter((one) => one !== undefined).sort((a, b) => (a.path < b.path ? -1 : 1));
  return {
    pods: all.path,
    allowed: allowed.map(({ path }) => path),
    key: [all, ...allowed].map(({ inode }) => inode).join(),
  };
}

async function numberOf(path: string, fsRoot: string): Promise<{ path: string; inode: number } | undefined> {
  return stat(join(fsRoot, path)).then(
    ({ ino }) => ({ path: path.replace(/^\//, ''), inode: ino }),
    () => undefined,
  );
}
