import type { ObservedContainer, ObservedPod } from './observed.ts';
import { isSidecar, newestByName } from './plan/containers.ts';
import type { ProbeTarget } from './prober.ts';
import type { Slot } from './slot.ts';
import type { Container, Pod, PodKey } from './types.ts';

export interface ProbeTargetsInput {
  readonly slots: ReadonlyMap<PodKey, Slot>;
  readonly pods: ReadonlyMap<PodKey, ObservedPod>;
  /** Has this revision been told to stop, or come to its end? */
  readonly isStopping: (uid: string) => boolean;
  /** Has this container been told to stop itself? */
  readonly isTold: (key: PodKey, containerId: string) => boolean;
}

/**
 * The containers to probe now: regular ones and sidecars, of every revision that still runs, as long as they run
 * (pkg/kubelet/prober/prober_manager.go AddPod). Pure.
 */
export function probeTargets({ slots, pods, isStopping, isTold }: ProbeTargetsInput): ProbeTarget[] {
  const targets: ProbeTarget[] = [];
  for (const observed of pods.values()) {
    const slot = slots.get(observed.key);
    for (const [uid, containers] of byRevision(observed.containers)) {
      const pod = specOf(uid, slot, observed);
      if (!pod) continue;
      const newest = newestByName(containers);
      for (const container of probed(pod)) {
        const instance = newest.get(container.name);
        if (instance?.state !== 'running') continue;
        targets.push({
          key: observed.key,
          pod,
          container,
          containerId: instance.id,
          startedAtMs: instance.startedAtMs ?? instance.createdAtMs,
          podIp: observed.sandboxes.find((sandbox) => sandbox.id === instance.sandboxId)?.ips[0],
          stopping: isStopping(uid),
          told: isTold(observed.key, instance.id),
        });
      }
    }
  }
  return targets;
}

function byRevision(containers: readonly ObservedContainer[]): Map<string, ObservedContainer[]> {
  const revisions = new Map<string, ObservedContainer[]>();
  for (const container of containers) {
    const known = revisions.get(container.uid);
    if (known) known.push(container);
    else revisions.set(container.uid, [container]);
  }
  return revisions;
}

/** What is wanted, or what a revision on its way out was made from. */
function specOf(uid: string, slot: Slot | undefined, observed: ObservedPod): Pod | undefined {
  if (slot?.state === 'want' && slot.revision.uid === uid) return slot.revision.pod;
  return observed.sandboxes.find((sandbox) => sandbox.uid === uid && sandbox.record.revision)?.record.revision?.pod;
}

function probed({ spec }: Pod): Container[] {
  const candidates = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers];
  return candidates.filter((each) => each.livenessProbe || each.readinessProbe || each.startupProbe);
}
