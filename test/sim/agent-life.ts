/**
 * The life of one agent process. Killing it cuts it off at the next thing it does or waits for: its timers never fire,
 * its calls are never answered, new calls have no effect. What it had already sent goes on in the runtime.
 */
export class Life {
  #alive = true;
  #stepsLeft = Infinity;
  readonly #onDeath = new Set<() => void>();

  get alive(): boolean {
    return this.#alive;
  }

  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const fn of this.#onDeath) fn();
  }

  /** It dies at the `steps`-th thing it does from now on: before it sends a call, or before it sees an answer. */
  killAfter(steps: number): void {
    this.#stepsLeft = steps;
  }

  /** One thing is about to happen to the agent. Tells whether it lives to see it. */
  step(): boolean {
    if (this.#alive) {
      this.#stepsLeft -= 1;
      if (this.#stepsLeft < 0) this.kill();
    }
    return this.#alive;
  }

  /** Returns how to forget it again. */
  onDeath(fn: () => void): () => void {
    this.#onDeath.add(fn);
    return () => this.#onDeath.delete(fn);
  }

  /** Passes an outcome on as long as the agent lives; else the promise stays open for ever. */
  guard<T>(work: () => Promise<T>): Promise<T> {
    if (!this.step()) return new Promise(() => {});
    return new Promise((resolve, reject) => {
      work().then(
        (value) => {
          if (this.step()) resolve(value);
        },
        (error: unknown) => {
          if (this.step()) reject(error);
        },
      );
    });
  }
}
