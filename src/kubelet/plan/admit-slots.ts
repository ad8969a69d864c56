import type { Observed, ObservedPod } from '../observed.ts';
import type { PodKey, Revision } from '../types.ts';
import { type Admission, admit } from './admission.ts';
import { newestByName } from './containers.ts';
import { isOver } from './over.ts';
import type { Resolved } from './resolve.ts';

/**
 * Admission of all wanted Pods against what stands now. Pure.
 *
 * `workingFor` tells what a slot's work under way is for: it may have a sandbox that no listing shows yet. What ended,
 * or is not wanted any more, holds its ports until its sandbox is stopped.
 */
export function admitSlots(
  resolved: Resolved,
  observed: Observed,
  workingFor: ReadonlyMap<PodKey, Revision | undefined>,
  maxPods: number,
): ReadonlyMap<PodKey, Admission> {
  const wanted: { revision: Revision; incumbent: boolean }[] = [];
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
    const standing = pod?.sandboxes.some((sandbox) => sandbox.uid === revision.uid && sandbox.state === 'ready');
    wanted.push({ revision, incumbent: standing || workingFor.get(key)?.uid === revision.uid });
  }
  return admit({ wanted, leaving, maxPods });
}

/** Ran to its end: it holds nothing any more. */
function over({ pod, uid }: Revision, observed: ObservedPod): boolean {
  const newest = newestByName(observed.containers.filter((container) => container.uid === uid));
  return isOver(pod, { newest, sandboxes: observed.sandboxes.filter((sandbox) => sandbox.uid === uid) });
}
