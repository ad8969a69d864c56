/**
 * The one owner of what the runtime shows. Listing is the truth; the status of a container is asked for only when its
 * state changed, so a quiet round costs two calls.
 */
import * as cri from '../cri/port.ts';
import type { Env } from './env.ts';
import type { Host } from './host.ts';
import {
  CONTAINER_NAME,
  decodeContainer,
  decodeSandbox,
  ownerLabels,
  POD_NAME,
  POD_NAMESPACE,
  POD_UID,
} from './labels.ts';
import { mapLimited, together } from './limits.ts';
import type { Observed, ObservedContainer, ObservedPod, ObservedSandbox } from './observed.ts';
import { type PodKey, podKey } from './types.ts';

const STATUS_CALLS_AT_ONCE = 8;

/** How a container ended that is not there any more (kubelet_pods.go convertToAPIContainerStatuses). */
const GONE = {
  state: 'exited',
  exitCode: 137,
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was deleted.  The container used to be Running',
} as const;

export interface Listing extends Observed {
  /** Pods of which some status could not be read: not to be planned from this listing. */
  readonly unsure: ReadonlySet<PodKey>;
}

export class RuntimeCache {
  readonly #env: Env;
  readonly #cri: cri.Cri;
  readonly #host: Host;
  readonly #labels: Record<string, string>;
  #sandboxes = new Map<string, ObservedSandbox>();
  #containers = new Map<string, ObservedContainer>();
  /** Of each container. */
  readonly #keys = new Map<string, PodKey>();
  #pods: ReadonlyMap<PodKey, ObservedPod> = new Map();
  #generation = 0;
  /** Ends of containers that the listing does not show yet, by id. */
  readonly #ends = new Map<string, cri.ContainerEnd>();
  /** Containers whose resources may have changed: their status is asked for again, by id. */
  readonly #changed = new Set<string>();
  /** What containers were last given by this process, for runtimes that do not tell, by id. */
  readonly #given = new Map<string, cri.AppliedResources>();
  /** Containers that this process stopped to start them anew with other amounts. */
  readonly #stoppedToResize = new Set<string>();

  constructor({ env, cri, host, rootDir }: { env: Env; cri: cri.Cri; host: Host; rootDir: string }) {
    this.#env = env;
    this.#cri = cri;
    this.#host = host;
    this.#labels = ownerLabels(rootDir);
  }

  /** Number of the last listing that began. What ends now is visible to listings with a greater number. */
  get generation(): number {
    return this.#generation;
  }

  /**
   * The runtime has told of a container's end, which its listing shows some 50 ms later. The only fact that is believed
   * before a listing has it: an end is final, so it cannot be stale. Listings that begin from now on show it. False for a
   * container that is not known to run, and for one whose message is in its log: only its status tells where that is.
   */
  ended(id: string, end: cri.ContainerEnd): boolean {
    const known = this.#containers.get(id);
    if (known?.state !== 'running') return false;
    if (known.record.terminationMessagePolicy === 'FallbackToLogsOnError' && end.exitCode !== 0) return false;
    this.#ends.set(id, end);
    return true;
  }

  /** Somebody tried to give a running container other resources; `given` when that succeeded. */
  resized(id: string, given?: cri.AppliedResources): void {
    this.#changed.add(id);
    if (given) this.#given.set(id, given);
  }

  /** It is being stopped to start anew with other amounts. */
  stoppedToResize(id: string): void {
    this.#stoppedToResize.add(id);
  }

