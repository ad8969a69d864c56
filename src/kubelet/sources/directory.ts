/**
 * Manifests in a directory, or in one file. The directory is listed at every look and compared with what is known; events
 * only say when to look. A change that may be half done is looked at again before it is believed: a file that was emptied,
 * a file that vanished, a broken file, a file that changes while it is read.
 */
import { opendir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Env } from '../env.ts';
import { contentHash } from '../identity.ts';
import { type ParseContext, parseManifest } from '../manifest/parse.ts';
import { MAX_MANIFEST_BYTES } from '../manifest/text.ts';
import { Hints } from './hints.ts';
import { logProblems } from './log-problems.ts';
import { byBytes, ignoredName } from './manifest-name.ts';
import { codeOf, type Fingerprint, lookAt, messageOf, readRegularFile } from './regular-file.ts';
import type { FileResult, Snapshot, Source } from './source.ts';
import { Watcher } from './watcher.ts';

export interface DirectoryOptions {
  /** Absolute path of a directory, or of one manifest file of any name. It may be absent. */
  path: string;
  rescanMs: number;
  nodeName: string;
  /** See `ParseContext`. */
  runtimeClasses?: ParseContext['runtimeClasses'];
  env: Env;
}

/** Manifests that are read; the rest, in byte order, is reported. */
const MAX_FILES = 1000;
const MAX_TOTAL_BYTES = 16 * 1024 * 1024;
/** Directory entries of any kind. */
const MAX_ENTRIES = 20_000;
/** What is absent or cannot be read gives no events to wait for. */
const BLIND_RESCAN_MS = 1000;
/** How long a suspicious state must last. */
const DOUBT_MS = 100;
/** The same for a file in the hands of a writer: a shell empties it long before the command that fills it has an answer. */
const WRITER_DOUBT_MS = 3000;

export function directorySource(options: DirectoryOptions): Source {
  return new DirectorySource(options);
}

interface Known {
  fingerprint: Fingerprint | undefined;
  hash: string;
  size: number;
  result: FileResult;
}

/** A state that is not believed yet. */
interface Doubt {
  state: string;
  sinceMs: number;
  needMs: number;
}

type Listing =
  | { state: 'absent' }
  | { state: 'unknown'; why: string }
  | { state: 'listed'; directory: string; names: string[] };

class DirectorySource implements Source {
  readonly kind = 'file';
  readonly #options: DirectoryOptions;
  readonly #hints: Hints;
  readonly #watcher: Watcher;
  #snapshot: Snapshot = { state: 'unknown', why: 'not read yet' };
  #known = new Map<string, Known>();
  #ignored = new Map<string, string>();
  #doubts = new Map<string, Doubt>();
  #stateLogged = '';

  constructor(options: DirectoryOptions) {
    this.#options = options;
    this.#hints = new Hints(options.env);
    this.#watcher = new Watcher(options.env, this.#hints);
  }

  current(): Snapshot {
    return this.#snapshot;
  }

  async run(poke: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const before = this.#snapshot;
      // A fault of ours in one look must not end the watching.
      await this.#look().catch((error: unknown) => this.#lose({ state: 'unknown', why: messageOf(error) }));
      if (signal.aborted) break;
      if (this.#snapshot !== before) poke();
      await this.#hints.wait(this.#nextLookMs(), signal);
    }
    this.#watcher.close();
  }

