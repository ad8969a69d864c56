/**
 * Names for log collectors: `/var/log/containers/<pod>_<namespace>_<container>-<id>.log` links to the log file
 * (pkg/kubelet/kuberuntime/legacy.go). Best effort: nothing depends on them.
 */
import { readdir, readlink, stat, symlink, unlink } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { type Env, sleep } from '../env.ts';
import { errorCode, makeDirectories } from '../volumes/files.ts';

const PERIOD_MS = 60_000;
/** After a change: several come at once, and a container writes its log file a moment after its start. */
const GATHER_MS = 500;
const ENDING = '.log';
/** Of ext4 and most others. */
const MAX_NAME_BYTES = 255;
const MAX_LINKS = 100_000;

export interface LinkedLog {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  readonly containerId: string;
  readonly path: string;
}

export interface LogLinksOptions {
  readonly env: Env;
  readonly directory: string;
  /** Links that lead out of here are somebody else's. */
  readonly podLogsDir: string;
  /** Every container there is a log of. */
  readonly logs: () => readonly LinkedLog[];
}

export function linkName({ pod, namespace, container, containerId }: LinkedLog): string {
  return `${pod}_${namespace}_${container}-${containerId}`.slice(0, MAX_NAME_BYTES - ENDING.length) + ENDING;
}

/** Makes what is missing and removes what leads nowhere: after each change, and once a minute. */
export class LogLinks {
  readonly #o: LogLinksOptions;
  #changed = true;
  #wake: () => void = () => {};
  #complaint = '';

  constructor(options: LogLinksOptions) {
    this.#o = options;
  }

  /** Containers may have come or gone. */
  poke(): void {
    this.#changed = true;
    this.#wake();
  }

  /** Until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { env } = this.#o;
    while (!signal.aborted) {
      this.#changed = false;
      await this.reconcile().then(
        () => {
          this.#complaint = '';
        },
        (error: Error) => {
          if (error.message !== this.#complaint)
            env.log.warn({ error: error.message }, 'links to container logs cannot be kept up to date');
          this.#complaint = error.message;
        },
      );
      await this.#rest(signal);
      await sleep(env, GATHER_MS, signal);
    }
  }

  async reconcile(): Promise<void> {
    const { directory, podLogsDir, logs } = this.#o;
    const wanted = new Map(logs().map((log) => [linkName(log), log.path]));
    if (wanted.size > 0) await makeDirectories(directory, 0o755);
    const present = new Set(await namesIn(directory));
    for (const [name, target] of wanted) {
      if (!present.has(name) && (await exists(target))) await make(target, join(directory, name));
    }
    for (const name of [...present].slice(0, MAX_LINKS)) {
      const path = join(directory, name);
      const target = name.endsWith(ENDING) ? await readlink(path).catch(() => '') : '';
      // In the middle of a rotation the file of a container that is there is away for a moment.
      const dead = target.startsWith(podLogsDir + sep) && !wanted.has(name) && !(await exists(target));
      if (dead) await unlink(path).catch(ignoreMissing);
    }
  }

  async #rest(signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    const wake = () => woken.abort();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    if (!this.#changed && !signal.aborted) await sleep(this.#o.env, PERIOD_MS, woken.signal);
    signal.removeEventListener('abort', wake);
  }
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    ignoreMissing(error);
    return [];
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    ignoreMissing(error);
    return false;
  }
}

async function make(target: string, path: string): Promise<void> {
  await symlink(target, path).catch((error: unknown) => {
    if (errorCode(error) !== 'EEXIST') throw error;
  });
}

function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error;
}
