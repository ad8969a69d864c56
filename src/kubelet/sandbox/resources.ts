/**
 * What a Pod asks for as a whole (pkg/api/v1/resource/helpers.go, pkg/kubelet/cm/helpers_linux.go,
 * pkg/kubelet/kuberuntime/kuberuntime_sandbox_linux.go).
 */
import type { LinuxContainerResources } from '../../cri/port.ts';
import type { Node } from '../node.ts';
import { allContainers, isSidecar } from '../plan/containers.ts';
import type { Pod } from '../types.ts';
import { CPU_PERIOD_US, MIN_SHARES, milliCpuToQuotaUs, milliCpuToShares } from './cpu.ts';
import { hugePageSizes } from './huge-pages.ts';
import { qosClass } from './qos.ts';
import { bytesOf, milliOf, type ResourceList } from './quantities.ts';

export type Side = 'requests' | 'limits';

/** Effective millicores of the Pod; 0 when nothing is asked. */
export function podMilliCpu(pod: Pod, side: Side, options: { overhead: boolean } = { overhead: true }): number {
  return effective(pod, side, 'cpu', milliOf, options.overhead);
}

/** Effective bytes of `memory` or `hugepages-<size>`; 0 when nothing is asked. */
export function podBytes(
  pod: Pod,
  side: Side,
  resource: string,
  options: { overhead: boolean } = { overhead: true },
): number {
  return effective(pod, side, resource, bytesOf, options.overhead);
}

/**
 * Regular containers run together with all sidecars; an init container runs with the sidecars started before it. The
 * Pod needs the larger of the two. An amount set for the Pod as a whole replaces the sum.
 */
function effective(
  pod: Pod,
  side: Side,
  resource: string,
  amountOf: (list: ResourceList, resource: string) => number,
  withOverhead: boolean,
): number {
  const amount = (of: { resources?: { requests?: ResourceList; limits?: ResourceList } }) =>
    amountOf(of.resources?.[side], resource);
  let together = pod.spec.containers.reduce((sum, container) => sum + amount(container), 0);
  let sidecars = 0;
  let initialising = 0;
  for (const container of pod.spec.initContainers ?? []) {
    if (isSidecar(container)) {
      together += amount(container);
      sidecars += amount(container);
      initialising = Math.max(initialising, sidecars);
    } else initialising = Math.max(initialising, sidecars + amount(container));
  }
  const total = amount(pod.spec) || Math.max(together, initialising);
  // Overhead never turns "no limit" into a limit.
  const counts = withOverhead && (side === 'requests' || total > 0);
  return total + (counts ? amountOf(pod.spec.overhead, resource) : 0);
}

/** Every container, or the Pod as a whole, has a limit: only then the Pod's sum is one. */
function isLimited(pod: Pod, resource: 'cpu' | 'memory'): boolean {
  if (milliOf(pod.spec.resources?.limits, resource) > 0) return true;
  return allContainers(pod.spec).every((container) => milliOf(container.resources?.limits, resource) > 0);
}

/** Values of the Pod's own cgroup. Absent = no limit. */
export interface PodCgroupValues {
  cpuShares: number;
  cpuQuotaUs?: number;
  memoryLimitBytes?: number;
  pidsLimit?: number;
  hugePages: { pageSize: string; limit: number }[];
}

export function podCgroupValues(
  pod: Pod,
  node: Pick<Node, 'cpuCFSQuota' | 'podPidsLimit' | 'hugePageSizes'>,
): PodCgroupValues {
  const bestEffort = qosClass(pod) === 'BestEffort';
  const quotaUs =
    node.cpuCFSQuota && !bestEffort && isLimited(pod, 'cpu') ? milliCpuToQuotaUs(podMilliCpu(pod, 'limits')) : 0;
  const memoryBytes = !bestEffort && isLimited(pod, 'memory') ? podBytes(pod, 'limits', 'memory') : 0;
  const asked = new Map(
    [pod.spec, ...allContainers(pod.spec)]
      .flatMap((one) => hugePageSizes(one.resources?.limits))
      .map(({ pageSize, resource }) => [pageSize, podBytes(pod, 'limits', resource)]),
  );
  return {
    cpuShares: bestEffort ? MIN_SHARES : milliCpuToShares(podMilliCpu(pod, 'requests')),
    ...(quotaUs > 0 && { cpuQuotaUs: quotaUs }),
    ...(memoryBytes > 0 && { memoryLimitBytes: memoryBytes }),
    ...(node.podPidsLimit > 0 && { pidsLimit: node.podPidsLimit }),
    hugePages: (node.hugePageSizes ?? [...asked.keys()]).map((pageSize) => ({
      pageSize,
      limit: asked.get(pageSize) ?? 0,
    })),
  };
}

/** What the runtime is told of the Pod as a whole; runtimes that put a Pod into a virtual machine size it by this. */
export function sandboxResources(pod: Pod, node: Pick<Node, 'cpuCFSQuota'>): LinuxContainerResources {
  const options = { overhead: false };
  return linuxResources({
    requestMilli: podMilliCpu(pod, 'requests', options),
    limitMilli: isLimited(pod, 'cpu') ? podMilliCpu(pod, 'limits', options) : 0,
    limitBytes: isLimited(pod, 'memory') ? podBytes(pod, 'limits', 'memory', options) : 0,
    cpuCFSQuota: node.cpuCFSQuota,
  });
}

/** `spec.overhead` counts as both request and limit; an empty object when there is none. */
export function overheadResources(pod: Pod, node: Pick<Node, 'cpuCFSQuota'>): LinuxContainerResources {
  const { overhead } = pod.spec;
  if (!overhead) return {};
  const milli = milliOf(overhead, 'cpu');
  return linuxResources({
    requestMilli: milli,
    limitMilli: milli,
    limitBytes: bytesOf(overhead, 'memory'),
    cpuCFSQuota: node.cpuCFSQuota,
  });
}

/** CPU and memory of one container or one Pod. A limit without a request requests the limit. */
export function linuxResources(input: {
  requestMilli: number;
  limitMilli: number;
  limitBytes: number;
  cpuCFSQuota: boolean;
}): LinuxContainerResources {
  const quotaUs = milliCpuToQuotaUs(input.limitMilli);
  return {
    cpuShares: milliCpuToShares(input.requestMilli || input.limitMilli),
    ...(input.cpuCFSQuota && { cpuPeriod: CPU_PERIOD_US, ...(quotaUs > 0 && { cpuQuota: quotaUs }) }),
    ...(input.limitBytes > 0 && { memoryLimitInBytes: input.limitBytes }),
  };
}
