import { Allocations, type AmountMemory } from './allocations.ts';
import { Doing } from './doing.ts';
import type { Env } from './env.ts';
import type { Executor } from './execute.ts';
import type { Insight } from './insight.ts';
import type { Lanes } from './lanes.ts';
import type { Lack, Memo } from './memo.ts';
import type { Node } from './node.ts';
import type { Notes } from './notes.ts';
import { holds } from './observed.ts';
import type { Admission, Refusal } from './plan/admission.ts';
import { admitSlots } from './plan/admit-slots.ts';
import { explainAction } from './plan/explain.ts';
import { forbidden } from './plan/forbidden.ts';
import type { PodInput } from './plan/input.ts';
import { planPod } from './plan/pod.ts';
import type { Resolved } from './plan/resolve.ts';
import { nodeRoom } from './plan/room.ts';
import type { Action, Plan } from './plan/types.ts';
import { wantedImages } from './plan/wanted-images.ts';
import type { Listing } from './runtime-cache.ts';
import type { NodeShutdown } from './shutdown.ts';
import { type Slot, wantedUid } from './slot.ts';
import { StopRoom } from './stop-room.ts';
import type { Store } from './store.ts';
import type { Pod, PodKey, Revision } from './types.ts';
import { type Verdict, verdictsOf } from './verdict.ts';

export interface KubeletSettings {
  maxPods: number;
  maxContainerRestartPeriodMs: number;
  maxParallelImagePulls: number;
  /** Pods being started at once; near twice the cores is where throughput stops growing. */
  startConcurrency: number;
}

export interface DispatcherOptions {
  env: Env;
  lanes: Lanes;
  notes: Notes;
  store: Store;
  executor: Executor;
  node: Node;
  settings: KubeletSettings;
  verdicts: () => ReadonlyMap<string, Verdict>;
  networkReady: () => boolean;
  shutdown?: NodeShutdown | undefined;
  amounts?: AmountMemory | undefined;
}

/** Plans each slot that may be planned, when anything it depends on changed, and hands its actions to lanes. */
export class Dispatcher {
  readonly #o: DispatcherOptions;
  readonly #memos = new Map<PodKey, Memo>();
  /** Number of the last listing that had begun when a slot's last work ended: only later ones show its effect. */
  readonly #endedAt = new Map<PodKey, number>();
  /** Revision each slot's main lane works for, or worked for until its effect is in a listing. */
  readonly #workingFor = new Map<PodKey, Revision | undefined>();
  /** Slots whose main lane is busy: does it start something? */
  readonly #chains = new Map<PodKey, boolean>();
  #refusals = new WeakMap<Pod, Refusal | null>();
  readonly #doing = new Doing();
  readonly #stopRoom: StopRoom;
  #admissions: ReadonlyMap<PodKey, Admission> = new Map();
  readonly #allocations: Allocations;

  /** Made once: in the scope of a planning they would keep that of the plan before it alive, and so on for ever. */
  readonly #lookUp: Pick<PodInput, 'notesOf' | 'absentSince' | 'imageKnown'>;

  constructor(options: DispatcherOptions) {
    this.#o = options;
    const { notes, node, amounts } = options;
    this.#allocations = new Allocations(node, amounts);
    this.#stopRoom = new StopRoom(options.env);
    options.shutdown?.onTurn(() => this.#abandonStarts());
    this.#lookUp = {
      notesOf: (uid) => notes.pod(uid),
      absentSince: (image) => notes.absentSince(image),
      imageKnown: (image) => notes.known(image),
    };
  }

  get admissions(): ReadonlyMap<PodKey, Admission> {
    return this.#admissions;
  }

  /** Work of this slot ended when listing number `generation` was the last one that had begun. */
  ended(owner: PodKey, generation: number): void {
    this.#endedAt.set(owner, generation);
  }

