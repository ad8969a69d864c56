import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { mountPoints } from '../../src/kubelet/volumes/mounts.ts';

/** A directory of the test's own. After the test it is removed, with all that is still mounted in it unmounted first. */
export async function temporaryDirectory(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(os.tmpdir(), 'rower-test-'));
  t.after(async () => {
    for (const inside of (await mountsBelow(path)).reverse()) execFileSync('umount', ['--lazy', inside]);
    await rm(path, { recursive: true, force: true });
  });
  return path;
}

/** Paths of the mounts below `directory`, in the order of mounting. */
export async function mountsBelow(directory: string): Promise<string[]> {
  return (await mountPoints()).map(({ path }) => path).filter((path) => path.startsWith(`${directory}/`));
}
