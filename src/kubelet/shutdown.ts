import type { Env } from './env.ts';
import type { Observed } from './observed.ts';
import type { Resolved } from './plan/resolve.ts';
import {
  advanceShutdown,
  type PodShutdown,
  podShutdown,
  type ShutdownGroup,
  type ShutdownState,
} from './plan/shutdown.ts';
import type { Pod, PodKey } from './types.ts';

/** Remembered of one Pod. */
const MAX_CONTAINERS = 200;

/** Ids of containers that a shutdown has stopped, by the uid of their Pod. */
export type StoppedContainers = ReadonlyMap<string, ReadonlySet<string>>;

/** Keeps over a restart of the machine which containers a shutdown has stopped. */
export interface ShutdownMemory {
  readonly stopped: StoppedContainers;
  /** Resolves when it is written, or cannot be. */
  keep(stopped: StoppedContainers): Promise<void>;
}

/** The owner of what is known about a shutdown of the machine: whether there is one, and whose turn it is. */
export class NodeShutdown {
  readonly #env: Env;
  readonly #groups: readonly ShutdownGroup[];
  readonly #poke: () => void;
  #state: ShutdownState | undefined;
  #finished: (() => void) | undefined;
  #cancelTimer: () => void = () => {};
  readonly #memory: ShutdownMemory | undefined;
  #stopped: StoppedContainers;
  #kept: Promise<void> = Promise.resolve();
  #onTurn: () => void = () => {};

  /** `poke` asks the loop for a round. Without a memory, a Pod that a shutdown ended for good looks like any other. */
  constructor(env: Env, groups: readonly ShutdownGroup[], poke: () => void, memory?: ShutdownMemory) {
    this.#env = env;
    this.#groups = groups;
    this.#poke = poke;
    this.#memory = memory;
    this.#stopped = memory?.stopped ?? new Map();
  }

  /** The machine goes down. Resolves when every Pod has ended or had its time, or when it stays up after all. */
  begin(): Promise<void> {
    return new Promise((resolve) => {
      this.#state ??= { groups: this.#groups, turn: 0, turnBeganMs: this.#env.monotonicMs() };
      this.#finished = resolve;
      if (this.#state.turn >= this.#groups.length) this.#end();
      else this.#watchTurn();
      this.#onTurn();
      this.#poke();
    });
  }

  /** The machine stays up: Pods are started again. */
  cancel(): void {
    this.#state = undefined;
    this.#end();
    this.#poke();
  }

  /** What it means for this Pod; undefined when there is no shutdown. */
  of(pod: Pod): PodShutdown | undefined {
    return this.#state && podShutdown(this.#state, pod);
  }

  /** Containers of this revision that a shutdown has stopped; the same set as long as they are the same. */
  stopped(uid: string): ReadonlySet<string> | undefined {
    return this.#stopped.get(uid);
  }

  /** Calls `listener` when somebody's turn has come: nothing of theirs is to be started any more. */
  onTurn(listener: () => void): void {
    this.#onTurn = listener;
  }

  /** Told of each listing, and whether it shows all that was done for a Pod. */
  observe(resolved: Resolved, observed: Observed, isSettled: (key: PodKey) => boolean): void {
    if (!this.#state) return;
    this.#note(this.#state, resolved, observed);
    const before = this.#state.turn;
    this.#state = advanceShutdown(this.#state, podsOf(resolved, observed, isSettled), this.#env.monotonicMs());
    if (this.#state.turn === before) return;
    this.#env.log.info(
      { turn: this.#state.turn, groups: this.#groups.length },
      'node shutdown: on to the next group of Pods',
    );
    this.#onTurn();
    if (this.#state.turn >= this.#groups.length) this.#end();
    else this.#watchTurn();
  }

  #watchTurn(): void {
    this.#cancelTimer();
    const group = this.#state && this.#groups[this.#state.turn];
    if (group) this.#cancelTimer = this.#env.after(group.periodMs, this.#poke);
  }

  #end(): void {
    this.#cancelTimer();
    const finished = this.#finished;
    this.#finished = undefined;
    if (finished) void this.#kept.then(finished);
  }

  /** Writes down what is going to be stopped, before it is. Pods that are gone are forgotten. */
  #note(state: ShutdownState, resolved: Resolved, observed: Observed): void {
    const stopped = new Map<string, ReadonlySet<string>>();
    let changed = false;
    for (const slot of resolved.slots.values()) {
      if (slot.state !== 'want') continue;
      const { uid, pod } = slot.revision;
      const before = this.#stopped.get(uid);
      const containers = observed.pods.get(slot.key)?.containers ?? [];
      const running = podShutdown(state, pod).stop
        ? containers.filter((container) => container.uid === uid && container.state === 'running')
        : [];
      const fresh = running.filter(({ id }) => !before?.has(id)).map(({ id }) => id);
      changed ||= fresh.length > 0;
      if (fresh.length > 0) stopped.set(uid, new Set([...(before ?? []), ...fresh].slice(-MAX_CONTAINERS)));
      else if (before) stopped.set(uid, before);
    }
    if (!changed) return;
    this.#stopped = stopped;
    const kept = this.#memory?.keep(stopped);
    if (kept) this.#kept = this.#kept.then(() => kept);
  }
}

/**
 * Every Pod there is, on its way out or not, and whether anything of it runs, its network included. One for which something was done that no
 * listing shows may have a container that runs.
 */
function podsOf(
  resolved: Resolved,
  observed: Observed,
  isSettled: (key: PodKey) => boolean,
): { pod: Pod; alive: boolean }[] {
  const pods: { pod: Pod; alive: boolean }[] = [];
  for (const slot of resolved.slots.values()) {
    if (slot.state === 'want' && !isSettled(slot.key)) pods.push({ pod: slot.revision.pod, alive: true });
  }
  for (const { key, sandboxes, containers } of observed.pods.values()) {
    const slot = resolved.slots.get(key);
    // Nobody stops what is held.
    if (slot?.state === 'hold') continue;
    const standing = sandboxes.filter(({ state }) => state === 'ready');
    const running = new Set(
      [...containers.filter(({ state }) => state === 'running'), ...standing].map(({ uid }) => uid),
    );
    for (const uid of running) {
      const wanted = slot?.state === 'want' && slot.revision.uid === uid ? slot.revision : undefined;
      const made = sandboxes.find((sandbox) => sandbox.uid === uid && sandbox.record.revision)?.record.revision;
      const revision = wanted ?? made;
      if (revision) pods.push({ pod: revision.pod, alive: true });
    }
  }
  return pods;
}
