import type * as cri from '../cri/port.ts';
import type { CriStats } from '../cri/stats.ts';
import type { AmountMemory } from './allocations.ts';
import { Dispatcher, type KubeletSettings } from './dispatch.ts';
import type { DocumentMemory } from './documents.ts';
import { type Env, sleep } from './env.ts';
import type { EventRing } from './events.ts';
import { Executor } from './execute.ts';
import type { RunHook } from './hooks.ts';
import { EVICTED, type Host } from './host.ts';
import { collectOrphans } from './housekeeping.ts';
import { createPuller, type PullImage } from './images/pull.ts';
import type { Insight } from './insight.ts';
import { Lanes } from './lanes.ts';
import type { MetadataView } from './metadata-view.ts';
import type { Meter } from './meter.ts';
import type { Node, ResolvConf } from './node.ts';
import { Notes } from './notes.ts';
import { holds, type Observed } from './observed.ts';
import { forbiddenText } from './plan/forbidden.ts';
import type { Resolved } from './plan/resolve.ts';
import { wantedImages } from './plan/wanted-images.ts';
import { probeTargets } from './probe-targets.ts';
import type { Prober } from './prober.ts';
import { Publisher } from './publish.ts';
import type { Published } from './published.ts';
import { type Listing, RuntimeCache } from './runtime-cache.ts';
import { RuntimeHealth } from './runtime-health.ts';
import type { NodeShutdown } from './shutdown.ts';
import { checkSizeLimits } from './size-limits.ts';
import { wantedUid } from './slot.ts';
import type { Source } from './sources/source.ts';
import { Store } from './store.ts';
import type { Pod, PodKey } from './types.ts';

/** Full relist at the latest after this long while the runtime's event stream stands, and without one. */
const RESYNC_MS = 10_000;
const POLL_MS = 1_000;
/** Between a process's exit and the runtime's own knowledge of it, when no `deleted` hint follows. */
const EXIT_SETTLES_MS = 60;
/** Rounds are at least this far apart, and take at most about a third of the time. */
const MIN_GAP_MS = 5;
const MAX_GAP_MS = 200;
/** A round waits at most for the deadlines of a few calls. */
const STALLED_MS = 180_000;
/** While the runtime does not answer: 100 ms doubling to 1 s. */
const MAX_RUNTIME_RETRY_MS = 1_000;

export interface KubeletOptions {
  env: Env;
  cri: cri.Cri;
  events: cri.RuntimeEvents;
  host: Host;
  /** In order of precedence. */
  sources: readonly Source[];
  node: Node;
  settings: KubeletSettings;
  resolvConf: () => Promise<ResolvConf>;
  meter: Meter;
  recorder: EventRing;
  runHook: RunHook;
  prober: Prober;
  /** Called once at first contact with the runtime, before anything is planned. */
  introduce?: () => Promise<void>;
  /** Keeps ConfigMaps, Secrets and claims over a restart; absent: they are lost. */
  documents?: DocumentMemory;
  /** Absent: the machine goes down without a word. */
  shutdown?: NodeShutdown;
  /** Amounts that nothing in the runtime shows. */
  amounts?: AmountMemory;
  /** What is known of the machine's metadata; absent: it is off. */
  metadata?: (() => MetadataView) | undefined;
  /** Absent: nobody measures what containers use. */
  stats?: Pick<CriStats, 'listContainerStats'>;
  /** Absent: without credentials and as fast as may be. */
  pull?: PullImage;
}

/**
 * The agent's one loop: take what is wanted, list what is, plan every slot that is not busy, publish, hand out the
 * actions, sleep until the next wait ends or somebody pokes. Starting up is the first round of it.
 */
export class Kubelet {
  readonly #o: KubeletOptions;
  readonly #stats: Pick<CriStats, 'listContainerStats'>;
  readonly #store: Store;
  readonly #cache: RuntimeCache;
  readonly #notes = new Notes();
  readonly #lanes: Lanes;
  readonly #dispatcher: Dispatcher;
  readonly #publisher: Publisher;
  readonly #health: RuntimeHealth;
  #resolved: Resolved | undefined;
  #observed: Observed = { generation: 0, pods: new Map() };
  /** What the last round planned from; absent: the runtime did not answer. */
  #seen: { readonly resolved: Resolved; readonly listing: Listing } | undefined;
  #introduced = false;
  #poked = false;
  #wake: (() => void) | undefined;
  #roundEndedMs = 0;
  #roundTookMs = 0;

