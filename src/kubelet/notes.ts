/**
 * The little memory that may be lost at any moment: what failed last, which images were found absent, what was pulled.
 * Bounded; after a crash it costs at worst one early try.
 */
import type * as cri from '../cri/port.ts';
import { pulledKey } from './plan/images.ts';

const MAX_PODS = 2000;
const MAX_IMAGES = 2000;
/** Of each kind, of one Pod. */
const MAX_ITEMS = 200;
const PULL_BACK_OFF_MS = 10_000;
const MAX_PULL_BACK_OFF_MS = 300_000;

/** The last failure of one step. Instants are monotonic. */
export interface Failure {
  /** What status and `explain` call it: CreateContainerError, FailedMount, ErrImagePull, … */
  readonly reason: string;
  readonly message: string;
  readonly atMs: number;
  /** Failures in a row. */
  readonly count: number;
  /** Digest of the documents it failed with, see plan/references.ts: with others it is tried again at once. */
  readonly digest?: string;
}

export interface PullFailure extends Failure {
  readonly backOffMs: number;
}

export interface PodNotes {
  /** By subject: `pod`, `sandbox`, or `container/<name>`. */
  readonly failures: ReadonlyMap<string, Failure>;
  /** By image. */
  readonly pullFailures: ReadonlyMap<string, PullFailure>;
  /** `pulledKey`s of images that were pulled for that very start (policy Always). */
  readonly pulled: ReadonlySet<string>;
  /** When the Pod was told to leave, wall clock. */
  readonly stoppingSinceMs?: number;
  /** When its containers began to be stopped together, monotonic. */
  readonly stopBeganMs?: number | undefined;
  /** When each of them was first told to stop, monotonic, by id: later than that when the runtime had enough to do. */
  readonly stopSent: ReadonlyMap<string, number>;
  /** When the preStop hook of a container began, monotonic, by id. */
  readonly hookBegan: ReadonlyMap<string, number>;
  /** How hooks ended, by `<container id>/<hook>`. */
  readonly hooks: ReadonlyMap<string, 'done' | 'failed'>;
  /** Containers that this process started: only it may run their postStart hook. */
  readonly startedHere: ReadonlySet<string>;
  /** Digest of the documents that its volumes were last made with, see plan/references.ts. */
  readonly preparedWith?: string;
  /** The limits that its cgroup was last given, see plan/resize.ts. */
  readonly sizedAs?: string;
  /** Why the Pod was evicted: it has come to its end. */
  readonly evicted?: string;
}

const EMPTY: PodNotes = {
  failures: new Map(),
  pullFailures: new Map(),
  pulled: new Set(),
  stopSent: new Map(),
  hookBegan: new Map(),
  hooks: new Map(),
  startedHere: new Set(),
};

export class Notes {
  /** By uid. Values are replaced, never changed, so that `===` tells whether to plan again. */
  readonly #pods = new Map<string, PodNotes>();
  readonly #absentImages = new Map<string, number>();
  readonly #images = new Map<string, cri.Image>();

  pod(uid: string): PodNotes {
    return this.#pods.get(uid) ?? EMPTY;
  }

  failed(uid: string, subject: string, reason: string, message: string, atMs: number, digest?: string): void {
    const { failures } = this.pod(uid);
    const count = (failures.get(subject)?.count ?? 0) + 1;
    const failure = { reason, message, atMs, count, ...(digest !== undefined && { digest }) };
    this.#set(uid, { failures: new Map(failures).set(subject, failure) });
  }

  /** Returns whether that is new. */
  evicted(uid: string, message: string): boolean {
    if (this.pod(uid).evicted !== undefined) return false;
    this.#set(uid, { evicted: message });
    return true;
  }

  prepared(uid: string, digest: string | undefined): void {
    if (digest !== undefined && this.pod(uid).preparedWith !== digest) this.#set(uid, { preparedWith: digest });
  }

  sized(uid: string, size: string | undefined): void {
    if (size !== undefined && this.pod(uid).sizedAs !== size) this.#set(uid, { sizedAs: size });
  }

  succeeded(uid: string, subject: string): void {
    const { failures } = this.pod(uid);
    if (!failures.has(subject)) return;
    const rest = new Map(failures);
    rest.delete(subject);
    this.#set(uid, { failures: rest });
  }

