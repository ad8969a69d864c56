import { isSidecar } from '../plan/containers.ts';
import { qosClass } from '../sandbox/qos.ts';
import { bytesOf } from '../sandbox/quantities.ts';
import { podBytes } from '../sandbox/resources.ts';
import type { Container, Pod } from '../types.ts';

const GUARANTEED = -997;
const BEST_EFFORT = 1000;
/** Of any Burstable container: never as safe as a Guaranteed one, never as exposed as a BestEffort one. */
const MIN_BURSTABLE = 1000 + GUARANTEED;
const MAX_BURSTABLE = BEST_EFFORT - 1;

/** `oom_score_adj`: the higher, the sooner the kernel kills it when memory is short (pkg/kubelet/qos/policy.go). */
export function oomScoreAdj(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  // Every Pod here is a static one, which counts as critical; the class alone decides.
  if (pod.spec.priorityClassName === 'system-node-critical') return GUARANTEED;
  const qos = qosClass(pod);
  if (qos === 'Guaranteed') return GUARANTEED;
  if (qos === 'BestEffort') return BEST_EFFORT;
  const score = (requestBytes: number) => BEST_EFFORT - Math.floor((BEST_EFFORT * requestBytes) / nodeMemoryBytes);
  const own = score(memoryRequest(container) + unclaimedShare(pod));
  const smallest = Math.min(...pod.spec.containers.map(memoryRequest));
  // A sidecar is never more exposed than the most exposed container it serves.
  const wanted = isInitSidecar(pod, container) ? Math.min(own, score(smallest)) : own;
  return Math.min(MAX_BURSTABLE, Math.max(MIN_BURSTABLE, wanted));
}

const memoryRequest = (container: Container) => bytesOf(container.resources?.requests, 'memory');

const isInitSidecar = (pod: Pod, container: Container) =>
  isSidecar(container) && (pod.spec.initContainers ?? []).some((one) => one.name === container.name);

/** Of memory requested for the Pod as a whole, an equal part of what no container asked for itself. */
function unclaimedShare(pod: Pod): number {
  const whole = bytesOf(pod.spec.resources?.requests, 'memory');
  if (whole === 0) return 0;
  const { resources: _, ...spec } = pod.spec;
  const claimed = podBytes({ ...pod, spec }, 'requests', 'memory', { overhead: false });
  const containers = pod.spec.containers.length + (pod.spec.initContainers?.length ?? 0);
  return Math.max(0, Math.floor((whole - claimed) / containers));
}
