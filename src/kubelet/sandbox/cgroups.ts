import type { Node } from '../node.ts';
import type { Pod } from '../types.ts';
import { type QosClass, qosClass } from './qos.ts';

/** Under this name all Pods live. */
const PODS = 'kubepods';

const TIER: Record<QosClass, string[]> = { Guaranteed: [], Burstable: ['burstable'], BestEffort: ['besteffort'] };

export type CgroupNode = Pick<Node, 'cgroupDriver' | 'cgroupRoot'>;

/**
 * The Pod's cgroup, parent of its containers': `/kubepods/burstable/pod<uid>`, or with systemd its slice in full
 * (pkg/kubelet/cm/pod_container_manager_linux.go, cgroup_manager_linux.go).
 */
export function podCgroupParent(pod: Pod, node: CgroupNode): string {
  return podCgroupPath(pod.metadata.uid, qosClass(pod), node);
}

export function podCgroupPath(uid: string, qos: QosClass, node: CgroupNode): string {
  return cgroupPath([...TIER[qos], `pod${uid}`], node);
}

/** The cgroup of a class; of Guaranteed Pods that of all Pods. */
export function tierCgroupPath(qos: QosClass, node: CgroupNode): string {
  return cgroupPath(TIER[qos], node);
}

function cgroupPath(below: string[], node: CgroupNode): string {
  const parts = [...node.cgroupRoot.split('/').filter((part) => part !== ''), PODS, ...below];
  return node.cgroupDriver === 'systemd' ? slicePath(parts) : `/${parts.join('/')}`;
}

/** In a slice's name `-` means "below", so that within a part it becomes `_`. */
function slicePath(parts: string[]): string {
  let name = '';
  let path = '';
  for (const part of parts) {
    name += `${name && '-'}${part.replaceAll('-', '_')}`;
    path += `/${name}.slice`;
  }
  return path;
}
