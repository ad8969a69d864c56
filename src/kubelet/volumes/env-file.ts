import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import type { EnvFile } from '../container/env.ts';
import { MAX_ENV_FILE_BYTES } from '../container/env-file.ts';
import type { PreparedVolume } from '../host.ts';
import { isMissing } from './files.ts';
import { openInside, pathOf } from './inside.ts';

/** A file that a container left in a volume for the environment of another. Never rejects. */
export async function readEnvFile(
  volume: PreparedVolume | undefined,
  volumeName: string,
  path: string,
): Promise<EnvFile> {
  if (!volume?.hostPath) return { error: `cannot find the volume "${volumeName}" referenced by FileKeyRef` };
  try {
    const found = await openInside(volume.hostPath, path);
    try {
      const stats = await found.stat();
      if (!stats.isFile()) return { error: `${path} is not a regular file` };
      if (stats.size > MAX_ENV_FILE_BYTES) return { error: `${path} is longer than ${MAX_ENV_FILE_BYTES} bytes` };
      return { text: await readText(pathOf(found)) };
    } finally {
      await found.close();
    }
  } catch (error) {
    return isMissing(error) ? { missing: true } : { error: error instanceof Error ? error.message : String(error) };
  }
}

/** It may grow meanwhile. */
async function readText(path: string): Promise<string> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const buffer = Buffer.alloc(MAX_ENV_FILE_BYTES);
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(buffer, length, buffer.length - length, length);
      length += bytesRead;
      if (bytesRead === 0 || length === buffer.length) return buffer.subarray(0, length).toString();
    }
  } finally {
    await file.close();
  }
}
