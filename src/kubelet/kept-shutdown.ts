/**
 * Which containers a shutdown of the machine has stopped, kept over the restart of the machine: the runtime says only
 * how they ended. `<root>/shutdown.json`, 0640.
 */
import { join } from 'node:path';
import type { Env } from './env.ts';
import type { ShutdownMemory, StoppedContainers } from './shutdown.ts';
import { isMissing, readLimited, writeAtomically } from './volumes/files.ts';

const VERSION = 1;
const LIMIT_BYTES = 16 * 1024 * 1024;

interface Written {
  version: number;
  /** By uid of the Pod. */
  stopped: Record<string, string[]>;
}

/** Reads what was kept; what cannot be read is as good as absent. */
export async function openKeptShutdown(rootDir: string, env: Env): Promise<ShutdownMemory> {
  const path = join(rootDir, 'shutdown.json');
  let writing = Promise.resolve();

  async function write(stopped: StoppedContainers): Promise<void> {
    const written: Written = {
      version: VERSION,
      stopped: Object.fromEntries([...stopped].map(([uid, ids]) => [uid, [...ids]])),
    };
    try {
      await writeAtomically(path, `${JSON.stringify(written)}\n`, 0o640);
    } catch (error) {
      env.log.warn(
        { path, error: String(error) },
        'which Pods this shutdown stops cannot be written down: one that does not start again will show how it ended only',
      );
    }
  }

  return {
    stopped: await load(path, env),
    keep(stopped) {
      writing = writing.then(() => write(stopped));
      return writing;
    },
  };
}

async function load(path: string, env: Env): Promise<StoppedContainers> {
  try {
    const { version, stopped } = JSON.parse((await readLimited(path, LIMIT_BYTES)).toString()) as Written;
    if (version !== VERSION) return new Map();
    return new Map(Object.entries(stopped).map(([uid, ids]) => [uid, new Set(ids)]));
  } catch (error) {
    if (!isMissing(error))
      env.log.warn({ path, error: String(error) }, 'what the last shutdown stopped cannot be read');
    return new Map();
  }
}
