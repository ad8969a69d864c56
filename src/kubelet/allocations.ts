import type { Node } from './node.ts';
import type { Observed, ObservedPod } from './observed.ts';
import type { Admission } from './plan/admission.ts';
import { allocatedPod, withMemoryRequests } from './plan/allocated.ts';
import { allContainers } from './plan/containers.ts';
import type { Resolved } from './plan/resolve.ts';
import type { Pod, PodKey, Revision } from './types.ts';

/** Of Pods that were resized: by uid, by name of the container. */
export type MemoryRequests = ReadonlyMap<string, Readonly<Record<string, string>>>;

/** What outlives the agent. */
export interface AmountMemory {
  /** As the agent before this one left them. */
  readonly requests: MemoryRequests;
  /** Told of every change. Never throws. */
  keep(requests: MemoryRequests): void;
}

/**
 * Which amounts each Pod has been given, so that who came first keeps them. May be lost at any moment: then they are read
 * back from the runtime, and memory requests that were changed while the Pod ran, which show nowhere, from `memory`.
 */
export class Allocations {
  readonly #node: Node;
  readonly #memory: AmountMemory | undefined;
  /** By uid. */
  #pods = new Map<string, Pod>();
  /** What each stood with before this round's decision, by uid. */
  readonly #stoodWith = new Map<string, Pod>();
  #requests: MemoryRequests;

  constructor(node: Node, memory?: AmountMemory) {
    this.#node = node;
    this.#memory = memory;
    this.#requests = memory?.requests ?? new Map();
  }

  of(revision: Revision, observed: ObservedPod | undefined): Pod {
    const { uid } = revision;
    const pod =
      this.#pods.get(uid) ??
      withMemoryRequests(allocatedPod(revision, observed, this.#node), this.#requests.get(uid) ?? {});
    this.#stoodWith.set(uid, pod);
    return pod;
  }

  /** What was decided in a round; everybody else is forgotten, on paper as soon as nothing of it is there any more. */
  keep({ slots }: Resolved, admissions: ReadonlyMap<PodKey, Admission>, observed: Pick<Observed, 'pods'>): void {
    const pods = new Map<string, Pod>();
    const requests = new Map(this.#requests);
    for (const [key, admission] of admissions) {
      const slot = slots.get(key);
      if (admission.verdict !== 'admit' || slot?.state !== 'want') continue;
      const { uid } = slot.revision;
      const pod = admission.allocated ?? slot.revision.pod;
      pods.set(uid, pod);
      const before = this.#stoodWith.get(uid);
      const given = memoryRequests(pod);
      if (requests.has(uid) || (before && !same(memoryRequests(before), given))) requests.set(uid, given);
    }
    this.#pods = pods;
    this.#stoodWith.clear();
    for (const uid of requests.keys()) if (!pods.has(uid) && !isThere(uid, observed)) requests.delete(uid);
    if (same([...requests], [...this.#requests])) return;
    this.#requests = requests;
    this.#memory?.keep(requests);
  }
}

function memoryRequests(pod: Pod): Record<string, string> {
  return Object.fromEntries(
    allContainers(pod.spec).flatMap(({ name, resources }) => {
      const memory = resources?.requests?.memory;
      return memory === undefined ? [] : [[name, memory]];
    }),
  );
}

function isThere(uid: string, { pods }: Pick<Observed, 'pods'>): boolean {
  return [...pods.values()].some((pod) => [...pod.sandboxes, ...pod.containers].some((one) => one.uid === uid));
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
