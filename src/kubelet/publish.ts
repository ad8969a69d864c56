import type { Env } from './env.ts';
import type { EventRing } from './events.ts';
import type { MetadataView } from './metadata-view.ts';
import type { Meter } from './meter.ts';
import type { Node } from './node.ts';
import type { Notes } from './notes.ts';
import type { Observed, ObservedPod } from './observed.ts';
import type { Admission } from './plan/admission.ts';
import type { Resolved } from './plan/resolve.ts';
import type { Plan, Wait } from './plan/types.ts';
import { waitEvents } from './plan/wait-events.ts';
import type { PodView, Published, RuntimeView, SourceProblem } from './published.ts';
import type { Slot } from './slot.ts';
import { DEADLINE_EXCEEDED, generateStatus } from './status/generate.ts';
import { kubeTime } from './status/time.ts';
import { newestRevision } from './store.ts';
import type { Pod, PodKey, PodStatus, Revision } from './types.ts';
import { type Verdict, verdictsOf } from './verdict.ts';

export interface Round {
  readonly resolved: Resolved;
  readonly observed: Observed;
  readonly plans: ReadonlyMap<PodKey, Plan>;
  readonly admissions: ReadonlyMap<PodKey, Admission>;
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly startTimeMs: (uid: string, key: PodKey) => number;
  readonly runtime: RuntimeView;
  readonly sourcesKnown: boolean;
}

interface PublisherOptions {
  env: Env;
  node: Node;
  recorder: EventRing;
  notes: Notes;
  meter: Pick<Meter, 'podRejected'>;
  /** The same object as long as nothing in it changed. */
  metadata?: (() => MetadataView | undefined) | undefined;
}

interface Shown {
  readonly basis: readonly unknown[];
  readonly view: PodView;
  /** Everything of the object but its resourceVersion. */
  readonly json: string;
  /** Why it is refused, as was told. */
  readonly refused: string | undefined;
}

const ADMIT: Admission = { verdict: 'admit' };

/** Turns a round into the one frozen value the outside sees, and into events for what is new in it. */
export class Publisher {
  readonly #env: Env;
  readonly #node: Node;
  readonly #recorder: EventRing;
  readonly #notes: Notes;
  readonly #meter: Pick<Meter, 'podRejected'>;
  readonly #metadata: () => MetadataView | undefined;
  readonly #listeners = new Set<(published: Published) => void>();
  readonly #shown = new Map<PodKey, Shown>();
  /** Decimal; starts from the wall clock in µs, so that it grows across restarts of the agent too. */
  #resourceVersion: number;
  #published: Published;
  #problemKeys = new Set<string>();

  constructor(options: PublisherOptions) {
    const { env, node, recorder, notes, meter } = options;
    this.#meter = meter;
    this.#env = env;
    this.#metadata = options.metadata ?? (() => undefined);
    this.#node = node;
    this.#recorder = recorder;
    this.#notes = notes;
    const startedAtMs = env.nowMs();
    this.#resourceVersion = Math.floor(startedAtMs * 1000);
    this.#published = {
      resourceVersion: String(this.#resourceVersion),
      atMs: startedAtMs,
      node,
      startedAtMs,
      runtime: {
        ready: false,
        name: '',
        version: '',
        networkReady: false,
        message: 'the container runtime has not answered yet',
      },
      sourcesKnown: false,
      pods: [],
      problems: [],
    };
  }

  published(): Published {
    return this.#published;
  }

  onPublished(listener: (published: Published) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  publish(round: Round): void {
    const before = this.#published;
    const pods: PodView[] = [];
    const keys = new Set<PodKey>();
    for (const slot of round.resolved.slots.values()) {
      const view = this.#view(slot, round);
      if (!view) continue;
      keys.add(slot.key);
      pods.push(view);
    }
    for (const key of this.#shown.keys()) if (!keys.has(key)) this.#shown.delete(key);
    const metadata = this.#metadata();
    const problems = this.#problems(round.resolved.problems);
    const samePods = pods.length === before.pods.length && pods.every((view, index) => view === before.pods[index]);
    const same =
      samePods &&
      problems === before.problems &&
      metadata === before.metadata &&
      round.runtime === before.runtime &&
      round.sourcesKnown === before.sourcesKnown;
    if (same) return;
    this.#published = Object.freeze({
      ...before,
      resourceVersion: samePods && pods.length === before.pods.length ? before.resourceVersion : this.#nextVersion(),
      atMs: this.#env.nowMs(),
      runtime: round.runtime,
      sourcesKnown: round.sourcesKnown,
      pods,
      problems,
      ...(metadata && { metadata }),
    });
    for (const listener of this.#listeners) listener(this.#published);
  }

  #nextVersion(): string {
    this.#resourceVersion += 1;
    return String(this.#resourceVersion);
  }

  #view(slot: Slot, round: Round): PodView | undefined {
    const { key } = slot;
    const observed = round.observed.pods.get(key);
    const plan = round.plans.get(key);
    const waits = plan?.waits ?? [];
    const wanted = slot.state === 'want' ? slot.revision : undefined;
    const revision = shownRevision(wanted, observed, waits);
    if (!revision) return undefined;
    const held = slot.state === 'want' ? slot.held : undefined;
    const admission = revision === wanted ? (round.admissions.get(key) ?? ADMIT) : ADMIT;
    const stoppingSinceMs = this.#notes.pod(revision.uid).stoppingSinceMs;
    const away = !round.runtime.name;
    const basis = [
      slot.state,
      revision,
      observed,
      plan,
      JSON.stringify(admission),
      stoppingSinceMs,
      held,
      away,
      ...verdictsOf(observed, round.verdicts),
    ];
    const shown = this.#shown.get(key);
    if (shown?.basis.length === basis.length && basis.every((value, index) => value === shown.basis[index]))
      return shown.view;

    const before = shown?.view.pod.metadata.uid === revision.uid ? shown.view.pod.status : undefined;
    const startTimeMs = round.startTimeMs(revision.uid, key);
    const status = away
      ? unknownStatus(round.runtime)
      : generateStatus({
          pod: revision.pod,
          observed,
          waits,
          admission,
          down: plan?.down,
          startTimeMs,
          nowMs: this.#env.nowMs(),
          verdicts: round.verdicts,
          hostIps: this.#node.ips,
          node: this.#node,
          resizing: plan?.resizing,
          runtimeName: round.runtime.name,
          before,
        });
    const pod = dress(revision, status, startTimeMs, stoppingSinceMs);
    const json = JSON.stringify(pod);
    this.#announce(revision, waits, admission, shown);
    if (status.reason === DEADLINE_EXCEEDED && before?.reason !== DEADLINE_EXCEEDED)
      this.#recorder.record(objectOf(revision), 'Normal', DEADLINE_EXCEEDED, status.message ?? '');
    const refused = admission.verdict === 'reject' ? admission.message : undefined;
    if (shown?.json === json && shown.view.held === held && shown.view.waits === waits) {
      this.#shown.set(key, { ...shown, basis, refused });
      return shown.view;
    }
    const resourceVersion = shown?.json === json ? shown.view.pod.metadata.resourceVersion : this.#nextVersion();
    const view: PodView = Object.freeze({
      key,
      pod: { ...pod, metadata: { ...pod.metadata, ...(resourceVersion && { resourceVersion }) } },
      origin: revision.origin,
      waits,
      ...(held && { held }),
    });
    this.#shown.set(key, { basis, view, json, refused });
    return view;
  }

