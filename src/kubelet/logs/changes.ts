import { type FSWatcher, watch } from 'node:fs';
import type { Env } from '../env.ts';

/** Without a hint from the kernel (or when there are no watches left) files are looked at this often. */
const POLL_MS = 1000;
/** A busy log gives a hint per line: they are gathered for so long. */
const GATHER_MS = 20;

/** Tells that something in a directory may have changed: at once when the kernel says so, else once a second. */
export class LogChanges {
  readonly #env: Env;
  readonly #watcher: FSWatcher | undefined;
  #changed = false;
  #wake: (() => void) | undefined;

  constructor(env: Env, directory: string) {
    this.#env = env;
    this.#watcher = watchQuietly(directory, () => {
      this.#changed = true;
      this.#wake?.();
    });
  }

  /** Resolves when there may be something new since the last call, or when `signal` aborts. */
  async next(signal?: AbortSignal): Promise<void> {
    if (!this.#changed) await this.#wait(POLL_MS, signal, true);
    await this.#wait(GATHER_MS, signal, false);
    this.#changed = false;
  }

  #wait(delayMs: number, signal: AbortSignal | undefined, hints: boolean): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        cancel();
        signal?.removeEventListener('abort', done);
        this.#wake = undefined;
        resolve();
      };
      const cancel = this.#env.after(delayMs, done);
      signal?.addEventListener('abort', done, { once: true });
      if (hints) this.#wake = done;
    });
  }

  close(): void {
    this.#watcher?.close();
  }
}

function watchQuietly(directory: string, changed: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(directory, { persistent: false }, changed);
    watcher.on('error', () => watcher.close());
    return watcher;
  } catch {
    return undefined;
  }
}