  /** Back-off per Pod and image, 10 s doubling to 5 min (pkg/kubelet/images/image_manager.go). */
  pullFailed(uid: string, image: string, reason: string, message: string, atMs: number, digest?: string): void {
    const { pullFailures } = this.pod(uid);
    const before = pullFailures.get(image);
    const backOffMs = before ? Math.min(before.backOffMs * 2, MAX_PULL_BACK_OFF_MS) : PULL_BACK_OFF_MS;
    const count = (before?.count ?? 0) + 1;
    const failure = { reason, message, atMs, count, backOffMs, ...(digest !== undefined && { digest }) };
    this.#set(uid, { pullFailures: new Map(pullFailures).set(image, failure) });
    this.#absentImages.delete(image);
  }

  pulled(uid: string, image: string, containerName: string, attempt: number): void {
    const { pullFailures, pulled } = this.pod(uid);
    const rest = new Map(pullFailures);
    rest.delete(image);
    this.#set(uid, {
      pullFailures: rest,
      pulled: new Set(lastOf(pulled)).add(pulledKey(containerName, attempt, image)),
    });
    this.#absentImages.delete(image);
  }

  imageAbsent(image: string, atMs: number): void {
    bounded(this.#absentImages, image, atMs, MAX_IMAGES);
    this.#images.delete(image);
  }

  imagePresent(image: string, found: cri.Image): void {
    this.#absentImages.delete(image);
    bounded(this.#images, image, found, MAX_IMAGES);
  }

  /** Images came to this machine by another way than a pull: nothing that was heard of absent ones holds any more. */
  imagesArrived(): void {
    this.#absentImages.clear();
    for (const [uid, notes] of this.#pods) if (notes.pullFailures.size > 0) this.#set(uid, { pullFailures: new Map() });
  }

  /** When the image was last found absent, monotonic; undefined when it was not, or has been pulled since. */
  absentSince(image: string): number | undefined {
    return this.#absentImages.get(image);
  }

  known(image: string): 'present' | 'absent' | 'unknown' {
    if (this.#absentImages.has(image)) return 'absent';
    return this.#images.has(image) ? 'present' : 'unknown';
  }

  /** The image as last seen; only for its user, never as a proof that it is there. */
  image(image: string): cri.Image | undefined {
    return this.#images.get(image);
  }

  /** Its containers are being stopped together, for whatever reason. */
  isStopping(uid: string): boolean {
    return this.pod(uid).stopBeganMs !== undefined;
  }

  /** The Pod leaves: it was told to stop. */
  leaving(uid: string, nowMs: number, monotonicMs: number): void {
    if (this.pod(uid).stoppingSinceMs === undefined)
      this.#set(uid, { stoppingSinceMs: nowMs, stopBeganMs: monotonicMs });
  }

  /** The Pod has come to its end and what is left of it is being stopped; or, with undefined, it lives. */
  ending(uid: string, monotonicMs: number | undefined): void {
    const { stopBeganMs } = this.pod(uid);
    if ((stopBeganMs === undefined) !== (monotonicMs === undefined)) this.#set(uid, { stopBeganMs: monotonicMs });
  }

  stopSent(uid: string, containerId: string, monotonicMs: number): void {
    const { stopSent } = this.pod(uid);
    if (!stopSent.has(containerId))
      this.#set(uid, { stopSent: new Map(lastOf(stopSent)).set(containerId, monotonicMs) });
  }

  hookBegan(uid: string, containerId: string, monotonicMs: number): void {
    const { hookBegan } = this.pod(uid);
    if (!hookBegan.has(containerId))
      this.#set(uid, { hookBegan: new Map(lastOf(hookBegan)).set(containerId, monotonicMs) });
  }

  hookEnded(uid: string, containerId: string, hook: string, result: 'done' | 'failed'): void {
    this.#set(uid, { hooks: new Map(lastOf(this.pod(uid).hooks)).set(`${containerId}/${hook}`, result) });
  }

  started(uid: string, containerId: string): void {
    this.#set(uid, { startedHere: new Set(lastOf(this.pod(uid).startedHere)).add(containerId) });
  }

  forget(uid: string): void {
    this.#pods.delete(uid);
  }

  #set(uid: string, change: Partial<PodNotes>): void {
    bounded(this.#pods, uid, { ...this.pod(uid), ...change }, MAX_PODS);
  }
}

/** The newest of what one Pod keeps: containers come and go. */
function lastOf<T>(items: Iterable<T>): T[] {
  return [...items].slice(-MAX_ITEMS);
}

function bounded<V>(map: Map<string, V>, key: string, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= limit) return;
  const oldest = map.keys().next().value;
  if (oldest !== undefined) map.delete(oldest);
}
