/** The directory of image archives, and the file in which is written down what was imported from it. */
import { watch } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Env } from '../env.ts';
import { isMissing, makeDirectories, readLimited, writeAtomically } from '../volumes/files.ts';
import { PROOF_ENDINGS } from './archive-proof.ts';
import { isArchive } from './import-archive.ts';

const MAX_ARCHIVES = 1000;
const STATE_LIMIT_BYTES = 4 * 1024 * 1024;

/** One archive with the signature beside it; another size or time means another content. */
export interface Archive {
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeMs: number;
}

export interface ArchiveStore {
  /** Makes the directory, as far as it can. */
  open(): Promise<void>;
  /** In the order of their names. A directory that is missing has none. */
  list(): Promise<Archive[]>;
  /** What was written last; rejects when nothing was. */
  readState(): Promise<string>;
  writeState(text: string): Promise<void>;
  /** Calls `changed` when the directory may have; returns how to end that. Hints may be missed. */
  watch(changed: () => void): () => void;
}

/** `<root>/images` and `<root>/preloaded.json`. */
export function archiveStore(rootDir: string, env: Env): ArchiveStore {
  const directory = join(rootDir, 'images');
  const stateFile = join(rootDir, 'preloaded.json');
  return {
    async open() {
      await makeDirectories(directory, 0o750).catch((error: Error) =>
        env.log.warn({ error: error.message }, 'no directory for image archives'),
      );
    },
    async list() {
      const found: Archive[] = [];
      for (const name of (await namesIn(directory)).slice(0, MAX_ARCHIVES)) {
        const [stats, ...proofs] = await Promise.all(
          ['', ...PROOF_ENDINGS].map((ending) => stat(join(directory, name + ending)).catch(() => undefined)),
        );
        if (!stats?.isFile()) continue;
        const files = [stats, ...proofs.filter((proof) => proof !== undefined)];
        const sizeBytes = files.reduce((total, { size }) => total + size, 0);
        found.push({ name, sizeBytes, mtimeMs: Math.max(...files.map(({ mtimeMs }) => mtimeMs)) });
      }
      return found;
    },
    readState: async () => (await readLimited(stateFile, STATE_LIMIT_BYTES)).toString(),
    writeState: (text) => writeAtomically(stateFile, text, 0o640),
    watch(changed) {
      try {
        const watcher = watch(directory, { persistent: false }, changed);
        watcher.on('error', () => watcher.close());
        return () => watcher.close();
      } catch {
        return () => {};
      }
    },
  };
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).filter(isArchive).sort();
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
