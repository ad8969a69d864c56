import type { ObservedContainer, ObservedSandbox } from '../observed.ts';
import type { Pod } from '../types.ts';
import { isSidecar } from './containers.ts';
import { mayRestart } from './restart.ts';

export interface Ran {
  /** Newest instance of each name, of one revision. */
  readonly newest: ReadonlyMap<string, ObservedContainer>;
  /** Sandboxes of that revision, newest first. */
  readonly sandboxes: readonly ObservedSandbox[];
}

/**
 * Nothing of this Pod will ever run again: every regular container is done, or an init container failed for good, or
 * its sandbox ended and the policy is Never. What was created but never started did not run. Pure.
 */
export function isOver(pod: Pod, { newest, sandboxes }: Ran): boolean {
  const ran = [...newest.values()].some((instance) => instance.state !== 'created');
  if (!ran) return false;
  if (sandboxes.length > 0 && sandboxes[0]?.state !== 'ready' && pod.spec.restartPolicy === 'Never') return true;
  return (
    failedInit(pod, newest, sandboxes[0]?.id) ||
    pod.spec.containers.every((container) => {
      const instance = newest.get(container.name);
      return instance?.state === 'exited' && !mayRestart(pod.spec, container, instance);
    })
  );
}

/** A plain init container of the current sandbox ended badly and may not run again. */
export function failedInit(
  pod: Pod,
  newest: ReadonlyMap<string, ObservedContainer>,
  sandboxId: string | undefined,
): boolean {
  return (pod.spec.initContainers ?? []).some((container) => {
    const instance = newest.get(container.name);
    return (
      !isSidecar(container) &&
      instance?.state === 'exited' &&
      instance.sandboxId === sandboxId &&
      failed(instance) &&
      !mayRestart(pod.spec, container, instance)
    );
  });
}

/** An init container is done only when it ended well (kuberuntime_container.go isInitContainerFailed). */
export function failed(instance: ObservedContainer): boolean {
  return instance.exitCode !== 0 || instance.reason === 'OOMKilled';
}

/**
 * When `activeDeadlineSeconds` ends, wall clock; undefined when there is none, or when the Pod ended before it
 * (pkg/kubelet/active_deadline.go). The start is kept in the sandbox, so a restart of the agent does not extend it.
 */
export function deadlineMs(pod: Pod, startTimeMs: number, ran: Ran): number | undefined {
  const { activeDeadlineSeconds } = pod.spec;
  if (activeDeadlineSeconds === undefined) return undefined;
  const atMs = startTimeMs + activeDeadlineSeconds * 1000;
  const inTime = isOver(pod, ran) && [...ran.newest.values()].every((instance) => (instance.finishedAtMs ?? 0) <= atMs);
  return inTime ? undefined : atMs;
}