  /** Lists again. Throws CriError; the last listing stays as it was. */
  async relist(): Promise<Listing> {
    this.#generation += 1;
    const { generation } = this;
    const [sandboxes, containers] = await Promise.all([
      this.#cri.listPodSandboxes(this.#labels),
      this.#cri.listContainers(this.#labels),
    ]);
    const unsure = new Set<PodKey>();
    const changed = new Set(this.#changed);
    const nextSandboxes = new Map<string, ObservedSandbox>();
    const nextContainers = new Map<string, ObservedContainer>();
    // Most are as they were: only the others have to be waited for.
    const otherSandboxes = sandboxes.filter((row) => {
      const same = this.#sameSandbox(row);
      return !(same && nextSandboxes.set(row.id, same));
    });
    const otherContainers = containers.filter((row) => {
      const same = changed.has(row.id) || this.#ends.has(row.id) ? undefined : this.#containers.get(row.id);
      return !(same?.state === row.state && nextContainers.set(row.id, same));
    });
    await together([
      mapLimited(otherSandboxes, STATUS_CALLS_AT_ONCE, async (row) => {
        const seen = await this.#sandbox(row, unsure);
        if (seen) nextSandboxes.set(row.id, seen);
      }),
      mapLimited(otherContainers, STATUS_CALLS_AT_ONCE, async (row) => {
        const seen = await this.#container(row, unsure, changed);
        if (seen) nextContainers.set(row.id, seen);
      }),
    ]).catch((error: unknown) => {
      // Nothing of this listing is kept, so what was asked for is asked for again.
      for (const id of changed) this.#changed.add(id);
      throw error;
    });
    for (const gone of this.#vanished(nextSandboxes, nextContainers)) nextContainers.set(gone.id, gone);
    const unchanged = sameIn(this.#sandboxes, nextSandboxes) && sameIn(this.#containers, nextContainers);
    this.#sandboxes = nextSandboxes;
    this.#containers = nextContainers;
    for (const row of containers) if (!this.#keys.has(row.id)) this.#keys.set(row.id, keyOf(row.labels));
    for (const ids of [this.#ends, this.#changed, this.#given, this.#stoppedToResize, this.#keys])
      for (const id of ids.keys()) if (!nextContainers.has(id)) ids.delete(id);
    if (!unchanged) this.#pods = group(sandboxes, this.#keys, nextSandboxes, nextContainers, this.#pods);
    return { generation, pods: this.#pods, unsure };
  }

  /**
   * Containers that ran and are not there any more: somebody else removed them. As long as their sandbox is there they
   * stay as a record of how they ended, until there is a newer one, so that they count as restarts.
   */
  #vanished(
    sandboxes: ReadonlyMap<string, ObservedSandbox>,
    containers: ReadonlyMap<string, ObservedContainer>,
  ): ObservedContainer[] {
    const ran = [...this.#containers.values()].filter(
      ({ state, reason }) => state === 'running' || reason === GONE.reason,
    );
    return ran.flatMap((known) => {
      if (containers.has(known.id) || !sandboxes.has(known.sandboxId)) return [];
      const newer = (other: ObservedContainer) =>
        other.uid === known.uid && other.name === known.name && other.attempt > known.attempt;
      if ([...containers.values()].some((other) => newer(other) && other.state === 'exited')) return [];
      if (known.reason === GONE.reason) return [known];
      return [{ ...known, ...GONE, firstSeenMs: this.#env.monotonicMs(), finishedAtMs: this.#env.nowMs() }];
    });
  }

  /** What is known of a sandbox, when that is all there is to know. */
  #sameSandbox(row: cri.Sandbox): ObservedSandbox | undefined {
    const known = this.#sandboxes.get(row.id);
    if (known?.state !== row.state) return undefined;
    const hasAddress = known.ips.length > 0 || known.record.revision?.pod.spec.hostNetwork;
    return hasAddress || row.state === 'notready' ? known : undefined;
  }

  async #sandbox(row: cri.Sandbox, unsure: Set<PodKey>): Promise<ObservedSandbox | undefined> {
    const known = this.#sandboxes.get(row.id);
    const status =
      row.state === 'ready'
        ? await this.#ask(() => this.#cri.podSandboxStatus(row.id), keyOf(row.labels), unsure)
        : undefined;
    if (status === 'gone') return undefined;
    const state = status?.state ?? row.state;
    const ips = status?.ips ?? known?.ips ?? [];
    if (known && known.state === state && known.ips.join() === ips.join()) return known;
    return {
      id: row.id,
      uid: row.labels[POD_UID] ?? row.metadata.uid,
      attempt: row.metadata.attempt,
      state,
      createdAtMs: row.createdAtMs,
      ips,
      record: known?.record ?? decodeSandbox(row),
    };
  }

  async #container(
    row: cri.Container,
    unsure: Set<PodKey>,
    mayHaveChanged: ReadonlySet<string>,
  ): Promise<ObservedContainer | undefined> {
    const listed = this.#containers.get(row.id);
    const end = this.#ends.get(row.id);
    const known = listed && end ? await this.#early(listed, end) : listed;
    const changed = row.state === 'running' && mayHaveChanged.has(row.id);
    if (changed) this.#changed.delete(row.id);
    if (end ? row.state === 'running' : known?.state === row.state && !changed) return known;
    const status =
      row.state === 'created'
        ? undefined
        : await this.#ask(
            () => this.#cri.containerStatus(row.id, { resources: row.state === 'running' }),
            keyOf(row.labels),
            unsure,
          );
    if (status === 'gone') return undefined;
    if (!status && row.state !== 'created') {
      if (changed) this.#changed.add(row.id);
      return known;
    }
    const state = status?.state ?? row.state;
    const resources = state === 'running' ? (status?.resources ?? this.#given.get(row.id)) : undefined;
    if (known?.state === state && !end) return changed ? withResources(known, resources) : known;
    this.#ends.delete(row.id);
    const name = row.labels[CONTAINER_NAME] ?? row.metadata.name;
    const uid = row.labels[POD_UID] ?? '';
    const { attempt } = row.metadata;
    const record = decodeContainer(row);
    return {
      id: row.id,
      sandboxId: row.sandboxId,
      uid,
      name,
      attempt,
      state,
      firstSeenMs: this.#env.monotonicMs(),
      createdAtMs: row.createdAtMs,
      ...(status?.startedAtMs !== undefined && { startedAtMs: status.startedAtMs }),
      ...(status?.finishedAtMs !== undefined && { finishedAtMs: status.finishedAtMs }),
      exitCode: status?.exitCode ?? 0,
      reason: status?.reason ?? '',
      message:
        status && state === 'exited'
          ? await this.#message(status, record.terminationMessagePolicy, uid, name, attempt)
          : '',
      image: status?.image || row.image,
      imageRef: status?.imageRef || row.imageRef,
      ...(status?.user && { user: status.user }),
      ...(resources && { resources }),
      ...(state === 'exited' && this.#why(row.id)),
      record,
    };
  }

  #why(id: string): Pick<ObservedContainer, 'stoppedToResize'> {
    return this.#stoppedToResize.has(id) ? { stoppedToResize: true } : {};
  }

  /** What the container left is there already; the runtime's own reason and message come with its status. */
  async #early(known: ObservedContainer, { exitCode, finishedAtMs }: cri.ContainerEnd): Promise<ObservedContainer> {
    if (known.state === 'exited') return known;
    const reason = exitCode === 0 ? 'Completed' : 'Error';
    const message = await this.#host.readTerminationLog(known.uid, known.name, known.attempt);
    const end = { firstSeenMs: this.#env.monotonicMs(), finishedAtMs, exitCode, reason, message };
    return { ...known, state: 'exited', ...end, ...this.#why(known.id) };
  }

  /** A vanished object is 'gone'; any other failure makes its Pod unsure. Without a runtime the whole listing fails. */
  async #ask<T>(call: () => Promise<T>, key: PodKey, unsure: Set<PodKey>): Promise<T | 'gone' | undefined> {
    try {
      return await call();
    } catch (error) {
      if (error instanceof cri.CriError && error.code === 'not-found') return 'gone';
      if (error instanceof cri.CriError && error.code === 'unavailable') throw error;
      this.#env.log.warn(
        { pod: key, error: String(error) },
        'a status could not be read; this Pod is looked at again in the next round',
      );
      unsure.add(key);
      return undefined;
    }
  }

  /** The runtime's own message before what the container left (kuberuntime_container.go getTerminationMessage). */
  async #message(
    status: cri.ContainerStatus,
    policy: string,
    uid: string,
    name: string,
    attempt: number,
  ): Promise<string> {
    let left = await this.#host.readTerminationLog(uid, name, attempt);
    if (!left && policy === 'FallbackToLogsOnError' && status.exitCode !== 0 && status.reason !== 'ContainerCannotRun')
      left = await this.#host.readLogTail(status.logPath);
    return status.message && left ? `${status.message}: ${left}` : status.message || left;
  }
}

/** The same object when they are the same. */
function withResources(known: ObservedContainer, resources: cri.AppliedResources | undefined): ObservedContainer {
  if (!resources || JSON.stringify(resources) === JSON.stringify(known.resources)) return known;
  return { ...known, resources };
}

function keyOf(labels: Record<string, string>): PodKey {
  return podKey(labels[POD_NAMESPACE] ?? '', labels[POD_NAME] ?? '');
}

function group(
  sandboxRows: readonly cri.Sandbox[],
  keys: ReadonlyMap<string, PodKey>,
  sandboxes: ReadonlyMap<string, ObservedSandbox>,
  containers: ReadonlyMap<string, ObservedContainer>,
  before: ReadonlyMap<PodKey, ObservedPod>,
): ReadonlyMap<PodKey, ObservedPod> {
  const drafts = new Map<PodKey, { sandboxes: ObservedSandbox[]; containers: ObservedContainer[] }>();
  const draft = (key: PodKey) => {
    const known = drafts.get(key);
    if (known) return known;
    const fresh = { sandboxes: [], containers: [] };
    drafts.set(key, fresh);
    return fresh;
  };
  for (const row of sandboxRows) {
    const seen = sandboxes.get(row.id);
    if (seen) draft(keyOf(row.labels)).sandboxes.push(seen);
  }
  for (const [id, key] of keys) {
    const seen = containers.get(id);
    if (seen) draft(key).containers.push(seen);
  }
  const pods = new Map<PodKey, ObservedPod>();
  for (const key of [...drafts.keys()].sort()) {
    const { sandboxes, containers } = draft(key);
    sandboxes.sort(newestFirst);
    containers.sort(newestFirst);
    const old = before.get(key);
    pods.set(
      key,
      old && same(old.sandboxes, sandboxes) && same(old.containers, containers) ? old : { key, sandboxes, containers },
    );
  }
  return pods;
}

type Ordered = { uid: string; attempt: number; createdAtMs: number; id: string };

/** By revision, then the newest attempt first: stamps only break ties, so a clock that jumped changes nothing. */
function newestFirst(a: Ordered, b: Ordered): number {
  if (a.uid !== b.uid) return a.uid < b.uid ? -1 : 1;
  return b.attempt - a.attempt || b.createdAtMs - a.createdAtMs || (a.id < b.id ? -1 : 1);
}

function same<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

const sameIn = <T>(a: ReadonlyMap<string, T>, b: ReadonlyMap<string, T>) => same([...a.values()], [...b.values()]);
