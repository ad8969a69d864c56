import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readEnvFile } from '../../../src/kubelet/volumes/env-file.ts';
import { temporaryDirectory } from '../temporary.ts';

test('a file in a volume is read, and nothing else is', async (t) => {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  await writeFile(at('good'), "A='1'");
  await symlink('good', at('link'));
  await symlink('/etc/passwd', at('out'));
  execFileSync('mkfifo', [at('fifo')]);
  execFileSync('mknod', [at('zero'), 'c', '1', '5']);
  await writeFile(at('full'), 'x'.repeat(64 * 1024));
  await writeFile(at('large'), '');
  await truncate(at('large'), 64 * 1024 + 1);
  const read = (path: string) =>
    readEnvFile({ hostPath: directory, readOnly: false, selinuxRelabel: false }, 'v', path);
  assert.deepEqual(await read('good'), { text: "A='1'" });
  assert.deepEqual(await read('link'), { text: "A='1'" });
  assert.deepEqual(await read('full'), { text: 'x'.repeat(64 * 1024) });
  assert.deepEqual(await read('gone'), { missing: true });
  assert.deepEqual(await read('gone/deeper'), { missing: true });
  assert.deepEqual(await read('out'), { error: 'out leads out of the volume' });
  for (const name of ['fifo', 'zero', '.'])
    assert.deepEqual(await read(name), { error: `${name} is not a regular file` });
  assert.deepEqual(await read('large'), { error: 'large is longer than 65536 bytes' });
});

test('a volume that is not mounted by any container has no files', async () => {
  assert.deepEqual(await readEnvFile(undefined, 'v', 'x'), {
    error: 'cannot find the volume "v" referenced by FileKeyRef',
  });
});
