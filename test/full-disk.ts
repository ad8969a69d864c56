/** A disk without room, for tests: a small file system in memory, and a file that takes all that is left of it. */
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { mount } from '../src/kubelet/volumes/mounts.ts';
import { temporaryDirectory } from './kubelet/temporary.ts';

const FILLER = 'filler';

/** A file system of the test's own, unmounted after it. Returns where it is. */
export async function smallDisk(t: TestContext, sizeBytes: number): Promise<string> {
  const directory = join(await temporaryDirectory(t), 'disk');
  mkdirSync(directory);
  await mount('tmpfs', directory, [`size=${sizeBytes}`]);
  return directory;
}

/** Takes all the room on the file system of `directory`, which should be a small one, by a file `filler`. */
export function fillDisk(directory: string): void {
  const file = openSync(join(directory, FILLER), 'w');
  try {
    for (const size of [65536, 4096, 1]) {
      const block = Buffer.alloc(size, 'x');
      try {
        for (;;) if (writeSync(file, block) === 0) break;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(file);
  }
}

/** Gives it back. */
export function freeDisk(directory: string): void {
  rmSync(join(directory, FILLER), { force: true });
}
