import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { mount, unmountBelow } from '../../../src/kubelet/volumes/mounts.ts';
import { mountsBelow, temporaryDirectory } from '../temporary.ts';

async function tmpfs(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await mount('tmpfs', path, ['size=1048576']);
}

test('all below a directory is unmounted: nested, stacked and of odd names', async (t) => {
  const directory = await temporaryDirectory(t);
  await tmpfs(join(directory, 'pod'));
  await tmpfs(join(directory, 'pod/a'));
  await tmpfs(join(directory, 'pod/a'));
  await tmpfs(join(directory, 'pod/a/b'));
  await tmpfs(join(directory, 'pod/odd \t\\040\n-name'));
  await tmpfs(join(directory, 'pod-of-another'));
  await unmountBelow(join(directory, 'pod'), realEnv());
  assert.deepEqual(await mountsBelow(directory), [join(directory, 'pod-of-another')]);
});

test('without mounts there is nothing to do', async (t) => {
  await unmountBelow(await temporaryDirectory(t), realEnv());
});

test('a mount that is in use is detached in the end', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'pod/a');
  await tmpfs(path);
  await writeFile(join(path, 'file'), '');
  const user = spawn('sleep', ['60'], { cwd: path });
  t.after(() => user.kill());
  await new Promise((resolve) => user.once('spawn', resolve));
  const warnings: unknown[] = [];
  const silent = realEnv().log;
  await unmountBelow(join(directory, 'pod'), realEnv({ ...silent, info: (fields) => warnings.push(fields) }));
  assert.deepEqual(await mountsBelow(directory), []);
  assert.deepEqual(warnings, [{ path }]);
});

test('a mount that fails says why', async (t) => {
  const directory = await temporaryDirectory(t);
  await assert.rejects(mount('tmpfs', join(directory, 'missing'), []), /mount point does not exist/);
  await assert.rejects(mount('tmpfs', directory, ['no-such-option']), (error: Error) => !error.message.includes('\n'));
});
