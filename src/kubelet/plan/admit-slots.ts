import { holds, type Observed, type ObservedPod } from '../observed.ts';
import type { Pod, PodKey, Revision } from '../types.ts';
import { type Admission, admit, type Candidate, type Refusal } from './admission.ts';
import { newestByName } from './containers.ts';
import { isOver } from './over.ts';
import type { Resolved } from './resolve.ts';
import type { Amounts } from './room.ts';

export interface AdmitOptions {
  /** What there is for Pods. */
  readonly capacity: { readonly maxPods: number; readonly room: Amounts };
  /** Gives a Pod that ran the amounts it has. */
  readonly runningAs: (revision: Revision, observed: ObservedPod | undefined) => Pod;
  /** What the owner of the machine does not let it do; absent: anything goes. */
  readonly forbidden?: (pod: Pod) => Refusal | undefined;
}

/**
 * Admission of all wanted Pods against what stands now. Pure.
 *
 * `workingFor` tells what a slot's work under way is for: it may have a sandbox that no listing shows yet. What ended,
 * or is not wanted any more, holds what it has until its sandbox is stopped.
 */
export function admitSlots(
  resolved: Resolved,
  observed: Observed,
  workingFor: ReadonlyMap<PodKey, Revision | undefined>,
  how: AdmitOptions,
): ReadonlyMap<PodKey, Admission> {
  const refused = new Map<PodKey, Admission>();
  const wanted: Candidate[] = [];
  const leaving: Revision[] = [];
  for (const pod of observed.pods.values()) {
    const slot = resolved.slots.get(pod.key);
    const revision = slot?.state === 'want' && !over(slot.revision, pod) ? slot.revision : undefined;
    for (const sandbox of pod.sandboxes) {
      if (sandbox.uid !== revision?.uid && sandbox.state === 'ready' && sandbox.record.revision)
        leaving.push(sandbox.record.revision);
    }
  }
  for (const [key, revision] of workingFor) {
    const slot = resolved.slots.get(key);
    if (revision && !(slot?.state === 'want' && slot.revision.uid === revision.uid)) leaving.push(revision);
  }
  for (const key of resolved.order) {
    const slot = resolved.slots.get(key);
    if (slot?.state !== 'want') continue;
    const { revision } = slot;
    const pod = observed.pods.get(key);
    if (pod && over(revision, pod)) continue;
    const standing = (pod?.sandboxes ?? []).filter((sandbox) => sandbox.state === 'ready');
    const stands = standing.some(({ uid }) => uid === revision.uid) || workingFor.get(key)?.uid === revision.uid;
    const refusal = how.forbidden?.(revision.pod);
    if (refusal) refused.set(key, refusal);
    if (refusal && !stands) continue;
    const running = stands || holds(pod, revision.uid) ? how.runningAs(revision, pod) : revision.pod;
    wanted.push({
      revision,
      place: stands ? 'stands' : standing.length > 0 ? 'replaces' : 'new',
      ...(running !== revision.pod && { running }),
      held: slot.held !== undefined,
    });
  }
  return new Map([...admit({ wanted, leaving, ...how.capacity }), ...refused]);
}

/** What a Pod shows is frozen, and asked about every round. */
const known = new WeakMap<ObservedPod, { readonly revision: Revision; readonly over: boolean }>();

/** Ran to its end: it holds nothing any more. */
function over(revision: Revision, observed: ObservedPod): boolean {
  const before = known.get(observed);
  if (before?.revision === revision) return before.over;
  const { pod, uid } = revision;
  const newest = newestByName(observed.containers.filter((container) => container.uid === uid));
  const found = isOver(pod, { newest, sandboxes: observed.sandboxes.filter((sandbox) => sandbox.uid === uid) });
  known.set(observed, { revision, over: found });
  return found;
}
