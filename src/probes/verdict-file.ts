import { createHash } from 'node:crypto';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Log } from '../kubelet/env.ts';
import type { Verdict } from '../kubelet/verdict.ts';
import { makeDirectories } from '../kubelet/volumes/files.ts';
import type { VerdictMirror } from './verdicts.ts';

const MAX_FILE_BYTES = 4 * 1024 * 1024;

export interface VerdictFile extends VerdictMirror {
  /** What was written last; nothing when there is no such file, or no telling what it says. */
  read(): Promise<ReadonlyMap<string, Verdict>>;
}

/** On a file system in memory: it shall outlive the agent, not the machine. One for each root directory. */
export function verdictDirectory(rootDir: string): string {
  return join('/run/rower', createHash('sha256').update(rootDir).digest('hex').slice(0, 16));
}

/** `verdicts.json` in `directory`, replaced as a whole. The directory is made when needed. */
export function verdictFile(directory: string, log: Log): VerdictFile {
  const file = join(directory, 'verdicts.json');
  const draft = `${file}.new`;
  return {
    async write(verdicts) {
      const text = JSON.stringify(Object.fromEntries(verdicts));
      try {
        await writeFile(draft, text, { mode: 0o600 });
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        await makeDirectories(directory, 0o700);
        await writeFile(draft, text, { mode: 0o600 });
      }
      await rename(draft, file);
    },
    async read() {
      try {
        const { size } = await stat(file);
        if (size > MAX_FILE_BYTES) throw new Error(`${size} bytes are more than ${MAX_FILE_BYTES}`);
        return decode(JSON.parse(await readFile(file, 'utf8')));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
          log.warn(
            { file, error: String(error) },
            'former probe results cannot be read; Pods are unready until they are probed again',
          );
        }
        return new Map();
      }
    },
  };
}

/** Entries that are none of ours are left out. */
function decode(value: unknown): Map<string, Verdict> {
  const verdicts = new Map<string, Verdict>();
  if (typeof value !== 'object' || value === null) throw new Error('not an object');
  for (const [id, entry] of Object.entries(value)) if (isVerdict(entry)) verdicts.set(id, entry);
  return verdicts;
}

function isVerdict(value: unknown): value is Verdict {
  if (typeof value !== 'object' || value === null) return false;
  const { started, ready, readySinceMs, failed } = value as Partial<Verdict>;
  const shape = typeof started === 'boolean' && typeof ready === 'boolean' && Number.isFinite(readySinceMs);
  if (failed === undefined) return shape;
  const grace = failed?.graceSeconds;
  const cause = failed?.probe === 'liveness' || failed?.probe === 'startup';
  return shape && cause && (grace === undefined || Number.isInteger(grace));
}
