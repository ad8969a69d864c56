import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { type Env, sleep } from '../env.ts';
import { messageOf } from '../sources/regular-file.ts';
import { errorCode, isMissing } from '../volumes/files.ts';
import { keptParts, rotationStamp } from './rotation-plan.ts';

/** A container that runs, and where it writes. */
export interface RunningLog {
  readonly containerId: string;
  readonly path: string;
}

/** Looked at anew for each log. */
export interface RotationSettings {
  readonly maxSizeBytes: number;
  /** All parts of one log together. */
  readonly maxFiles: number;
  readonly intervalMs: number;
}

export interface RotateOptions {
  readonly env: Env;
  /** Tells the runtime to open the log file anew. */
  readonly reopen: (containerId: string) => Promise<void>;
  readonly running: () => readonly RunningLog[];
  readonly settings: RotationSettings;
}

/**
 * Looks at the logs of all running containers, one after the other, time and again until `signal` aborts
 * (pkg/kubelet/logs/container_log_manager.go). A log that cannot be rotated is tried again the next time.
 */
export async function rotateLogs(options: RotateOptions, signal: AbortSignal): Promise<void> {
  const { env, running, settings } = options;
  /** By path: what was wrong the last time, so that it is told once. */
  let complaints = new Map<string, string>();
  while (!signal.aborted) {
    const before = complaints;
    complaints = new Map();
    for (const log of running()) {
      if (signal.aborted) return;
      try {
        await rotateWhenFull(log, options);
      } catch (error) {
        const message = messageOf(error);
        complaints.set(log.path, message);
        if (before.get(log.path) !== message)
          env.log.warn({ log: log.path, error: message }, 'this log could not be rotated; tried again soon');
      }
    }
    await sleep(env, settings.intervalMs, signal);
  }
}

/** Returns whether it was. */
export async function rotateWhenFull(log: RunningLog, options: RotateOptions): Promise<boolean> {
  try {
    const { size } = await stat(log.path);
    if (size < options.settings.maxSizeBytes) return false;
  } catch (error) {
    if (!isMissing(error)) throw error;
    // Somebody took it away, or a crash came between the two steps below: the runtime makes it anew.
    await options.reopen(log.containerId);
    return false;
  }
  await rotate(log, options);
  return true;
}

async function rotate({ path, containerId }: RunningLog, { env, reopen, settings }: RotateOptions): Promise<void> {
  const directory = dirname(path);
  const parts = (await readdir(directory)).filter((name) => name.startsWith(`${basename(path)}.`));
  const { remove, compress, newest } = keptParts(parts, settings.maxFiles);
  for (const name of remove) await unlinkAny(join(directory, name));
  for (const name of compress)
    await gzip(join(directory, name)).catch((error: unknown) =>
      // On a full disk the log has to be rotated all the same: the next time its oldest part goes and makes room.
      env.log.warn({ log: join(directory, name), error: messageOf(error) }, 'a part of a log stays uncompressed'),
    );
  const rotated = `${path}.${rotationStamp(env.nowMs(), newest)}`;
  await rename(path, rotated);
  try {
    await reopen(containerId);
  } catch (error) {
    // The runtime writes on into the same file: it gets its name back.
    await rename(rotated, path);
    throw error;
  }
}

/** Under its new name only when it is whole. */
async function gzip(path: string): Promise<void> {
  const { mode } = await stat(path);
  const draft = `${path}.tmp`;
  try {
    await pipeline(createReadStream(path), createGzip(), createWriteStream(draft, { mode: mode & 0o777 }));
    await rename(draft, `${path}.gz`);
  } catch (error) {
    await unlinkAny(draft);
    throw error;
  }
  await unlinkAny(path);
}

async function unlinkAny(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (errorCode(error) !== 'ENOENT') throw error;
  });
}
