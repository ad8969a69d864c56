import type { Cancel, Env } from './env.ts';
import { retryDelayMs } from './plan/restart.ts';
import type { PodKey } from './types.ts';

export type LaneKind = 'pod' | 'stop' | 'hook' | 'pull' | 'garbage';
export type LaneResult = 'ok' | 'failed';

/** Lanes whose failures in a row are remembered, the latest ones. */
const MAX_FAILURES = 4000;

interface Lane {
  readonly kind: LaneKind;
  readonly owner: PodKey;
  /** Container id, image, or the slot itself. */
  readonly subject: string;
  readonly abort: AbortController;
}

/**
 * Work under way. One piece of work per lane at a time; lanes are independent, so a slow pull or stop delays nothing
 * else. A lane whose work failed stays taken for a while (1 s doubling to 10 s), so nothing is retried in a hot loop.
 */
export class Lanes {
  readonly #env: Env;
  readonly #ended: (owner: PodKey) => void;
  readonly #lanes = new Map<string, Lane>();
  readonly #failures = new Map<string, number>();
  readonly #versions = new Map<PodKey, number>();
  readonly #coolDowns = new Set<Cancel>();
  #pullVersion = 0;

  /** `ended` is called each time a lane becomes free. */
  constructor(env: Env, ended: (owner: PodKey) => void) {
    this.#env = env;
    this.#ended = ended;
  }

  busy(kind: LaneKind, subject: string): boolean {
    return this.#lanes.has(`${kind}/${subject}`);
  }

  count(kind: LaneKind): number {
    let count = 0;
    for (const lane of this.#lanes.values()) if (lane.kind === kind) count += 1;
    return count;
  }

  /** Subjects under way of one kind, of one owner when given. */
  subjects(kind: LaneKind, owner?: PodKey): ReadonlySet<string> {
    const subjects = new Set<string>();
    for (const lane of this.#lanes.values())
      if (lane.kind === kind && (owner === undefined || lane.owner === owner)) subjects.add(lane.subject);
    return subjects;
  }

  /** Changes whenever the work of this owner, or any pull, begins or ends. */
  version(owner: PodKey): string {
    return `${this.#versions.get(owner) ?? 0}.${this.#pullVersion}`;
  }

  /** Begins work; `work` must not reject. Returns false when the lane is taken. */
  start(kind: LaneKind, subject: string, owner: PodKey, work: (signal: AbortSignal) => Promise<LaneResult>): boolean {
    const name = `${kind}/${subject}`;
    if (this.#lanes.has(name)) return false;
    const lane = { kind, owner, subject, abort: new AbortController() };
    this.#lanes.set(name, lane);
    this.#changed(lane);
    void work(lane.abort.signal).then((result) => {
      if (result === 'failed' && !lane.abort.signal.aborted) this.#coolDown(name, lane);
      else {
        this.#failures.delete(name);
        this.#free(name, lane);
      }
    });
    return true;
  }

  /** Tells the work in this lane to end at its next step. */
  abort(kind: LaneKind, subject: string): void {
    this.#lanes.get(`${kind}/${subject}`)?.abort.abort();
  }

  /** Ends everything: no cool-down fires any more. */
  close(): void {
    for (const lane of this.#lanes.values()) lane.abort.abort();
    for (const cancel of this.#coolDowns) cancel();
    this.#coolDowns.clear();
  }

  #coolDown(name: string, lane: Lane): void {
    const failures = (this.#failures.get(name) ?? 0) + 1;
    this.#failures.delete(name);
    this.#failures.set(name, failures);
    // What failed and then vanished is never heard of again.
    if (this.#failures.size > MAX_FAILURES) this.#failures.delete(this.#failures.keys().next().value ?? '');
    const cancel = this.#env.after(retryDelayMs(failures), () => {
      this.#coolDowns.delete(cancel);
      this.#free(name, lane);
    });
    this.#coolDowns.add(cancel);
  }

  #free(name: string, lane: Lane): void {
    this.#lanes.delete(name);
    this.#changed(lane);
    this.#ended(lane.owner);
  }

  #changed(lane: Lane): void {
    this.#versions.set(lane.owner, (this.#versions.get(lane.owner) ?? 0) + 1);
    if (lane.kind === 'pull') this.#pullVersion += 1;
  }

  /** Forgets an owner that is gone. */
  forget(owner: PodKey): void {
    this.#versions.delete(owner);
    this.#failures.delete(`pod/${owner}`);
  }
}
