/**
 * The files of one container's log: `<attempt>.log` is being written, `<attempt>.log.<YYYYMMDD-HHMMSS>` and
 * `….gz` are older parts of it (pkg/kubelet/logs/container_log_manager.go).
 */
import { constants } from 'node:fs';
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing } from '../volumes/files.ts';

/** More parts than this are not looked at: the oldest are left out. */
const MAX_PARTS = 100;
const PART = /^(\d{1,9})\.log(?:\.(\d{8}-\d{6})(\.gz)?)?$/;

export interface LogPart {
  readonly path: string;
  /** When it was rotated, `YYYYMMDD-HHMMSS`; empty for the one being written. */
  readonly stamp: string;
  readonly gzipped: boolean;
}

/** One attempt of one container. */
export interface LogPlace {
  /** `<logs>/<namespace>_<name>_<uid>/<container>` */
  readonly directory: string;
  readonly attempt: number;
}

/** The file that the runtime writes to. */
export function currentLog({ directory, attempt }: LogPlace): string {
  return join(directory, `${attempt}.log`);
}

/** The parts of a log, the oldest first. Empty when there is none. */
export async function logParts({ directory, attempt }: LogPlace): Promise<LogPart[]> {
  const parts = new Map<string, LogPart>();
  // A part that is there twice was compressed a moment ago: both are whole, the plain one is easier to read.
  for (const name of (await namesIn(directory)).sort().reverse()) {
    const [, number, stamp = '', gz] = PART.exec(name) ?? [];
    if (Number(number) === attempt) parts.set(stamp, { path: join(directory, name), stamp, gzipped: gz !== undefined });
  }
  const rotated = [...parts.values()].filter((part) => part.stamp !== '').sort((a, b) => (a.stamp < b.stamp ? -1 : 1));
  const current = parts.get('');
  return [...rotated, ...(current ? [current] : [])].slice(-MAX_PARTS);
}

/** Attempts of which there is a log, the newest first. */
export async function logAttempts(directory: string): Promise<number[]> {
  const numbers = (await namesIn(directory)).flatMap((name) => PART.exec(name)?.[1] ?? []).map(Number);
  return [...new Set(numbers)].sort((a, b) => b - a);
}

/** Opens for reading, and nothing but a regular file: what a container may have put in its place is not followed. */
export async function openLogFile(path: string): Promise<FileHandle | undefined> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
  if ((await handle.stat()).isFile()) return handle;
  await handle.close();
  throw new Error(`${path} is not a regular file`);
}

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}
