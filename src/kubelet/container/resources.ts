import type { LinuxContainerResources } from '../../cri/port.ts';
import type { Node } from '../node.ts';
import { hugePageSizes } from '../sandbox/huge-pages.ts';
import { bytesOf, milliOf } from '../sandbox/quantities.ts';
import { linuxResources } from '../sandbox/resources.ts';
import type { Container, Pod } from '../types.ts';
import { oomScoreAdj } from './oom-score.ts';

/** What the runtime limits a container to (pkg/kubelet/kuberuntime/kuberuntime_container_linux.go). */
export function containerResources(pod: Pod, container: Container, node: Node): LinuxContainerResources {
  const { requests, limits } = container.resources ?? {};
  const ofPod = pod.spec.resources?.limits;
  const limitBytes = bytesOf(limits, 'memory') || bytesOf(ofPod, 'memory');
  return {
    ...linuxResources({
      requestMilli: milliOf(requests, 'cpu'),
      limitMilli: milliOf(limits, 'cpu') || milliOf(ofPod, 'cpu'),
      limitBytes,
      cpuCFSQuota: node.cpuCFSQuota,
    }),
    oomScoreAdj: oomScoreAdj(pod, container, node.memoryBytes),
    hugepageLimits: hugepageLimits(container, node),
    ...swapAndOom(limitBytes, node),
  };
}

/** One entry per page size of the machine, 0 where the container asks for none. */
function hugepageLimits(container: Container, node: Node): { pageSize: string; limit: number }[] {
  const { limits } = container.resources ?? {};
  const asked = new Map(hugePageSizes(limits).map((page) => [page.pageSize, bytesOf(limits, page.resource)]));
  const sizes = node.hugePageSizes ?? [...asked.keys()];
  return sizes.map((pageSize) => ({ pageSize, limit: asked.get(pageSize) ?? 0 }));
}

/** No swap for containers. In version 2 an out-of-memory kill takes all processes of the container with it. */
function swapAndOom(
  limitBytes: number,
  node: Node,
): Pick<LinuxContainerResources, 'memorySwapLimitInBytes' | 'unified'> {
  if (node.cgroupVersion === 2)
    return { unified: { 'memory.oom.group': '1', ...(node.swapAccounting && { 'memory.swap.max': '0' }) } };
  // Memory plus swap: equal to the memory limit leaves nothing for swap.
  return node.swapAccounting && limitBytes > 0 ? { memorySwapLimitInBytes: limitBytes } : {};
}
