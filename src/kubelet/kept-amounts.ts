/**
 * Memory requests of Pods that were resized, kept over a restart of the agent: nothing in the runtime shows them.
 * `<root>/resized.json`, 0640.
 */
import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { AmountMemory, MemoryRequests } from './allocations.ts';
import type { Env } from './env.ts';
import { isMissing, readLimited, writeAtomically } from './volumes/files.ts';

const VERSION = 1;
const LIMIT_BYTES = 4 * 1024 * 1024;

/** Written down in the background, the newest last. */
export interface KeptAmounts extends AmountMemory {
  /** Resolves when all is written. */
  settled(): Promise<void>;
}

/** Reads what was kept; what cannot be read is as good as absent. */
export async function openKeptAmounts(rootDir: string, env: Env): Promise<KeptAmounts> {
  const path = join(rootDir, 'resized.json');
  let writing = Promise.resolve();

  async function write(requests: MemoryRequests): Promise<void> {
    try {
      if (requests.size > 0)
        await writeAtomically(path, `${JSON.stringify({ version: VERSION, requests: [...requests] })}\n`, 0o640);
      else
        await unlink(path).catch((error: unknown) => {
          if (!isMissing(error)) throw error;
        });
    } catch (error) {
      env.log.warn(
        { path, error: String(error) },
        'memory requests that changed while their Pods ran cannot be kept over a restart of the agent',
      );
    }
  }

  return {
    requests: await load(path, env),
    keep(requests) {
      writing = writing.then(() => write(requests));
    },
    settled: () => writing,
  };
}

async function load(path: string, env: Env): Promise<MemoryRequests> {
  try {
    const { version, requests } = JSON.parse((await readLimited(path, LIMIT_BYTES)).toString()) as Record<
      string,
      unknown
    >;
    return version === VERSION && isRequests(requests) ? new Map(requests) : new Map();
  } catch (error) {
    if (!isMissing(error))
      env.log.warn({ path, error: String(error) }, 'which memory requests were changed in running Pods cannot be read');
    return new Map();
  }
}

function isRequests(value: unknown): value is [string, Record<string, string>][] {
  const isText = (one: unknown) => typeof one === 'string';
  return (
    Array.isArray(value) &&
    value.every(
      (entry: unknown) =>
        Array.isArray(entry) &&
        isText(entry[0]) &&
        typeof entry[1] === 'object' &&
        entry[1] !== null &&
        Object.values(entry[1]).every(isText),
    )
  );
}
