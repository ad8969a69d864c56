import type { Env } from '../kubelet/env.ts';

/**
 * How much may be under way at once, in order of arrival. A slot is given back when the work ends or after `leaseMs`,
 * whichever comes first: what takes that long waits for something itself, and must not keep others waiting.
 */
export class Slots {
  readonly #env: Env;
  readonly #limit: number;
  readonly #leaseMs: number;
  /** When each was taken, monotonic; the oldest first. */
  readonly #taken = new Set<{ readonly sinceMs: number }>();
  #waiting: (() => void)[] = [];
  #armed = false;

  constructor(env: Env, { limit, leaseMs }: { limit: number; leaseMs: number }) {
    this.#env = env;
    this.#limit = limit;
    this.#leaseMs = leaseMs;
  }

  /** Begins `work` when it is its turn. Settles as `work` does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        const slot = { sinceMs: this.#env.monotonicMs() };
        this.#taken.add(slot);
        const free = () => {
          this.#taken.delete(slot);
          this.#next();
        };
        work().then(resolve, reject).finally(free);
      });
      this.#next();
    });
  }

  #next(): void {
    if (this.#waiting.length === 0) return;
    const nowMs = this.#env.monotonicMs();
    for (const slot of this.#taken) {
      if (slot.sinceMs + this.#leaseMs > nowMs) break;
      this.#taken.delete(slot);
    }
    while (this.#taken.size < this.#limit) {
      const begin = this.#waiting.shift();
      if (!begin) return;
      begin();
    }
    const [oldest] = this.#taken;
    if (this.#armed || !oldest || this.#waiting.length === 0) return;
    this.#armed = true;
    this.#env.after(Math.max(0, oldest.sinceMs + this.#leaseMs - nowMs), () => {
      this.#armed = false;
      this.#next();
    });
  }
}
