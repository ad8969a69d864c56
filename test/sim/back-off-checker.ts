/**
 * Crash-loop back-off, worked out anew from the facts: starts of one container of one revision follow each other after
 * 0, 10, 20, 40, 80, 160, 300, 300 … seconds, and from the beginning after a run of more than ten minutes. Never
 * earlier, across agent crashes too; and not late when nothing goes wrong.
 */
import { attemptOf, isInit, isOurs, mayRestartAll, podOf, podSpec, type Scene, uidOf } from './checkers.ts';
import type { ContainerEntry, Fact } from './runtime-state.ts';

const INITIAL_MS = 10_000;
const MAX_MS = 300_000;
/** A run this long starts the sequence anew. */
const RESET_MS = 2 * MAX_MS;
/** How late a restart may be when nothing goes wrong: a relist and the calls of a start. */
const LATE_MS = 13_000;
/** A stop that hangs in the runtime holds its container up for so long, and its grace period. */
const STOP_DEADLINE_MS = 120_000;

interface Chain {
  readonly key: string;
  readonly uid: string;
  readonly name: string;
  /** Delay that belongs to the newest instance: what is waited after it. */
  delayMs: number;
  createdAtMs: number;
  started: ContainerEntry | undefined;
  /** In a new sandbox init containers run again at once. */
  readonly sandboxId: string;
  /** End of the newest instance, and what must be waited from it. */
  exit?: { atMs: number; waitMs: number; code: number };
}

export class BackOffChecker {
  readonly #scene: Scene;
  readonly #chains = new Map<string, Chain>();
  readonly #createdAtMs = new Map<string, number>();
  /** Created by a call that had been given up: what they record was right for an earlier start. */
  readonly #late = new Set<string>();
  /** When each container was last told to stop. */
  readonly #toldAtMs = new Map<string, number>();
  #jumpedAtMs = -Infinity;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  /** A call that changes something is sent. */
  called(call: string, target: string): void {
    const [id = ''] = target.split(' ');
    if (call === 'StopContainer') this.#toldAtMs.set(id, this.#now());
  }

  /** The wall clock jumped: waits that began before it cannot be judged. */
  jumped(): void {
    this.#jumpedAtMs = this.#now();
  }

  readonly onFact = (fact: Fact): void => {
    if (fact.kind === 'container-created') {
      this.#createdAtMs.set(fact.container.id, this.#now());
      if (fact.abandoned) this.#late.add(fact.container.id);
    } else if (fact.kind === 'container-started' && isOurs(fact.sandbox)) {
      this.#started(fact.container, podOf(fact.sandbox), uidOf(fact.sandbox));
    } else if (fact.kind === 'container-exited') this.#ended(fact.container, fact.container.exit?.exitCode ?? 0);
    else if (fact.kind === 'container-failed') {
      const { labels } = fact.container.config;
      const key = `${labels['io.kubernetes.pod.namespace']}/${labels['io.kubernetes.pod.name']}`;
      const uid = labels['io.kubernetes.pod.uid'] ?? '';
      const name = labels['io.kubernetes.container.name'];
      if (name === undefined) return;
      // A start that nobody waits for any more may fail after a successor ran: it is no step of the sequence.
      const newest = this.#chains.get(`${uid} ${name}`)?.started;
      if (newest && attemptOf(newest) > attemptOf(fact.container)) return;
      // Its successor may be on its way already, and know nothing of it; or it is decided later, and knows.
      if (fact.abandoned) {
        this.#chains.delete(`${uid} ${name}`);
        return;
      }
      this.#started(fact.container, key, uid);
      this.#ended(fact.container, 128);
    }
  };

  /** Restarts that are overdue although nothing has gone wrong since `calmSinceMs`. */
  overdue(calmSinceMs: number, mayRun: (key: string) => boolean): void {
    for (const chain of this.#chains.values()) {
      const { exit } = chain;
      const wish = this.#scene.desire.wishes.get(chain.key);
      if (!exit || wish?.revision.uid !== chain.uid || !mayRun(chain.key)) continue;
      if (exit.atMs < calmSinceMs || this.#jumpedAtMs > chain.createdAtMs) continue;
      const { restartPolicy, initContainers } = wish.revision.pod.spec;
      if (initContainers) continue;
      const graceMs = wish.revision.pod.spec.terminationGracePeriodSeconds * 1000;
      const toldAtMs = this.#toldAtMs.get(chain.started?.id ?? '') ?? -Infinity;
      if (toldAtMs < calmSinceMs && this.#now() - toldAtMs < graceMs + STOP_DEADLINE_MS + LATE_MS) continue;
      if (restartPolicy === 'Never' || (restartPolicy === 'OnFailure' && exit.code === 0)) continue;
      const lateMs = this.#now() - exit.atMs - exit.waitMs;
      if (lateMs > LATE_MS)
        this.#scene.fail(
          `${chain.key} ${chain.name} (${chain.started?.id}) is ${lateMs} ms late with its restart, ${exit.waitMs} ms after its end`,
        );
    }
  }

  #started(container: ContainerEntry, key: string, uid: string): void {
    const name = container.config.metadata.name;
    const id = `${uid} ${name}`;
    const known = this.#chains.get(id);
    const sinceMs = this.#scene.desire.knownSince(key, uid);
    const createdAtMs = this.#createdAtMs.get(container.id) ?? this.#now();
    const recorded = Number(container.config.annotations['rower.dev/back-off-ms']);
    const chain: Chain = {
      key,
      uid,
      name,
      delayMs: recorded,
      createdAtMs,
      started: container,
      sandboxId: container.sandboxId,
    };
    this.#chains.set(id, chain);
    // A Pod that was unwanted in between may or may not have been stopped: go on from what is recorded. The same after
    // the clock jumped, when a run may look long or a wait over.
    const kept =
      known?.exit && sinceMs !== undefined && sinceMs <= known.createdAtMs && this.#jumpedAtMs < known.createdAtMs;
    if (!known?.exit || !kept) return;
    const sandbox = this.#scene.world.runtime.state.sandboxes.get(container.sandboxId);
    if (known.sandboxId !== container.sandboxId && sandbox && isInit(sandbox, container)) return;
    if (sandbox && mayRestartAll(podSpec(sandbox))) return;
    const { atMs, waitMs } = known.exit;
    chain.delayMs = waitMs === 0 ? INITIAL_MS : Math.min(2 * waitMs, MAX_MS);
    const waitedMs = this.#now() - atMs;
    if (this.#late.has(container.id)) chain.delayMs = recorded;
    else if (recorded !== chain.delayMs) {
      this.#scene.fail(`${container.id} of ${key} records a back-off of ${recorded} ms, not ${chain.delayMs}`);
    }
    if (waitedMs < waitMs) {
      this.#scene.fail(`${container.id} of ${key} starts ${waitedMs} ms after its predecessor ended, not ${waitMs}`);
    }
  }

  #ended(container: ContainerEntry, code: number): void {
    for (const chain of this.#chains.values()) {
      if (chain.started !== container) continue;
      const atMs = this.#now();
      const waitMs = atMs - chain.createdAtMs > RESET_MS ? 0 : chain.delayMs;
      chain.exit = { atMs, waitMs, code };
    }
  }

  #now(): number {
    return this.#scene.world.clock.elapsedMs;
  }
}
