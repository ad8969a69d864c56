/**
 * The one owner of what the probes say. A verdict is seen by others only after it was written down, so an agent that is
 * killed finds on its return at least what it had shown.
 */
import { type Cancel, type Env, sleep } from '../kubelet/env.ts';
import type { Verdict } from '../kubelet/verdict.ts';

/** Beyond these, those of containers that are gone are forgotten at once. */
const MAX_VERDICTS = 4000;
/** Writes are at least this far apart. */
const MIN_GAP_MS = 50;
/** A container may be missing from listings for a while without being gone. */
const KEEP_ABSENT_MS = 600_000;
/** After a write that failed: there may be room again. */
const RETRY_MS = 10_000;

/** Where verdicts outlive the process. */
export interface VerdictMirror {
  write(verdicts: ReadonlyMap<string, Verdict>): Promise<void>;
}

export class Verdicts {
  readonly #env: Env;
  readonly #mirror: VerdictMirror;
  readonly #drafts: Map<string, Verdict>;
  /** Since when each that is not probed any more is missing, monotonic. */
  readonly #absentSince = new Map<string, number>();
  #current: ReadonlyMap<string, Verdict>;
  #wake: (() => void) | undefined;
  #dirty = false;
  #failed = false;
  #cancelRetry: Cancel = () => {};

  /** `known`: what an agent before this one left. */
  constructor({ env, mirror, known }: { env: Env; mirror: VerdictMirror; known: ReadonlyMap<string, Verdict> }) {
    this.#env = env;
    this.#mirror = mirror;
    this.#drafts = new Map(known);
    this.#current = new Map(known);
  }

  /** By container id; the same map as long as nothing changed. */
  current(): ReadonlyMap<string, Verdict> {
    return this.#current;
  }

  /** The latest, written down or not. */
  get(containerId: string): Verdict | undefined {
    return this.#drafts.get(containerId);
  }

  set(containerId: string, verdict: Verdict): void {
    this.#drafts.set(containerId, verdict);
    this.#changed();
  }

  /** These are the containers there are. Others are forgotten after a while. */
  retain(containerIds: ReadonlySet<string>): void {
    const nowMs = this.#env.monotonicMs();
    for (const id of this.#drafts.keys()) {
      if (containerIds.has(id)) this.#absentSince.delete(id);
      else if (!this.#absentSince.has(id)) this.#absentSince.set(id, nowMs);
    }
    for (const [id, sinceMs] of this.#absentSince) {
      if (nowMs - sinceMs < KEEP_ABSENT_MS && this.#drafts.size <= MAX_VERDICTS) continue;
      this.#absentSince.delete(id);
      this.#drafts.delete(id);
      this.#changed();
    }
  }

  /** Writes down and shows what changes, until `signal` aborts. Never rejects. */
  async run(changed: () => void, signal: AbortSignal): Promise<void> {
    const stop = () => this.#wake?.();
    signal.addEventListener('abort', stop, { once: true });
    while (!signal.aborted) {
      if (!this.#dirty) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        continue;
      }
      this.#dirty = false;
      const next = new Map(this.#drafts);
      await this.#write(next);
      this.#current = next;
      changed();
      await sleep(this.#env, MIN_GAP_MS, signal);
    }
    this.#cancelRetry();
    signal.removeEventListener('abort', stop);
  }

  #changed(): void {
    this.#dirty = true;
    this.#wake?.();
  }

  /** Without a mirror the agent works as well, until it is killed. */
  async #write(verdicts: ReadonlyMap<string, Verdict>): Promise<void> {
    this.#cancelRetry();
    try {
      await this.#mirror.write(verdicts);
      this.#failed = false;
    } catch (error) {
      if (!this.#failed) {
        const message =
          'probe results cannot be written down: after a restart of the agent Pods are unready until they are probed again';
        this.#env.log.warn({ error: String(error) }, message);
      }
      this.#failed = true;
      this.#cancelRetry = this.#env.after(RETRY_MS, () => this.#changed());
    }
  }
}
