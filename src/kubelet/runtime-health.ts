import type * as cri from '../cri/port.ts';
import type { Env } from './env.ts';
import type { RuntimeView } from './published.ts';
import { type RuntimeFeatures, runtimeFeatures } from './runtime-features.ts';

/** How long a good answer is believed. A bad one is asked for again in each round. */
const FRESH_MS = 10_000;
/** Runtimes are restarted for upgrades; one that is away for longer needs somebody. */
const AWAY_TOO_LONG_MS = 60_000;

/** Owner of what is known about the runtime as a whole: is it there, what is it, is its network ready. */
export class RuntimeHealth {
  readonly #env: Env;
  readonly #cri: cri.Cri;
  #view: RuntimeView = {
    ready: false,
    name: '',
    version: '',
    networkReady: false,
    message: 'the container runtime has not answered yet',
  };
  #features: RuntimeFeatures = runtimeFeatures('', '');
  #askedMs = Number.NEGATIVE_INFINITY;
  /** Monotonic; since when it does not answer. */
  #awaySinceMs: number | undefined;
  #toldAway = false;

  constructor(env: Env, cri: cri.Cri) {
    this.#env = env;
    this.#cri = cri;
  }

  view(): RuntimeView {
    return this.#view;
  }

  get networkReady(): boolean {
    return this.#view.networkReady;
  }

  features(): RuntimeFeatures {
    return this.#features;
  }

  /** Asks again when the last good answer is old. Throws CriError. */
  async refresh(): Promise<void> {
    const nowMs = this.#env.monotonicMs();
    if (this.#view.ready && this.#view.networkReady && nowMs - this.#askedMs < FRESH_MS) return;
    const status = await this.#cri.status();
    this.#awaySinceMs = undefined;
    this.#toldAway = false;
    const { runtimeName, runtimeVersion } =
      this.#view.ready && this.#view.name
        ? { runtimeName: this.#view.name, runtimeVersion: this.#view.version }
        : await this.#cri.version();
    this.#askedMs = nowMs;
    this.#features = runtimeFeatures(runtimeName, runtimeVersion, status);
    const bad = status.conditions.filter(
      (condition) => !condition.status && (condition.type === 'RuntimeReady' || condition.type === 'NetworkReady'),
    );
    this.#set({
      ready: !bad.some((condition) => condition.type === 'RuntimeReady'),
      name: runtimeName,
      version: runtimeVersion,
      networkReady: !bad.some((condition) => condition.type === 'NetworkReady'),
      message: bad
        .map((condition) => `${condition.type} is false: ${condition.reason}: ${condition.message}`)
        .join('; '),
    });
  }

  /** The runtime did not answer. */
  failed(error: unknown): void {
    const nowMs = this.#env.monotonicMs();
    this.#awaySinceMs ??= nowMs;
    if (!this.#toldAway && nowMs - this.#awaySinceMs > AWAY_TOO_LONG_MS) {
      this.#toldAway = true;
      this.#env.log.error(
        { error: error instanceof Error ? error.message : String(error) },
        'the container runtime has not answered for a minute: nothing is started or stopped; look at its service',
      );
    }
    this.#set({
      ...this.#view,
      ready: false,
      message: `the container runtime does not answer: ${error instanceof Error ? error.message : String(error)}`,
    });
  }

  #set(view: RuntimeView): void {
    const same = JSON.stringify(view) === JSON.stringify(this.#view);
    if (same) return;
    const before = this.#view;
    this.#view = view;
    const fields = { runtime: view.name, version: view.version };
    if (view.message && view.message !== before.message)
      this.#env.log.warn(fields, `${view.message}; Pods are left as they are until it is back`);
    else if (!view.message) this.#env.log.info(fields, 'the container runtime is ready');
  }
}
