import { type DocumentMemory, type Documents, NO_DOCUMENTS } from './documents.ts';
import type { Env } from './env.ts';
import type { CloudMarks } from './node.ts';
import type { Observed, ObservedPod } from './observed.ts';
import { withCloudMarks } from './plan/cloud-marks.ts';
import { type References, references } from './plan/references.ts';
import { type Resolved, resolveSlots } from './plan/resolve.ts';
import { type ResolvedDocuments, resolveDocuments } from './plan/resolve-documents.ts';
import type { Slot } from './slot.ts';
import type { Snapshot, Source } from './sources/source.ts';
import type { Pod, PodKey, Revision } from './types.ts';

/** The one owner of what is wanted: the sources' snapshots, the last good revision of each slot, the last good documents. */
export class Store {
  readonly #env: Env;
  readonly #sources: readonly Source[];
  #lastGood = new Map<PodKey, Revision>();
  #firstSeenMs = new Map<string, number>();
  #beside: ResolvedDocuments;
  /** What `#beside` was resolved from. */
  #seen: readonly Snapshot[] = [];

  readonly #memory: DocumentMemory | undefined;
  readonly #violation: (pod: Pod) => string | undefined;
  readonly #references = new WeakMap<Revision, { documents: Documents; references: References | undefined }>();

  readonly #cloud: () => CloudMarks | undefined;
  readonly #marked = new WeakMap<Revision, { marks: CloudMarks; revision: Revision }>();

  /** `violation`: why a Pod may not run on this machine. `cloud`: what the Pods show of it; asked for at each `resolve`. */
  constructor(
    env: Env,
    sources: readonly Source[],
    memory?: DocumentMemory,
    violation?: (pod: Pod) => string | undefined,
    cloud?: () => CloudMarks | undefined,
  ) {
    this.#violation = violation ?? (() => undefined);
    this.#env = env;
    this.#sources = sources;
    this.#memory = memory;
    this.#cloud = cloud ?? (() => undefined);
    this.#beside = { documents: memory?.documents ?? NO_DOCUMENTS, problems: [] };
  }

  /** The ConfigMaps, Secrets and claims of the last `resolve`; another object whenever one of them changed. */
  documents(): Documents {
    return this.#beside.documents;
  }

  /** What of them this revision depends on; computed anew only when some document changed. */
  references(revision: Revision): References | undefined {
    const documents = this.documents();
    const known = this.#references.get(revision);
    if (known?.documents === documents) return known.references;
    const found = references(revision.pod, documents);
    this.#references.set(revision, { documents, references: found });
    return found;
  }

  /** Every source has been read at least once, so what is in none of them is unwanted. */
  known(): boolean {
    return this.#sources.every((source) => source.current().state === 'known');
  }

  /** What is wanted now. Memory wins over the runtime's copy of a revision, which may be older. */
  resolve(observed: Observed): Resolved {
    const remembered = new Map<PodKey, Revision>();
    const unreadable = new Set<PodKey>();
    for (const [key, pod] of observed.pods) {
      const revision = newestRevision(pod);
      if (revision) remembered.set(key, revision);
      else if (pod.sandboxes.some(({ state }) => state === 'ready')) unreadable.add(key);
    }
    for (const [key, revision] of this.#lastGood) {
      remembered.set(key, revision);
      unreadable.delete(key);
    }
    const sources = this.#sources.map((source) => ({ kind: source.kind, snapshot: source.current() }));
    if (sources.some(({ snapshot }, index) => snapshot !== this.#seen[index])) {
      const before = this.documents();
      this.#beside = resolveDocuments({ sources, remembered: before });
      if (this.documents() !== before) this.#memory?.keep(this.documents());
      this.#seen = sources.map(({ snapshot }) => snapshot);
    }
    const resolved = resolveSlots({
      ...{ sources, remembered, observed: observed.pods.keys(), unreadable },
      violation: this.#violation,
    });
    this.#lastGood = new Map();
    const seen = new Map<string, number>();
    for (const [key, slot] of resolved.slots) {
      if (slot.state !== 'want') continue;
      this.#lastGood.set(key, slot.revision);
      seen.set(slot.revision.uid, this.startTimeMs(slot.revision.uid, observed.pods.get(key)));
    }
    this.#firstSeenMs = seen;
    const marks = this.#cloud();
    return {
      ...resolved,
      slots: marks ? this.#withMarks(resolved.slots, marks) : resolved.slots,
      problems: [...resolved.problems, ...this.#beside.problems],
    };
  }

  /** The same revision for the same marks, so that nothing is planned anew for nothing. */
  #withMarks(slots: ReadonlyMap<PodKey, Slot>, marks: CloudMarks): ReadonlyMap<PodKey, Slot> {
    return new Map(
      [...slots].map(([key, slot]): [PodKey, Slot] => {
        if (slot.state !== 'want') return [key, slot];
        const known = this.#marked.get(slot.revision);
        const revision = known?.marks === marks ? known.revision : withCloudMarks(slot.revision, marks);
        this.#marked.set(slot.revision, { marks, revision });
        return [key, { ...slot, revision }];
      }),
    );
  }

  /** First sight of a revision, wall clock; what its sandbox says wins, so a restart of the agent does not change it. */
  startTimeMs(uid: string, pod: ObservedPod | undefined): number {
    const recorded = pod?.sandboxes.find((sandbox) => sandbox.uid === uid && sandbox.record.startTimeMs !== undefined);
    return recorded?.record.startTimeMs ?? this.#firstSeenMs.get(uid) ?? this.#env.nowMs();
  }
}

/**
 * The revision of the sandbox that was made last. One that stands wins over one that does not, whatever their stamps
 * say: a revision is stopped before the next one is made, and a clock that was set back makes old sandboxes look young.
 */
export function newestRevision(pod: ObservedPod, otherThan?: string): Revision | undefined {
  const made = pod.sandboxes.filter(({ uid, record }) => uid !== otherThan && record.revision);
  const standing = made.filter(({ state }) => state === 'ready');
  const [newest] = (standing.length > 0 ? standing : made).toSorted((a, b) => b.createdAtMs - a.createdAtMs);
  return newest?.record.revision;
}
