import { type Env, sleep } from '../env.ts';

/**
 * A token bucket around pulls: `burst` at once, `perSecond` on average (client-go util/flowcontrol/throttle.go). The
 * kubelet fails what is too fast (`pull QPS exceeded`) and backs off for 10 s; here it waits its turn.
 */
export class PullThrottle {
  readonly #env: Env;
  readonly #perSecond: number;
  readonly #burst: number;
  /** Below zero: so many are waiting. */
  #tokens: number;
  #atMs: number;

  /** `perSecond` 0 is no limit. */
  constructor(env: Env, perSecond: number, burst: number) {
    this.#env = env;
    this.#perSecond = perSecond;
    this.#burst = Math.max(1, burst);
    this.#tokens = this.#burst;
    this.#atMs = env.monotonicMs();
  }

  /** Resolves when the next pull may begin, or when `signal` aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    if (this.#perSecond === 0) return;
    const nowMs = this.#env.monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#atMs) / 1000) * this.#perSecond) - 1;
    this.#atMs = nowMs;
    if (this.#tokens < 0) await sleep(this.#env, (-this.#tokens / this.#perSecond) * 1000, signal);
    if (signal.aborted) this.#tokens += 1;
  }
}
