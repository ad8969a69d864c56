import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Env } from '../env.ts';
import { ArchiveNames } from './archive-names.ts';
import { runProgram } from './run-program.ts';

const TIMEOUT_MS = 60 * 60_000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;
/** The namespace of everything that CRI sees. */
const NAMESPACE = 'k8s.io';

export interface ImportOptions {
  readonly env: Env;
  /** `unix:///path` of the containerd to import into. */
  readonly endpoint: string;
  readonly signal: AbortSignal;
}

/** Endings of archives that can be imported. */
export function isArchive(name: string): boolean {
  return !name.startsWith('.') && /\.(?:tar|tar\.gz|tgz|tar\.zst)$/.test(name);
}

/**
 * Imports an image archive into containerd with its own `ctr`, which knows to take it apart, to unpack it and to guard
 * it from containerd's garbage collection meanwhile. Resolves to the names of the images in it.
 */
export async function importArchive(path: string, { env, endpoint, signal }: ImportOptions): Promise<string[]> {
  const names = new ArchiveNames();
  const socket = endpoint.replace(/^unix:\/\//, '');
  try {
    await runProgram('ctr', {
      env,
      args: ['--address', socket, '--namespace', NAMESPACE, 'images', 'import', '-'],
      input: unpacked(path, names),
      timeoutMs: TIMEOUT_MS,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      signal,
    });
  } catch (error) {
    const { message } = error as Error;
    throw new Error(
      message === 'there is no ctr'
        ? 'there is no ctr on the PATH, which comes with containerd and is needed for this'
        : message,
      { cause: error },
    );
  }
  return names.names();
}

/** The plain tar archive, chunk by chunk; `names` sees it first. */
async function* unpacked(path: string, names: ArchiveNames): AsyncGenerator<Buffer> {
  const out = new PassThrough();
  const source = createReadStream(path);
  const done = path.endsWith('.zst')
    ? pipeline(source, createZstdDecompress(), out)
    : /gz$/.test(path)
      ? pipeline(source, createGunzip(), out)
      : pipeline(source, out);
  done.catch((error: Error) => out.destroy(error));
  try {
    for await (const chunk of out as AsyncIterable<Buffer>) {
      names.push(chunk);
      yield chunk;
    }
  } finally {
    out.destroy();
    source.destroy();
  }
}
