/**
 * The highest serial of each signed object that was taken: an older one is not taken again. A file of its own, which
 * outlives the metadata: another instance id, or a disk in another machine, forgets nothing.
 */
import { open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { codeOf, messageOf } from '../kubelet/sources/regular-file.ts';
import type { Serials } from './ingest/claims.ts';

export const SERIALS_FILE = 'serials.json';
/** Each is an object that a key's owner signed. */
const MAX_SERIALS = 10_000;

const REMEDY = 'remove it to forget which manifests were taken';

/** Text: why it is not known what was taken. No file: nothing was. */
export async function readSerials(path: string): Promise<Serials | string> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return new Map();
    return error instanceof SyntaxError ? damaged(path) : `${path}: ${messageOf(error)}; ${REMEDY}`;
  }
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const good = !Array.isArray(value) && entries.every(([, serial]) => Number.isSafeInteger(serial));
  return good && typeof value === 'object' && value !== null ? new Map(entries) : damaged(path);
}

function damaged(path: string): string {
  return `${path} is damaged; ${REMEDY}`;
}

/** What was seen before, and what is new of `taken`; the same map when nothing is. Throws Error when there is no room. */
export function mergeSerials(before: Serials, taken: Serials): Serials {
  const news = [...taken].filter(([key, serial]) => serial > (before.get(key) ?? -1));
  if (news.length === 0) return before;
  const merged = new Map([...before, ...news]);
  if (merged.size > MAX_SERIALS) throw new Error(`more than ${MAX_SERIALS} objects with a serial were taken`);
  return merged;
}

/** At once or not at all; the directory must exist. */
export async function writeSerials(path: string, serials: Serials): Promise<void> {
  const temporary = `${path}.writing`;
  try {
    const handle = await open(temporary, 'w', 0o600);
    try {
      await handle.writeFile(`${JSON.stringify(Object.fromEntries(serials))}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    const directory = await open(dirname(path), 'r');
    await directory.sync().finally(() => directory.close());
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
