import type { ObservedContainer, ObservedPod } from './observed.ts';
import { isSidecar, newestByName } from './plan/containers.ts';
import type { ProbeTarget } from './prober.ts';
import type { Slot } from './slot.ts';
import type { Container, Pod, PodKey, Revision } from './types.ts';

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
    for (const candidate of candidatesOf(observed, slots.get(observed.key))) {
      const { key, containerId, uid, ...rest } = candidate;
      targets.push({ ...rest, key, containerId, stopping: isStopping(uid), told: isTold(key, containerId) });
    }
  }
  return targets;
}

type Candidate = Omit<ProbeTarget, 'stopping' | 'told'> & { readonly uid: string };

/** What a Pod shows is frozen, and asked about every round. */
const known = new WeakMap<
  ObservedPod,
  { readonly wanted: Revision | undefined; readonly found: readonly Candidate[] }
>();

function candidatesOf(observed: ObservedPod, slot: Slot | undefined): readonly Candidate[] {
  const wanted = slot?.state === 'want' ? slot.revision : undefined;
  const before = known.get(observed);
  if (before && before.wanted === wanted) return before.found;
  const found: Candidate[] = [];
  for (const [uid, containers] of byRevision(observed.containers)) {
    const pod = specOf(uid, wanted, observed);
    if (!pod) continue;
    const newest = newestByName(containers);
    for (const container of probed(pod)) {
      const instance = newest.get(container.name);
      if (instance?.state !== 'running') continue;
      found.push({
        ...{ key: observed.key, uid, pod, container, containerId: instance.id },
        startedAtMs: instance.startedAtMs ?? instance.createdAtMs,
        podIp: observed.sandboxes.find((sandbox) => sandbox.id === instance.sandboxId)?.ips[0],
      });
    }
  }
  known.set(observed, { wanted, found });
  return found;
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
function specOf(uid: string, wanted: Revision | undefined, observed: ObservedPod): Pod | undefined {
  if (wanted?.uid === uid) return wanted.pod;
  return observed.sandboxes.find((sandbox) => sandbox.uid === uid && sandbox.record.revision)?.record.revision?.pod;
}

function probed({ spec }: Pod): Container[] {
  const candidates = [...(spec.initContainers ?? []).filter(isSidecar), ...spec.containers];
  return candidates.filter((each) => each.livenessProbe || each.readinessProbe || each.startupProbe);
}