  /** Events for what a Pod newly waits for, or is newly refused for. */
  #announce(revision: Revision, waits: readonly Wait[], admission: Admission, shown: Shown | undefined): void {
    const object = objectOf(revision);
    const pending = admission.verdict === 'admit' ? admission.pending : undefined;
    if (pending && !shown?.view.pod.status?.conditions?.some(({ message }) => message === pending.message))
      this.#recorder.record(
        object,
        'Warning',
        `Resize${pending.reason}`,
        `Pod resize ${pending.reason.toLowerCase()}: ${pending.message}`,
      );
    if (admission.verdict === 'reject' && shown?.refused !== admission.message) {
      this.#recorder.record(object, 'Warning', admission.reason, admission.message);
      this.#meter.podRejected(admission.reason);
    }
    for (const wait of waits) {
      for (const { reason, message } of waitEvents(revision.pod, wait, shown?.view.waits ?? []))
        this.#recorder.record(
          { ...object, fieldPath: `spec.containers{${wait.container}}` },
          'Warning',
          reason,
          message,
        );
    }
  }

  /** The same array as long as the problems are the same; an event for each new one, on the node: there is no Pod. */
  #problems(problems: readonly SourceProblem[]): readonly SourceProblem[] {
    const keys = new Set(problems.map((problem) => JSON.stringify(problem)));
    if (keys.size === this.#problemKeys.size && [...keys].every((key) => this.#problemKeys.has(key)))
      return this.#published.problems;
    for (const found of problems) if (!this.#problemKeys.has(JSON.stringify(found))) this.#announceProblem(found);
    this.#problemKeys = keys;
    return problems;
  }

  #announceProblem({ origin, problem }: SourceProblem): void {
    const { name } = this.#node;
    const place = [origin.location, problem.line, problem.line && problem.column]
      .filter((part) => part !== undefined)
      .join(':');
    const message = `${place}: ${problem.field ? `${problem.field}: ` : ''}${problem.message}`;
    this.#recorder.record(
      { kind: 'Node', namespace: 'default', name, uid: name },
      'Warning',
      problem.severity === 'error' ? 'FailedValidation' : 'ManifestWarning',
      message,
    );
  }
}

/** While a former revision stops, or runs on until the next one's images are here, it is the one to show. */
function shownRevision(
  wanted: Revision | undefined,
  observed: ObservedPod | undefined,
  waits: readonly Wait[],
): Revision | undefined {
  const former = !wanted || waits.some((wait) => wait.reason === 'Terminating' || wait.reason === 'PullingAhead');
  if (!former || !observed) return wanted;
  return newestRevision(observed, wanted?.uid) ?? wanted;
}

function objectOf({ pod: { metadata } }: Revision) {
  const { namespace, name, uid } = metadata;
  return { kind: 'Pod' as const, namespace, name, uid };
}

function unknownStatus(runtime: RuntimeView): PodStatus {
  return { phase: 'Unknown', reason: 'RuntimeNotReady', message: runtime.message };
}

function dress({ pod }: Revision, status: PodStatus, startTimeMs: number, stoppingSinceMs: number | undefined): Pod {
  const grace = pod.spec.terminationGracePeriodSeconds;
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      creationTimestamp: kubeTime(startTimeMs),
      annotations: { ...pod.metadata.annotations, 'kubernetes.io/config.seen': new Date(startTimeMs).toISOString() },
      ...(stoppingSinceMs !== undefined && {
        deletionTimestamp: kubeTime(stoppingSinceMs + grace * 1000),
        deletionGracePeriodSeconds: grace,
      }),
    },
    status,
  };
}
