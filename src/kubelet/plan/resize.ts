/**
 * In-place resize: a Pod whose manifest differs only in amounts of cpu and memory is the same Pod (manifest/resizable.ts),
 * and what runs is brought to the new amounts (KEP-1287; kuberuntime_manager.go computePodResizeAction). Everything is
 * derived from what the runtime shows, so an agent that dies in the middle goes on where it was. Pure.
 */
import type { AppliedResources, LinuxContainerResources } from '../../cri/port.ts';
import { containerResources } from '../container/resources.ts';
import type { Node } from '../node.ts';
import type { ObservedContainer } from '../observed.ts';
import { sharesToWeight } from '../sandbox/cpu.ts';
import { podCgroupValues } from '../sandbox/resources.ts';
import type { Container, Pod } from '../types.ts';
import { allContainers } from './containers.ts';

export interface Resize {
  /** What the runtime is to be told. */
  readonly resources: LinuxContainerResources;
  readonly lowersMemory: boolean;
  /** Its policy for a resource that changes says that it has to start anew. */
  readonly restarts: boolean;
}

/** In `PodNotes.failures`. */
export const resizeSubject = (containerName: string) => `resize/${containerName}`;
export const SIZE_SUBJECT = 'size';
/** Reason of these failures, as an event too. */
export const RESIZE_ERROR = 'ResizeError';

/** How a running container differs from what its Pod has been given; undefined: not, or the runtime does not tell. */
export function resizeOf(pod: Pod, container: Container, instance: ObservedContainer, node: Node): Resize | undefined {
  const now = instance.resources ?? recorded(pod, container, instance, node);
  const wanted = containerResources(pod, container, node);
  const cpu = !sameShares(wanted.cpuShares, now.cpuShares, node) || differs(wanted.cpuQuota, now.cpuQuota);
  const memory = differs(wanted.memoryLimitInBytes, now.memoryLimitInBytes);
  if (!cpu && !memory) return undefined;
  const { cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes, memorySwapLimitInBytes } = wanted;
  return {
    resources: {
      ...(cpuPeriod !== undefined && { cpuPeriod }),
      ...(cpuQuota !== undefined && { cpuQuota }),
      ...(cpuShares !== undefined && { cpuShares }),
      ...(memoryLimitInBytes !== undefined && { memoryLimitInBytes }),
      ...(memorySwapLimitInBytes !== undefined && { memorySwapLimitInBytes }),
    },
    lowersMemory: memory && (memoryLimitInBytes ?? 0) < (now.memoryLimitInBytes ?? Number.POSITIVE_INFINITY),
    restarts: (cpu && restartsFor(container, 'cpu')) || (memory && restartsFor(container, 'memory')),
  };
}

/** A limit cannot be taken away from what runs, as in Kubernetes. */
const differs = (wanted: number | undefined, now: number | undefined) => wanted !== undefined && wanted !== now;

/** Version 2 of cgroups counts in other, coarser units. */
function sameShares(wanted = 0, now = 0, { cgroupVersion }: Node): boolean {
  return wanted === now || (cgroupVersion === 2 && sharesToWeight(wanted) === sharesToWeight(now));
}

function restartsFor({ resizePolicy }: Container, resource: string): boolean {
  return resizePolicy?.find(({ resourceName }) => resourceName === resource)?.restartPolicy === 'RestartContainer';
}

/** What it was made with, when nobody knows better. */
function recorded(pod: Pod, container: Container, { record }: ObservedContainer, node: Node): AppliedResources {
  const made = record.resources;
  return containerResources(pod, made ? { ...container, resources: made } : container, node);
}

/** Changes with the limits of the Pod as a whole; undefined when it has none to keep. */
export function podSize(pod: Pod, node: Node): string | undefined {
  const lists = [pod.spec, ...allContainers(pod.spec)].flatMap(({ resources }) => [
    ...Object.keys(resources?.requests ?? {}),
    ...Object.keys(resources?.limits ?? {}),
  ]);
  return lists.length > 0 ? JSON.stringify(podCgroupValues(pod, node)) : undefined;
}
