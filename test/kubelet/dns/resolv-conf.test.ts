import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { readResolvConf } from '../../../src/kubelet/dns/resolv-conf.ts';
import { temporaryDirectory } from '../temporary.ts';

test('the file is read anew each time', async (t) => {
  const path = join(await temporaryDirectory(t), 'resolv.conf');
  await writeFile(path, 'nameserver 192.0.2.1\n');
  assert.deepEqual((await readResolvConf(path)).servers, ['192.0.2.1']);
  await writeFile(path, 'nameserver 192.0.2.2\n');
  assert.deepEqual((await readResolvConf(path)).servers, ['192.0.2.2']);
});

test('no path means the name server of this machine', async () => {
  assert.deepEqual(await readResolvConf(''), { servers: ['127.0.0.1'], searches: ['.'], options: [] });
});

test('what cannot be read is an error that names the file and the setting', async (t) => {
  const directory = await temporaryDirectory(t);
  const broken = join(directory, 'broken');
  await writeFile(broken, 'nameserver');
  const huge = join(directory, 'huge');
  await writeFile(huge, Buffer.alloc(2 * 1024 * 1024));
  for (const [path, what] of [
    [join(directory, 'missing'), /ENOENT/],
    [broken, /line 1 /],
    [huge, /is longer than 1048576 bytes/],
    [directory, /EISDIR/],
  ] as const)
    await assert.rejects(readResolvConf(path), (error: Error) => {
      assert.equal(error.name, 'ConfigError');
      assert.ok(error.message.startsWith(path) && error.message.includes('resolvConf'), error.message);
      assert.match(error.message, what);
      return true;
    });
});
