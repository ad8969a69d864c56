/** inotify on one directory through `fs.watch`, as a hint only: it loses events and goes deaf when the directory is replaced. */
import { type FSWatcher, watch } from 'node:fs';
import type { Env } from '../env.ts';
import type { Hints } from './hints.ts';

/**
 * Quiet time after which a change is looked into. Writing a file piece by piece shows as `change` events; a file renamed
 * into place is complete and shows as one `rename`, so there is hardly anything to wait for.
 */
const QUIET_AFTER_CHANGE_MS = 100;
const QUIET_AFTER_RENAME_MS = 2;

export class Watcher {
  readonly #env: Env;
  readonly #hints: Hints;
  #watcher: FSWatcher | undefined;
  #watched: string | undefined;
  #lastError: string | undefined;

  constructor(env: Env, hints: Hints) {
    this.#env = env;
    this.#hints = hints;
  }

  /** Watches `directory`. `identity` tells a directory from another one that took its place. */
  arm(directory: string, identity: string): void {
    if (this.#watcher && this.#watched === identity) return;
    this.close();
    try {
      const watcher = watch(directory, (event) => {
        this.#hints.note(event === 'rename' ? QUIET_AFTER_RENAME_MS : QUIET_AFTER_CHANGE_MS);
      });
      watcher.on('error', (error) => this.#fail(directory, error));
      this.#watcher = watcher;
      this.#watched = identity;
      if (this.#lastError !== undefined) this.#env.log.info({ directory }, 'the directory is watched again');
      this.#lastError = undefined;
    } catch (error) {
      this.#fail(directory, error);
    }
  }

  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
    this.#watched = undefined;
  }

  #fail(directory: string, error: unknown): void {
    this.close();
    // Not its remedies: these codes mean something else for watches.
    const message = error instanceof Error ? error.message : String(error);
    if (message === this.#lastError) return;
    this.#lastError = message;
    this.#env.log.warn(
      { directory, error: message },
      'cannot watch the directory: changes are seen at the next rescan only; raise fs.inotify.max_user_instances and max_user_watches, or the limit of open files',
    );
  }
}
