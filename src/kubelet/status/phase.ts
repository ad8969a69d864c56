import type { ObservedContainer } from '../observed.ts';
import { isSidecar } from '../plan/containers.ts';
import { mayRestart } from '../plan/restart.ts';
import type { Container, Pod } from '../types.ts';

export type Phase = 'Pending' | 'Running' | 'Succeeded' | 'Failed';

export interface PhaseFacts {
  /** Newest instance of each container. */
  readonly newest: ReadonlyMap<string, ObservedContainer>;
  /** Nothing of it will run again. */
  readonly over: boolean;
  /** Every init container is done, every sidecar started. */
  readonly initialised: boolean;
  /** An init container failed for good. */
  readonly failedInit: boolean;
}

/**
 * The phase (kubelet_pods.go getPhase). Pure.
 *
 * A container that waits after an earlier run counts as stopped, so a crash loop is Running; one that never ran makes
 * the Pod Pending, and so does initialisation.
 */
export function podPhase(pod: Pod, { newest, over, initialised, failedInit }: PhaseFacts): Phase {
  if (failedInit) return 'Failed';
  const states = pod.spec.containers.map((container) => standing(pod, container, newest.get(container.name), over));
  const begun = states.some((state) => state !== 'unborn');
  if (!over && (!initialised ? !begun : states.includes('unborn'))) return 'Pending';
  const sidecarRuns = (pod.spec.initContainers ?? []).some(
    (container) => isSidecar(container) && newest.get(container.name)?.state === 'running',
  );
  if (states.includes('running') || states.includes('restartable') || (!over && sidecarRuns)) return 'Running';
  return states.every((state) => state === 'succeeded') ? 'Succeeded' : 'Failed';
}

type Standing = 'unborn' | 'running' | 'restartable' | 'succeeded' | 'failed';

function standing(pod: Pod, container: Container, instance: ObservedContainer | undefined, over: boolean): Standing {
  if (!instance || (instance.state === 'created' && instance.record.restartCount === 0)) return 'unborn';
  if (instance.state === 'running') return 'running';
  if (!over && (instance.state !== 'exited' || mayRestart(pod.spec, container, instance))) return 'restartable';
  return instance.state === 'exited' && instance.exitCode === 0 ? 'succeeded' : 'failed';
}
