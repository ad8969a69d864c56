import { type DocumentMemory, type Documents, NO_DOCUMENTS } from './documents.ts';
import type { Env } from './env.ts';
import type { Observed, ObservedPod } from './observed.ts';
import { type References, references } from './plan/references.ts';
import { type Resolved, resolveSlots } from './plan/resolve.ts';
import { type ResolvedDocuments, resolveDocuments } from './plan/resolve-documents.ts';
import type { Snapshot, Source } from './sources/source.ts';
import type { PodKey, Revision } from './types.ts';

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
  readonly #references = new WeakMap<Revision, { documents: Documents; references: References | undefined }>();

  constructor(env: Env, sources: readonly Source[], memory?: DocumentMemory) {
    this.#env = env;
    this.#sources = sources;
    this.#memory = memory;
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
    for (const [key, pod] of observed.pods) {
      const revision = newestRevision(pod);
      if (revision) remembered.set(key, revision);
    }
    for (const [key, revision] of this.#lastGood) remembered.set(key, revision);
    const sources = this.#sources.map((source) => ({ kind: source.kind, snapshot: source.current() }));
    if (sources.some(({ snapshot }, index) => snapshot !== this.#seen[index])) {
      const before = this.documents();
      this.#beside = resolveDocuments({ sources, remembered: before });
      if (this.documents() !== before) this.#memory?.keep(this.documents());
      this.#seen = sources.map(({ snapshot }) => snapshot);
    }
    const resolved = resolveSlots({ sources, remembered, observed: observed.pods.keys() });
    this.#lastGood = new Map();
    const seen = new Map<string, number>();
    for (const [key, slot] of resolved.slots) {
      if (slot.state !== 'want') continue;
      this.#lastGood.set(key, slot.revision);
      seen.set(slot.revision.uid, this.startTimeMs(slot.revision.uid, observed.pods.get(key)));
    }
    this.#firstSeenMs = seen;
    return { ...resolved, problems: [...resolved.problems, ...this.#beside.problems] };
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