  /** Does this listing show all that was done for a slot? */
  isSettled(key: PodKey, listing: Listing): boolean {
    const seen = listing.generation > (this.#endedAt.get(key) ?? 0) && !listing.unsure.has(key);
    return seen && !this.#o.lanes.busy('pod', key);
  }

  /** The machine goes down, or somebody has its turn: what is being started goes no further, and is planned anew. */
  #abandonStarts(): void {
    for (const [key, starts] of this.#chains) if (starts) this.#o.lanes.abort('pod', key);
  }

  /** When some slot has to be planned again at the latest, monotonic ms. */
  wakeAtMs(): number {
    let wakeAtMs = Number.POSITIVE_INFINITY;
    for (const [key, memo] of this.#memos)
      if (!this.#o.lanes.busy('pod', key)) wakeAtMs = Math.min(wakeAtMs, memo.wakeAtMs);
    return wakeAtMs;
  }

  /** Judged once: a revision does not change, and what the owner allows only with a reload, which plans all again. */
  #refusalOf(pod: Pod): Refusal | undefined {
    const known = this.#refusals.get(pod);
    if (known !== undefined) return known ?? undefined;
    const found = forbidden(pod, this.#o.node);
    this.#refusals.set(pod, found ?? null);
    return found;
  }

  /** Plans what may be planned and hands it out. Returns how many slots had to be planned anew. */
  planAll(resolved: Resolved, listing: Listing): number {
    for (const key of this.#workingFor.keys()) {
      if (!this.#o.lanes.busy('pod', key) && listing.generation > (this.#endedAt.get(key) ?? 0))
        this.#workingFor.delete(key);
    }
    const { node, settings } = this.#o;
    this.#admissions = admitSlots(resolved, listing, this.#workingFor, {
      capacity: { maxPods: settings.maxPods, room: nodeRoom(node) },
      runningAs: (revision, observed) => this.#allocations.of(revision, observed),
      forbidden: (pod) => this.#refusalOf(pod),
    });
    this.#allocations.keep(resolved, this.#admissions, listing);
    const images = wantedImages(resolved);
    for (const image of this.#o.lanes.subjects('pull')) if (!images.has(image)) this.#o.lanes.abort('pull', image);
    let planned = 0;
    for (const key of this.#memos.keys()) if (!resolved.slots.has(key)) this.#forget(key);
    // In the order of the files, so that capacity goes to whom it would go to alone.
    const order = new Set([...resolved.order, ...resolved.slots.keys()]);
    for (const key of order) {
      const slot = resolved.slots.get(key) as Slot;
      if (this.#o.lanes.busy('pod', key)) {
        if ((this.#workingFor.get(key)?.uid ?? '') !== wantedUid(slot)) this.#o.lanes.abort('pod', key);
        continue;
      }
      if (listing.unsure.has(key) || listing.generation <= (this.#endedAt.get(key) ?? 0)) continue;
      if (this.#planSlot(slot, listing)) planned += 1;
    }
    return planned;
  }

  /** Room for a start came free: who waits for it begins at once, by what the last planning saw. */
  refill(resolved: Resolved, listing: Listing): void {
    for (const [key, { lacks }] of this.#memos) {
      const slot = resolved.slots.get(key);
      if (lacks === 'start' && slot && this.isSettled(key, listing) && this.#roomFor('start', key))
        this.#planSlot(slot, listing);
    }
  }

  #planSlot(slot: Slot, listing: Listing): boolean {
    const { env, settings } = this.#o;
    const { key } = slot;
    const observed = listing.pods.get(key);
    const uid = wantedUid(slot);
    // Stopped and gone, and wanted again: a new life.
    if (this.#o.notes.pod(uid).stoppingSinceMs !== undefined && !holds(observed, uid)) this.#o.notes.forget(uid);
    const admission = this.#admissions.get(key) ?? { verdict: 'admit' };
    const notes = this.#o.notes.pod(uid);
    const held = slot.state === 'want' ? slot.held : '';
    const revision = slot.state === 'want' ? slot.revision : undefined;
    const references = revision && this.#o.store.references(revision);
    const verdicts = this.#o.verdicts();
    const shutdown = revision && this.#o.shutdown?.of(revision.pod);
    const basis = [
      slot.state,
      revision,
      references?.digest,
      held,
      observed,
      JSON.stringify(admission),
      notes,
      this.#o.lanes.version(key),
      this.#o.networkReady(),
      shutdown?.stop,
      this.#o.shutdown?.stopped(uid),
      ...verdictsOf(observed, verdicts),
    ];
    const memo = this.#memos.get(key);
    const monotonicMs = env.monotonicMs();
    const stands =
      memo &&
      memo.basis.length === basis.length &&
      memo.wakeAtMs > monotonicMs &&
      (!memo.lacks || !this.#roomFor(memo.lacks, key));
    if (stands && basis.every((value, index) => value === memo.basis[index])) return false;
    const nowMs = env.nowMs();
    const input: PodInput = {
      slot: given(slot, admission),
      observed,
      clock: { nowMs, monotonicMs },
      admission,
      startTimeMs: this.#o.store.startTimeMs(uid, observed),
      inFlight: this.#inFlight(key),
      notes,
      verdicts,
      ...this.#lookUp,
      references,
      shutdown,
      node: this.#o.node,
      stoppedByShutdown: this.#o.shutdown?.stopped(uid),
      networkReady: this.#o.networkReady(),
      maxContainerRestartPeriodMs: settings.maxContainerRestartPeriodMs,
    };
    const plan = planPod(input);
    this.#takeNote(plan, uid, nowMs, monotonicMs);
    const wakeMs = Math.min(...plan.waits.map((wait) => wait.untilMs ?? Number.POSITIVE_INFINITY)) - nowMs;
    // What changed the lanes by being handed out is planned again: their version is in the basis.
    const lacks = this.#handOut(slot, plan.actions);
    const retryMs = lacks === 'stop' ? this.#stopRoom.freeInMs() : Number.POSITIVE_INFINITY;
    this.#memos.set(key, { basis, plan, wakeAtMs: monotonicMs + Math.min(wakeMs, retryMs), input, lacks });
    return true;
  }

  #inFlight(key: PodKey): PodInput['inFlight'] {
    const { lanes } = this.#o;
    return {
      stopping: lanes.subjects('stop', key),
      pulling: lanes.subjects('pull'),
      hooks: lanes.subjects('hook', key),
    };
  }

  /** When stops began: grace periods count from there. */
  #takeNote(plan: Plan, uid: string, nowMs: number, monotonicMs: number): void {
    for (const leaving of plan.leaving ?? []) this.#o.notes.leaving(leaving, nowMs, monotonicMs);
    if (!plan.leaving?.includes(uid)) this.#o.notes.ending(uid, plan.over ? monotonicMs : undefined);
    for (const action of plan.actions) {
      if (action.kind === 'run-hook' && action.hook === 'preStop')
        this.#o.notes.hookBegan(action.uid, action.containerId, monotonicMs);
    }
  }

  /** Puts actions into their lanes. Returns what there was no room for. */
  #handOut(slot: Slot, actions: readonly Action[]): Lack | undefined {
    const { key } = slot;
    const chain: Action[] = [];
    let lacks: Lack | undefined;
    for (const action of actions) {
      if (action.kind === 'stop-container' || action.kind === 'run-hook') {
        if (!this.#end(key, action)) lacks = 'stop';
      } else if (action.kind !== 'pull-image') chain.push(action);
      else if (this.#roomFor('pull', key)) this.#run('pull', action.image, key, [action]);
      else lacks ??= 'pull';
    }
    if (chain.length === 0) return lacks;
    if (chain.some(isStart) && !this.#roomFor('start', key)) return lacks ?? 'start';
    this.#workingFor.set(key, slot.state === 'want' ? slot.revision : undefined);
    this.#chains.set(key, chain.some(isStart));
    this.#run('pod', key, key, chain);
    return lacks;
  }

  #roomFor(what: Lack, key: PodKey): boolean {
    const { lanes, settings } = this.#o;
    if (what === 'stop') return this.#stopRoom.isFree(key);
    if (what === 'pull') return lanes.count('pull') < settings.maxParallelImagePulls;
    let starting = 0;
    for (const starts of this.#chains.values()) if (starts) starting += 1;
    return starting < settings.startConcurrency;
  }

  /** Begins a stop or a hook. False when the runtime has enough to do with those that just began. */
  #end(key: PodKey, action: Extract<Action, { kind: 'stop-container' | 'run-hook' }>): boolean {
    const { containerId, uid } = action;
    const hook = action.kind === 'run-hook';
    const subject = hook ? `${containerId}/${action.hook}` : containerId;
    const lane = hook ? 'hook' : 'stop';
    if (this.#o.lanes.busy(lane, subject)) return true;
    // Only a command is work for the runtime.
    const free = (hook && !action.handler.exec) || this.#stopRoom.begin(key, subject);
    if (!free) return false;
    if (!hook) this.#o.notes.stopSent(uid, containerId, this.#o.env.monotonicMs());
    this.#run(lane, subject, key, [action]);
    return true;
  }

  #run(kind: 'pod' | 'stop' | 'hook' | 'pull', subject: string, key: PodKey, actions: readonly Action[]): void {
    this.#o.lanes.start(kind, subject, key, async (signal) => {
      const lane = `${kind}/${subject}`;
      const result = await this.#o.executor.run(key, actions, signal, (action, rest) =>
        this.#doing.step(lane, { key, action, rest, sinceMs: this.#o.env.nowMs() }),
      );
      this.#doing.ended(lane);
      this.#stopRoom.ended(subject);
      if (kind === 'pod') this.#chains.delete(key);
      return result;
    });
  }

  /** Has this container been told to stop, or does it only wait for room to be told? */
  isTold(key: PodKey, containerId: string): boolean {
    if (this.#o.lanes.busy('stop', containerId)) return true;
    const actions = this.#memos.get(key)?.plan.actions ?? [];
    return actions.some((action) => action.kind === 'stop-container' && action.containerId === containerId);
  }

  /** What is done for a Pod now, and what comes next: what its lanes have left, or what is planned when its wait ends. */
  insight(key: PodKey): Pick<Insight, 'doing' | 'next'> {
    const insight = this.#doing.of(key);
    const memo = this.#memos.get(key);
    if (!memo || insight.next.what.length > 0) return insight;
    if (insight.doing.length === 0 && memo.plan.actions.length > 0)
      return { ...insight, next: { what: memo.plan.actions.map(explainAction) } };
    const laterMs = memo.wakeAtMs - memo.input.clock.monotonicMs;
    if (!Number.isFinite(laterMs) || laterMs <= 0) return insight;
    const { nowMs, monotonicMs } = memo.input.clock;
    // A millisecond later: sums of times are not exact.
    const clock = { nowMs: nowMs + laterMs + 1, monotonicMs: monotonicMs + laterMs + 1 };
    const then = planPod({ ...memo.input, clock, inFlight: this.#inFlight(key) });
    return { ...insight, next: { what: then.actions.map(explainAction), atMs: nowMs + laterMs } };
  }

  /** Something that no plan's basis shows has changed: every Pod is planned again. */
  replanAll(): void {
    this.#refusals = new WeakMap();
    for (const [key, memo] of this.#memos) this.#memos.set(key, { ...memo, basis: [] });
  }

  /** The latest plan of each slot. */
  plans(): ReadonlyMap<PodKey, Plan> {
    return new Map([...this.#memos].map(([key, memo]) => [key, memo.plan]));
  }

  #forget(key: PodKey): void {
    this.#memos.delete(key);
    this.#endedAt.delete(key);
    this.#o.lanes.forget(key);
  }
}

/** What is planned for is the Pod with the amounts that it has been given. */
function given(slot: Slot, admission: Admission): Slot {
  if (slot.state !== 'want' || admission.verdict !== 'admit' || !admission.allocated) return slot;
  return { ...slot, revision: { ...slot.revision, pod: admission.allocated } };
}

const isStart = (action: Action) =>
  action.kind === 'run-sandbox' || action.kind === 'create-container' || action.kind === 'start-container';
