/** The machine's power button, as systemd-logind shows it: who holds a lock is waited for, and goes without a word when it dies. */
export class FakePower {
  readonly #locks = new Set<string>();
  readonly #watchers = new Set<() => void>();
  #preparing = false;
  /** Told whenever a lock is given back, or lost. */
  onReleased: (owner: string) => void = () => {};

  /** The machine is about to go down. */
  get preparing(): boolean {
    return this.#preparing;
  }

  /** Somebody holds it up. */
  get locked(): boolean {
    return this.#locks.size > 0;
  }

  prepare(preparing: boolean): void {
    if (this.#preparing === preparing) return;
    this.#preparing = preparing;
    for (const watcher of this.#watchers) watcher();
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  lock(owner: string): void {
    this.#locks.add(owner);
  }

  release(owner: string): void {
    if (this.#locks.delete(owner)) this.onReleased(owner);
  }
}
