import type { Node } from './node.ts';
import type { ObservedPod } from './observed.ts';
import type { Admission } from './plan/admission.ts';
import { allocatedPod } from './plan/allocated.ts';
import type { Resolved } from './plan/resolve.ts';
import type { Pod, PodKey, Revision } from './types.ts';

/**
 * Which amounts each Pod has been given, so that who came first keeps them. May be lost at any moment: then they are read
 * back from the runtime, but for memory requests that were changed while the Pod ran, which show nowhere.
 */
export class Allocations {
  readonly #node: Node;
  /** By uid. */
  #pods = new Map<string, Pod>();

  constructor(node: Node) {
    this.#node = node;
  }

  of(revision: Revision, observed: ObservedPod | undefined): Pod {
    return this.#pods.get(revision.uid) ?? allocatedPod(revision, observed, this.#node);
  }

  /** What was decided in a round; everybody else is forgotten. */
  keep({ slots }: Resolved, admissions: ReadonlyMap<PodKey, Admission>): void {
    const pods = new Map<string, Pod>();
    for (const [key, admission] of admissions) {
      const slot = slots.get(key);
      if (admission.verdict !== 'admit' || slot?.state !== 'want') continue;
      pods.set(slot.revision.uid, admission.allocated ?? slot.revision.pod);
    }
    this.#pods = pods;
  }
}