  #nextLookMs(): number {
    const nowMs = this.#options.env.monotonicMs();
    const doubts = [...this.#doubts.values()].map(({ sinceMs, needMs }) => {
      const remainingMs = sinceMs + needMs - nowMs;
      return remainingMs > 0 ? remainingMs : DOUBT_MS;
    });
    const idleMs = this.#stateLogged === 'listed' ? this.#options.rescanMs : BLIND_RESCAN_MS;
    return Math.min(idleMs, this.#options.rescanMs, ...doubts);
  }

  async #look(): Promise<void> {
    const listing = await this.#list();
    if (listing.state === 'unknown') return this.#lose(listing);
    this.#logState(listing);
    const [directory, names] = listing.state === 'absent' ? ['', []] : [listing.directory, listing.names];
    this.#publish(await this.#readAll(directory, names));
  }

  /** Nothing can be told: what is doubted has to be seen anew. */
  #lose(listing: Listing & { state: 'unknown' }): void {
    this.#logState(listing);
    this.#doubts.clear();
    if (this.#snapshot.state !== 'unknown' || this.#snapshot.why !== listing.why) this.#snapshot = listing;
  }

  async #list(): Promise<Listing> {
    const { path } = this.#options;
    try {
      const stats = await stat(path, { bigint: true });
      if (!stats.isDirectory() && !stats.isFile()) {
        return { state: 'unknown', why: `${path} is neither a directory nor a regular file` };
      }
      const directory = stats.isDirectory() ? path : dirname(path);
      const watched = stats.isDirectory() ? stats : await stat(directory, { bigint: true });
      // Before the listing, so that nothing falls between the two.
      this.#watcher.arm(directory, `${watched.dev},${watched.ino}`);
      if (stats.isFile()) return { state: 'listed', directory, names: [basename(path)] };
      const names: string[] = [];
      for await (const entry of await opendir(directory)) {
        names.push(entry.name);
        if (names.length > MAX_ENTRIES)
          return { state: 'unknown', why: `${path} has more than ${MAX_ENTRIES} entries` };
      }
      return { state: 'listed', directory, names: this.#manifestNames(names, directory) };
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') return { state: 'unknown', why: `cannot read ${path}: ${messageOf(error)}` };
      this.#watcher.close();
      return { state: 'absent' };
    }
  }

  #manifestNames(names: string[], directory: string): string[] {
    const present = new Set(names);
    for (const name of this.#ignored.keys()) if (!present.has(name)) this.#ignored.delete(name);
    const manifests = names.filter((name) => {
      const why = ignoredName(name);
      if (why !== undefined) this.#ignore(directory, name, why);
      return why === undefined;
    });
    return manifests.sort(byBytes);
  }

  async #readAll(directory: string, names: readonly string[]): Promise<Map<string, Known>> {
    const next = new Map<string, Known>();
    let totalBytes = 0;
    for (const [index, name] of names.entries()) {
      const limit = limitReached(index, totalBytes);
      const found =
        limit === undefined ? await this.#readOne(directory, name) : this.#overLimit(directory, name, limit);
      if (!found) continue;
      next.set(name, found);
      totalBytes += found.size;
    }
    for (const [name, known] of this.#known) {
      if (!next.has(name) && !this.#believe(name, 'gone', DOUBT_MS)) next.set(name, known);
    }
    const present = new Set(names);
    for (const name of this.#doubts.keys()) if (!next.has(name) && !present.has(name)) this.#doubts.delete(name);
    return next;
  }

  /** What is to be held of one name: undefined when there is no file, or none to be believed yet. */
  async #readOne(directory: string, name: string): Promise<Known | undefined> {
    const path = join(directory, name);
    const known = this.#known.get(name);
    const look = await lookAt(path);
    if (look.kind === 'file' && known?.fingerprint === look.fingerprint && !this.#doubts.has(name)) return known;
    const read = look.kind === 'file' ? await readRegularFile(path, MAX_MANIFEST_BYTES) : look;
    if (read.kind !== 'ignored') this.#ignored.delete(name);
    switch (read.kind) {
      case 'gone':
        return undefined;
      case 'ignored':
        this.#ignore(directory, name, read.why);
        return undefined;
      case 'changing': {
        const believed = this.#believe(name, 'changing', WRITER_DOUBT_MS);
        return believed ? this.#failed(path, known, 'the file changed while it was read') : known;
      }
      case 'error':
        return this.#believe(name, read.message, DOUBT_MS) ? this.#failed(path, known, read.message) : known;
      case 'bytes': {
        const candidate = this.#parse(path, known, read.bytes, read.fingerprint);
        return this.#believe(name, candidate.hash, this.#doubtMs(candidate, known)) ? candidate : known;
      }
    }
  }

  #parse(path: string, known: Known | undefined, bytes: Uint8Array, fingerprint: Fingerprint): Known {
    const hash = contentHash(bytes);
    const size = bytes.length;
    if (known?.hash === hash) return { fingerprint, hash, size, result: known.result };
    const result = parseManifest(bytes, { kind: 'file', location: path }, this.#options);
    return { fingerprint, hash, size, result };
  }

  /** How long new content must stay to be believed; 0 for what is plainly meant. */
  #doubtMs(candidate: Known, known: Known | undefined): number {
    const { revisions, documents = [], problems } = candidate.result;
    if (candidate.result === known?.result) return 0;
    if (problems.some((problem) => problem.severity === 'error')) return DOUBT_MS;
    if (revisions.length > 0 || documents.length > 0 || problems.length > 0) return 0;
    return known ? WRITER_DOUBT_MS : 0;
  }

  /** The first look believes everything: there is nothing to hold on to instead. */
  #believe(name: string, state: string, needMs: number): boolean {
    if (needMs === 0 || this.#snapshot.state === 'unknown') {
      this.#doubts.delete(name);
      return true;
    }
    const nowMs = this.#options.env.monotonicMs();
    const last = this.#doubts.get(name);
    const doubt = last?.state === state ? last : { state, sinceMs: nowMs, needMs };
    const believed = nowMs - doubt.sinceMs >= needMs;
    if (believed) this.#doubts.delete(name);
    else this.#doubts.set(name, doubt);
    return believed;
  }

  #failed(path: string, known: Known | undefined, message: string): Known {
    const hash = `failed: ${message}`;
    if (known?.hash === hash) return { ...known, fingerprint: undefined };
    const result: FileResult = {
      origin: { kind: 'file', location: path },
      revisions: [],
      problems: [{ severity: 'error', field: '', message }],
    };
    return { fingerprint: undefined, hash, size: 0, result };
  }

  #overLimit(directory: string, name: string, limit: string): Known {
    return this.#failed(join(directory, name), this.#known.get(name), `not read: there are ${limit} before it`);
  }

  #publish(next: Map<string, Known>): void {
    const ordered = [...next].sort(([a], [b]) => byBytes(a, b)).map(([, known]) => known.result);
    for (const [name, { result }] of next) {
      if (this.#known.get(name)?.result !== result) logProblems(this.#options.env.log, result);
    }
    this.#known = next;
    const before = this.#snapshot;
    const same =
      before.state === 'known' &&
      before.files.length === ordered.length &&
      before.files.every((file, index) => file === ordered[index]);
    if (!same) this.#snapshot = { state: 'known', files: ordered };
  }

  #ignore(directory: string, name: string, why: string): void {
    if (this.#ignored.get(name) === why) return;
    this.#ignored.set(name, why);
    this.#options.env.log.info({ path: join(directory, name) }, `ignored: ${why}`);
  }

  #logState(listing: Listing): void {
    const state = listing.state === 'unknown' ? listing.why : listing.state;
    if (state === this.#stateLogged) return;
    this.#stateLogged = state;
    const { path, env } = this.#options;
    if (listing.state === 'unknown')
      env.log.error({ path }, `manifests cannot be read, Pods stay as they are: ${listing.why}`);
    else if (listing.state === 'absent')
      env.log.warn({ path }, 'the manifest path does not exist: no Pods are wanted from it');
    else env.log.info({ path }, 'reading manifests');
  }
}

function limitReached(files: number, bytes: number): string | undefined {
  if (files >= MAX_FILES) return `more than ${MAX_FILES} manifests`;
  return bytes > MAX_TOTAL_BYTES ? `more than ${MAX_TOTAL_BYTES} bytes of manifests` : undefined;
}