  constructor(options: KubeletOptions) {
    const { env, host, notes, recorder, meter, node, resolvConf, cri } = { ...options, notes: this.#notes };
    this.#o = options;
    this.#stats = options.stats ?? { listContainerStats: async () => [] };
    const violation = (pod: Pod) => forbiddenText(pod, node);
    this.#store = new Store(env, options.sources, options.documents, violation, () => node.cloud?.pods);
    this.#cache = new RuntimeCache({ env, cri, host, rootDir: node.rootDir });
    this.#lanes = new Lanes(env, (owner) => {
      this.#dispatcher.ended(owner, this.#cache.generation);
      if (this.#seen) this.#dispatcher.refill(this.#seen.resolved, this.#seen.listing);
      this.poke();
    });
    this.#health = new RuntimeHealth(env, cri);
    const executor = new Executor({
      ...{ env, cri, host, notes, record: recorder.record, meter, node, resolvConf, runHook: options.runHook },
      pull: options.pull ?? createPuller({ env, cri, nodeAuths: async () => [], pullsPerSecond: 0, burst: 0 }),
      started: () => this.poke(),
      stats: this.#stats,
      resized: (id, given) => this.#cache.resized(id, given),
      stoppedToResize: (id) => this.#cache.stoppedToResize(id),
      documents: () => this.#store.documents(),
      features: () => this.#health.features(),
    });
    this.#dispatcher = new Dispatcher({
      ...{ env, node, lanes: this.#lanes, notes, store: this.#store, executor, settings: options.settings },
      verdicts: () => options.prober.verdicts(),
      networkReady: () => this.#health.networkReady,
      shutdown: options.shutdown,
      amounts: options.amounts,
    });
    this.#publisher = new Publisher({ env, node, recorder, notes, meter, metadata: options.metadata });
    this.#roundEndedMs = env.monotonicMs();
  }

  /** Asks for another round soon. Carries no data. */
  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  /** What is wrong with the agent itself, for /healthz: only a stalled loop. A runtime that is away is shown elsewhere. */
  problems(): string[] {
    const stalledMs = this.#o.env.monotonicMs() - this.#roundEndedMs;
    return stalledMs > STALLED_MS ? [`the loop has not come round for ${Math.round(stalledMs / 1000)} s`] : [];
  }

  published(): Published {
    return this.#publisher.published();
  }

  /** Calls `listener` after each round that changed something. Returns the way to end it. */
  onPublished(listener: (published: Published) => void): () => void {
    return this.#publisher.onPublished(listener);
  }

  /** What is done for a Pod now and what comes next, in words. */
  insight(key: PodKey): Insight {
    const containers = this.#observed.pods.get(key)?.containers ?? [];
    return { ...this.#dispatcher.insight(key), attempts: new Map(containers.map(({ id, attempt }) => [id, attempt])) };
  }

  /** Images that wanted Pods need; undefined as long as not everything wanted is known. */
  wantedImages(): ReadonlySet<string> | undefined {
    return this.#resolved && this.#complete() ? wantedImages(this.#resolved) : undefined;
  }

  /** What the runtime held at the last look. */
  observed(): Observed {
    return this.#observed;
  }

  /** Images came to this machine by another way than a pull; pulls of these are called off, everything is planned again. */
  imagesArrived(isOne: (image: string) => boolean): void {
    this.#notes.imagesArrived();
    for (const image of this.#lanes.subjects('pull')) if (isOne(image)) this.#lanes.abort('pull', image);
    this.replan();
  }

  /** Something that every plan is made from has changed: the settings, or what images there are. */
  replan(): void {
    this.#dispatcher.replanAll();
    this.poke();
  }

  /** Runs until `signal` aborts; containers run on. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { env, sources, events, prober } = this.#o;
    const stop = () => {
      this.#seen = undefined;
      this.#lanes.close();
      this.#wake?.();
    };
    signal.addEventListener('abort', stop, { once: true });
    const inputs = [
      ...sources.map((source) => source.run(() => this.poke(), signal)),
      events.follow((hint) => this.#hint(hint), signal),
      prober.run(() => this.poke(), signal),
    ];
    let retryMs = 100;
    while (!signal.aborted) {
      this.#poked = false;
      const began = env.monotonicMs();
      const ok = await this.#round(signal);
      this.#roundEndedMs = env.monotonicMs();
      this.#roundTookMs = this.#roundEndedMs - began;
      if (signal.aborted) break;
      retryMs = ok ? 100 : Math.min(retryMs * 2, MAX_RUNTIME_RETRY_MS);
      await this.#sleep(ok ? this.#nextWakeMs() : retryMs, signal);
    }
    await Promise.all(inputs);
  }

  #hint(hint: cri.RuntimeHint): void {
    // Right after an exit the runtime still says `running`; `deleted` marks the moment it knows.
    if (hint.kind === 'exited' && !(hint.end && this.#cache.ended(hint.containerId, hint.end)))
      this.#o.env.after(EXIT_SETTLES_MS, () => this.poke());
    else if (
      hint.kind === 'exited' ||
      hint.kind === 'deleted' ||
      hint.kind === 'disconnected' ||
      hint.kind === 'reconnected' ||
      hint.kind === 'oom'
    )
      this.poke();
  }

  /** One round. False when the runtime did not answer. */
  async #round(signal: AbortSignal): Promise<boolean> {
    const { env, meter, prober } = this.#o;
    const began = env.monotonicMs();
    let listing: Listing | undefined;
    try {
      const seen = await this.#cache.relist();
      await this.#health.refresh();
      if (!this.#introduced) await this.#o.introduce?.();
      this.#introduced = true;
      listing = seen;
      meter.relist(env.monotonicMs() - began);
    } catch (error) {
      this.#health.failed(error);
    }
    if (signal.aborted) return false;
    if (listing) this.#observed = listing;
    const resolved = this.#store.resolve(this.#observed);
    if (listing) this.#o.shutdown?.observe(resolved, listing, (key) => this.#dispatcher.isSettled(key, listing));
    const planned = listing ? this.#dispatcher.planAll(resolved, listing) : 0;
    this.#seen = listing && { resolved, listing };
    if (listing)
      prober.update(
        probeTargets({
          slots: resolved.slots,
          pods: listing.pods,
          isStopping: (uid) => this.#notes.isStopping(uid),
          isTold: (key, containerId) => this.#dispatcher.isTold(key, containerId),
        }),
      );
    this.#publisher.publish({
      resolved,
      observed: this.#observed,
      plans: this.#dispatcher.plans(),
      admissions: this.#dispatcher.admissions,
      verdicts: prober.verdicts(),
      startTimeMs: (uid, key) => this.#store.startTimeMs(uid, this.#observed.pods.get(key)),
      runtime: this.#health.view(),
      sourcesKnown: this.#store.known(),
    });
    if (listing) this.#housekeep(resolved);
    meter.round(env.monotonicMs() - began, planned);
    return listing !== undefined;
  }

  /** Nothing is an orphan as long as anything wanted may not be known yet. */
  #housekeep(resolved: Resolved): void {
    const { env, host } = this.#o;
    this.#resolved = resolved;
    this.#checkSizes();
    if (!this.#complete()) return;
    collectOrphans({ env, host, lanes: this.#lanes, living: (uid) => !this.#complete() || this.#isLiving(uid) });
  }

  #checkSizes(): void {
    const { env, host, recorder } = this.#o;
    checkSizeLimits({
      ...{ env, host, lanes: this.#lanes, stats: this.#stats },
      wanted: () =>
        [...(this.#resolved?.slots.values() ?? [])].flatMap((slot) => (slot.state === 'want' ? [slot.revision] : [])),
      evict: ({ uid, pod }, message) => {
        if (!this.#notes.evicted(uid, message)) return;
        const { namespace, name } = pod.metadata;
        recorder.record({ kind: 'Pod', namespace, name, uid }, 'Warning', EVICTED, message);
        this.poke();
      },
    });
  }

  #complete(): boolean {
    return this.#store.known() && ![...(this.#resolved?.slots.values() ?? [])].some((slot) => slot.state === 'hold');
  }

  #isLiving(uid: string): boolean {
    for (const slot of this.#resolved?.slots.values() ?? []) if (wantedUid(slot) === uid) return true;
    for (const pod of this.#observed.pods.values()) if (holds(pod, uid)) return true;
    return false;
  }

  #nextWakeMs(): number {
    const monotonicMs = this.#o.env.monotonicMs();
    const resyncMs = this.#o.events.reliable() && this.#health.networkReady ? RESYNC_MS : POLL_MS;
    const wakeMs = Math.min(resyncMs, this.#dispatcher.wakeAtMs() - monotonicMs);
    return Math.max(0, wakeMs);
  }

  /** Sleeps for `delayMs` or until poked, but leaves room between rounds so that pokes gather. */
  async #sleep(delayMs: number, signal: AbortSignal): Promise<void> {
    const { env } = this.#o;
    if (!this.#poked && delayMs > 0) {
      await new Promise<void>((resolve) => {
        const cancel = env.after(delayMs, resolve);
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const gapMs = Math.min(Math.max(MIN_GAP_MS, 2 * this.#roundTookMs), MAX_GAP_MS);
    const restMs = this.#roundEndedMs + gapMs - env.monotonicMs();
    if (restMs > 0 && !signal.aborted) await sleep(env, restMs, signal);
  }
}
