import type { SourceProblem } from '../published.ts';
import type { Slot } from '../slot.ts';
import type { FileResult, Snapshot } from '../sources/source.ts';
import type { Pod, PodKey, PodOrigin, Revision } from '../types.ts';

export interface ResolveInput {
  /** In order of precedence; the file source first. */
  readonly sources: readonly { readonly kind: PodOrigin['kind']; readonly snapshot: Snapshot }[];
  /** The last good revision of each slot, from memory or else from the sandbox's annotation. */
  readonly remembered: ReadonlyMap<PodKey, Revision>;
  /** Slots of which the runtime holds anything. */
  readonly observed: Iterable<PodKey>;
  /** Those with a sandbox that stands and does not tell what it was made for: another version made it. Absent: none. */
  readonly unreadable?: ReadonlySet<PodKey>;
  /** Why a Pod may not run on this machine; undefined: it may. Absent: every one may. */
  readonly violation?: (pod: Pod) => string | undefined;
}

/** Where to look for what no manifest tells. */
const RUNTIME: PodOrigin = { kind: 'file', location: 'container runtime' };
const UNREADABLE =
  'runs, no manifest names it, and its annotation rower.dev/pod cannot be read by this version: it is left alone. Put its manifest back, or remove its sandbox (crictl stopp, crictl rmp)';

export interface Resolved {
  /** Sorted by key. */
  readonly slots: ReadonlyMap<PodKey, Slot>;
  /** Keys of wanted slots in the order of their files: who comes first wins ports and places. */
  readonly order: readonly PodKey[];
  readonly problems: readonly SourceProblem[];
}

/**
 * What every source together wants. Pure.
 *
 * A file is taken whole or not at all. A broken file claims, at its own place in the order, the Pods it last brought;
 * an unknown source claims all of its own. The first claim of a name wins (by path within a source, files before the
 * URL); the others are reported, so nothing flaps as it does in the kubelet (pkg/kubelet/config/file.go). An edit that the
 * owner of the machine forbids leaves the Pod as it was, as an API server would. What runs and cannot be read is left
 * alone as long as nobody wants something else in its place.
 */
export function resolveSlots(input: ResolveInput): Resolved {
  const claims = new Map<PodKey, Slot & { state: 'want' }>();
  const problems: SourceProblem[] = [];
  let allKnown = true;

  const rememberedFrom = (matches: (origin: PodOrigin) => boolean, held: string) => {
    for (const revision of [...input.remembered.values()].sort(byKey)) {
      if (!claims.has(revision.key) && matches(revision.origin))
        claims.set(revision.key, { state: 'want', key: revision.key, revision, held });
    }
  };
  const take = (file: FileResult) => {
    for (const problem of file.problems) problems.push({ origin: file.origin, problem });
    if (file.problems.some((problem) => problem.severity === 'error'))
      rememberedFrom(
        (origin) => sameOrigin(origin, file.origin),
        `${file.origin.location} is broken; its last good version runs on`,
      );
    for (const revision of file.revisions) {
      const first = claims.get(revision.key);
      if (first) problems.push({ origin: file.origin, problem: duplicate(revision, first.revision) });
      else claims.set(revision.key, allowed(revision));
    }
  };
  const allowed = (revision: Revision): Slot & { state: 'want' } => {
    const { key, pod, origin } = revision;
    const before = input.remembered.get(key);
    const violation = before && before.uid !== revision.uid && input.violation?.(pod);
    if (!before || !violation || !sameOrigin(before.origin, origin) || input.violation?.(before.pod) !== undefined)
      return { state: 'want', key, revision };
    problems.push({ origin, problem: { severity: 'error', field: '', message: `Pod ${key}: ${violation}` } });
    const held = `${origin.location} asks for what is not allowed on this machine; its last good version runs on`;
    return { state: 'want', key, revision: before, held };
  };

  for (const { kind, snapshot } of input.sources) {
    if (snapshot.state === 'known') for (const file of snapshot.files) take(file);
    else {
      allKnown = false;
      rememberedFrom((origin) => origin.kind === kind, snapshot.why);
    }
  }

  const slots = new Map<PodKey, Slot>(claims);
  for (const key of new Set([...input.remembered.keys(), ...input.observed])) {
    if (slots.has(key)) continue;
    if (input.unreadable?.has(key)) {
      slots.set(key, { state: 'hold', key, why: UNREADABLE });
      problems.push({
        origin: RUNTIME,
        problem: { severity: 'error', field: '', message: `Pod ${key} ${UNREADABLE}` },
      });
    } else if (allKnown || input.remembered.has(key)) slots.set(key, { state: 'drop', key });
    else slots.set(key, { state: 'hold', key, why: 'not every source has been read, and its origin is not known' });
  }
  return {
    slots: new Map([...slots].sort(([a], [b]) => (a < b ? -1 : 1))),
    order: [...claims.keys()],
    problems,
  };
}

function duplicate(revision: Revision, first: Revision) {
  const { name, namespace } = revision.pod.metadata;
  return {
    severity: 'error' as const,
    field: 'metadata.name',
    message: `duplicate pod name "${name}" in namespace "${namespace}": ${first.origin.location} comes first and is used, this one is ignored`,
  };
}

const sameOrigin = (a: PodOrigin, b: PodOrigin) => a.kind === b.kind && a.location === b.location;
const byKey = (a: Revision, b: Revision) => (a.key < b.key ? -1 : 1);
