/**
 * Image archives in `<root>/images`, imported when the agent starts and when they appear: for machines that reach no
 * registry. Each content once (told by size and modification time), and again when one of its images has gone.
 */
import { join } from 'node:path';
import { type Env, sleep } from '../env.ts';
import { type Archive, type ArchiveStore, archiveStore } from './archive-store.ts';

/** The directory is looked through this often even when the kernel gives no hint. */
const PERIOD_MS = 30_000;
/** A file that was written to a moment ago may not be whole yet. */
const QUIET_MS = 1000;
/** An archive that could not be imported is tried again after this long, or when it changes. */
const RETRY_MS = 60_000;
/** After an import the runtime takes a moment to see the images. */
const SEEN_WITHIN_MS = 15_000;
const VERSION = 1;

export interface PreloadOptions {
  readonly env: Env;
  readonly rootDir: string;
  /** Imports one archive. Resolves to the names of the images in it; rejects with why it cannot be. */
  readonly importArchive: (path: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** Asked before an import, and what it resolves to told after it, once the runtime shows the images. Rejects with why not. */
  readonly verify?: (path: string) => Promise<(images: readonly string[]) => Promise<void>>;
  /** Is the image on the machine? */
  readonly isPresent: (image: string) => Promise<boolean>;
  /** Called after each import. */
  readonly arrived: (archive: string, images: readonly string[]) => void;
  readonly failed: (archive: string, message: string) => void;
  /** Whatever an import depends on beside the archive: with another text all are imported again. */
  readonly basis?: () => string;
  /** Default: on the disk, below the root directory. */
  readonly store?: ArchiveStore;
}

/** An archive as it was imported. */
interface Imported extends Version {
  readonly images: readonly string[];
  readonly basis?: string;
}

type Version = Omit<Archive, 'name'>;

export class Preloader {
  readonly #o: PreloadOptions;
  readonly #directory: string;
  readonly #store: ArchiveStore;
  #imported = new Map<string, Imported>();
  readonly #failedAtMs = new Map<string, Version & { atMs: number }>();
  #changed = false;
  #wake: () => void = () => {};

  constructor(options: PreloadOptions) {
    this.#o = options;
    this.#directory = join(options.rootDir, 'images');
    this.#store = options.store ?? archiveStore(options.rootDir, options.env);
  }

  /** Images of the archives that are there: without a registry nothing brings them back, so they are not to be removed. */
  images(): ReadonlySet<string> {
    return new Set([...this.#imported.values()].flatMap(({ images }) => images));
  }

  /** Until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { env } = this.#o;
    this.#imported = await this.#readState();
    await this.#store.open();
    const unwatch = this.#store.watch(() => {
      this.#changed = true;
      this.#wake();
    });
    try {
      while (!signal.aborted) {
        const again = await this.#scan(signal).catch((error: Error) => {
          env.log.warn(
            { directory: this.#directory, error: error.message },
            'the image archives cannot be looked through; tried again soon',
          );
          return PERIOD_MS;
        });
        await this.#rest(again, signal);
      }
    } finally {
      unwatch();
    }
  }

  /** Returns how long to rest. */
  async #scan(signal: AbortSignal): Promise<number> {
    const { env } = this.#o;
    const archives = await this.#store.list();
    const names = new Set(archives.map(({ name }) => name));
    for (const name of this.#imported.keys()) {
      if (names.has(name)) continue;
      this.#imported.delete(name);
      await this.#writeState();
    }
    let restMs = PERIOD_MS;
    for (const { name, ...version } of archives) {
      if (signal.aborted) return 0;
      if (await this.#isDone(name, version)) continue;
      // Either way: clocks of files and of programs differ by parts of a millisecond.
      const ageMs = Math.abs(env.nowMs() - version.mtimeMs);
      if (ageMs < QUIET_MS) restMs = Math.min(restMs, QUIET_MS - ageMs);
      else await this.#import(name, version, signal);
    }
    return restMs;
  }

  async #isDone(name: string, version: Version): Promise<boolean> {
    const failed = this.#failedAtMs.get(name);
    if (failed && same(failed, version) && this.#o.env.monotonicMs() - failed.atMs < RETRY_MS) return true;
    const imported = this.#imported.get(name);
    if (!imported || !same(imported, version) || (imported.basis ?? '') !== this.#basis()) return false;
    for (const image of imported.images) if (!(await this.#o.isPresent(image))) return false;
    return true;
  }

  async #import(name: string, version: Version, signal: AbortSignal): Promise<void> {
    const { env, importArchive, arrived, failed } = this.#o;
    const basis = this.#basis();
    try {
      const path = join(this.#directory, name);
      const verified = await this.#o.verify?.(path);
      const images = await importArchive(path, signal);
      await this.#seen(images, signal);
      await verified?.(images);
      this.#imported.set(name, { ...version, images, ...(basis !== '' && { basis }) });
      this.#failedAtMs.delete(name);
      await this.#writeState();
      arrived(name, images);
    } catch (error) {
      if (signal.aborted) return;
      this.#failedAtMs.set(name, { ...version, atMs: env.monotonicMs() });
      failed(name, error instanceof Error ? error.message : String(error));
    }
  }

  #basis(): string {
    return this.#o.basis?.() ?? '';
  }

  /** Until the runtime sees all of them. One that it never shows is a name that only the archive knows. */
  async #seen(images: readonly string[], signal: AbortSignal): Promise<void> {
    const { env, isPresent } = this.#o;
    const untilMs = env.monotonicMs() + SEEN_WITHIN_MS;
    for (const image of images) {
      while (!(await isPresent(image)) && !signal.aborted) {
        if (env.monotonicMs() > untilMs) throw new Error(`it was imported, but the runtime does not show ${image}`);
        await sleep(env, 50, signal);
      }
    }
  }

  /** A copy in progress gives hints all the time: at most two looks a second. */
  async #rest(delayMs: number, signal: AbortSignal): Promise<void> {
    const { env } = this.#o;
    const woken = new AbortController();
    const wake = () => woken.abort();
    this.#wake = wake;
    signal.addEventListener('abort', wake, { once: true });
    if (!this.#changed && !signal.aborted) await sleep(env, delayMs, woken.signal);
    signal.removeEventListener('abort', wake);
    if (!signal.aborted) await sleep(env, Math.min(delayMs, QUIET_MS / 2), signal);
    this.#changed = false;
  }

  async #readState(): Promise<Map<string, Imported>> {
    try {
      const { version, archives } = JSON.parse(await this.#store.readState()) as {
        version: number;
        archives: Record<string, Imported>;
      };
      return version === VERSION ? new Map(Object.entries(archives)) : new Map();
    } catch {
      // Without it every archive is imported once more, which changes nothing.
      return new Map();
    }
  }

  async #writeState(): Promise<void> {
    const archives = Object.fromEntries(this.#imported);
    await this.#store.writeState(`${JSON.stringify({ version: VERSION, archives })}\n`);
  }
}

function same(a: Version, b: Version): boolean {
  return a.sizeBytes === b.sizeBytes && a.mtimeMs === b.mtimeMs;
}
