/**
 * The files that metadata has in the manifest directory, and copies of them in a directory of the agent's own. Their names
 * begin with a mark: files with it are this module's alone, files without it are never touched.
 */
import { chmod, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { contentHash } from '../kubelet/identity.ts';
import { codeOf } from '../kubelet/sources/regular-file.ts';
import { makeDirectories } from '../kubelet/volumes/files.ts';
import { SERIALS_FILE } from './serials.ts';

export const OWN_PREFIX = 'rower-metadata-';
const STATE_FILE = 'state.json';
const COPIES = 'files';
const MAX_STATE_BYTES = 1024 * 1024;

export interface MetadataState {
  provider: string;
  /** What the provider calls this machine. */
  instanceId?: string;
  /** What the machine's firmware calls it. */
  localId?: string;
  /** File name, with the mark → hash of its content. */
  files: Record<string, string>;
  attributes: Record<string, string>;
  fetchedAtMs: number;
  /** What is in the files, for those who ask. */
  taken?: Taken;
  /** What the user-data wishes for the time when it is gone, or empty. Absent: `keep`. */
  onMissing?: 'keep' | 'remove';
  onEmpty?: 'keep' | 'remove';
}

export interface Taken {
  pods: number;
  documents: number;
  /** Of the user-data, the beginning. */
  sha256: string;
  /** When that was last another one than before; wall clock. */
  changedAtMs: number;
}

export interface ManifestStoreOptions {
  manifestDirectory: string;
  /** Made with mode 0700. */
  stateDirectory: string;
}

export interface Change {
  written: string[];
  removed: string[];
}

export class ManifestStore {
  readonly #directory: string;
  readonly #state: string;

  constructor({ manifestDirectory, stateDirectory }: ManifestStoreOptions) {
    this.#directory = manifestDirectory;
    this.#state = stateDirectory;
  }

  /** See serials.ts: no part of the state, which it outlives. */
  get serialsFile(): string {
    return join(this.#state, SERIALS_FILE);
  }

  /** Undefined when there is none that can be read. */
  async load(): Promise<MetadataState | undefined> {
    try {
      const bytes = await readFile(join(this.#state, STATE_FILE));
      const value: unknown = bytes.length > MAX_STATE_BYTES ? undefined : JSON.parse(bytes.toString('utf8'));
      return isState(value) ? value : undefined;
    } catch {
      return undefined;
    }
  }

  /** There is one, whether or not it can be read. */
  async hasState(): Promise<boolean> {
    return stat(join(this.#state, STATE_FILE)).then(
      () => true,
      (error: unknown) => codeOf(error) !== 'ENOENT',
    );
  }

  /** Exactly these files, by name without the mark. Each is replaced at once or not at all; equal ones are left alone. */
  async replace(
    files: readonly { name: string; text: string }[],
    state: Omit<MetadataState, 'files'>,
  ): Promise<Change> {
    const wanted = new Map(files.map(({ name, text }) => [`${OWN_PREFIX}${name}`, text]));
    const hashes = Object.fromEntries([...wanted].map(([name, text]) => [name, contentHash(text)]));
    await makeDirectories(join(this.#state, COPIES), 0o700);
    await chmod(this.#state, 0o700);
    // The copies first: after a crash between the two they are what counts.
    await this.#sync(join(this.#state, COPIES), wanted);
    await this.#write(this.#state, STATE_FILE, JSON.stringify({ ...state, files: hashes }));
    return this.#sync(this.#directory, wanted);
  }

  /** The copies back into the manifest directory. Undefined, and nothing is changed, when one is missing or damaged. */
  async restore(state: MetadataState): Promise<Change | undefined> {
    const wanted = new Map<string, string>();
    for (const [name, hash] of Object.entries(state.files)) {
      const text = await readFile(join(this.#state, COPIES, name), 'utf8').catch(() => undefined);
      if (text === undefined || contentHash(text) !== hash) return undefined;
      wanted.set(name, text);
    }
    return this.#sync(this.#directory, wanted);
  }

  /** No files and no state. */
  async purge(): Promise<Change> {
    await rm(join(this.#state, STATE_FILE), { force: true });
    await this.#sync(join(this.#state, COPIES), new Map());
    return this.#sync(this.#directory, new Map());
  }

  async #sync(directory: string, wanted: ReadonlyMap<string, string>): Promise<Change> {
    if (wanted.size > 0) await makeDirectories(directory);
    const written: string[] = [];
    for (const [name, text] of wanted) {
      const present = await readFile(join(directory, name), 'utf8').catch(() => undefined);
      if (present === text) continue;
      await this.#write(directory, name, text);
      written.push(name);
    }
    const names = await readdir(directory).catch((error: unknown) => {
      if (codeOf(error) === 'ENOENT') return [];
      throw error;
    });
    const removed = names.filter((name) => name.startsWith(OWN_PREFIX) && !wanted.has(name)).sort();
    for (const name of removed) await rm(join(directory, name), { force: true });
    return { written, removed };
  }

  /** Written beside, then renamed. A rename works within one file system: the places are tried in order. */
  async #write(directory: string, name: string, text: string): Promise<void> {
    const places = [this.#state, dirname(directory), directory];
    for (const [index, place] of places.entries()) {
      const temporary = join(place, `.${OWN_PREFIX}writing`);
      try {
        const handle = await open(temporary, 'w', 0o600);
        try {
          await handle.writeFile(text);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(temporary, join(directory, name));
        return;
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        const elsewhere = ['EXDEV', 'EROFS', 'EACCES'].includes(codeOf(error) ?? '');
        if (!elsewhere || index === places.length - 1) throw error;
      }
    }
  }
}

/** Why manifests cannot be written there: it is a file itself, or none is set. Undefined: they can. */
export async function manifestDirectoryProblem(path: string): Promise<string | undefined> {
  if (path === '') return 'needs a manifest directory (--pod-manifest-path) to write to';
  const stats = await stat(path).catch(() => undefined);
  if (stats && !stats.isDirectory()) return `needs a manifest directory, and ${path} is a file`;
  return undefined;
}

function isState(value: unknown): value is MetadataState {
  if (typeof value !== 'object' || value === null) return false;
  const { provider, files, fetchedAtMs, instanceId, localId, attributes, taken, onMissing, onEmpty } = value as Record<
    string,
    unknown
  >;
  const text = (one: unknown) => one === undefined || typeof one === 'string';
  const texts = (one: unknown): one is object =>
    typeof one === 'object' && one !== null && Object.values(one).every((item) => typeof item === 'string');
  const named = ([name, hash]: [string, unknown]) =>
    name.startsWith(OWN_PREFIX) && !name.includes('/') && typeof hash === 'string';
  return (
    typeof provider === 'string' &&
    typeof fetchedAtMs === 'number' &&
    text(instanceId) &&
    text(localId) &&
    text(onMissing) &&
    text(onEmpty) &&
    texts(attributes) &&
    (taken === undefined || isTaken(taken)) &&
    texts(files) &&
    Object.entries(files).every(named)
  );
}

function isTaken(value: unknown): value is Taken {
  if (typeof value !== 'object' || value === null) return false;
  const { pods, documents, sha256, changedAtMs } = value as Record<string, unknown>;
  return typeof sha256 === 'string' && [pods, documents, changedAtMs].every((one) => typeof one === 'number');
}
