import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hostPath } from '../../../src/kubelet/volumes/host-path.ts';
import { temporaryDirectory } from '../temporary.ts';
import { volumeInput } from './volume-input.ts';

function prepare(path: string, type?: string) {
  return hostPath.prepare(volumeInput({ hostPath: { path, ...(type !== undefined && { type }) } }, '/unused'));
}

/** One of each kind that a path can be. */
async function things(t: TestContext): Promise<Record<string, string>> {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  await mkdir(at('directory'));
  await writeFile(at('file'), '');
  await symlink('directory', at('link'));
  execFileSync('mkfifo', [at('fifo')]);
  execFileSync('mknod', [at('character'), 'c', '1', '3']);
  execFileSync('mknod', [at('block'), 'b', '7', '200']);
  const server = createServer().listen(at('socket'));
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const names = ['directory', 'file', 'link', 'fifo', 'character', 'block', 'socket', 'missing'];
  return Object.fromEntries(names.map((name) => [name, at(name)]));
}

const types: Record<string, { fits: string[]; description: string; creates?: true }> = {
  Directory: { fits: ['directory', 'link'], description: 'directory' },
  DirectoryOrCreate: { fits: ['directory', 'link'], description: 'directory', creates: true },
  File: { fits: ['file'], description: 'file' },
  FileOrCreate: { fits: ['file'], description: 'file', creates: true },
  Socket: { fits: ['socket'], description: 'socket file' },
  CharDevice: { fits: ['character'], description: 'character device' },
  BlockDevice: { fits: ['block'], description: 'block device' },
};

for (const [type, { fits, description, creates }] of Object.entries(types))
  test(`type ${type} takes ${fits.join(' and ')}, and says of the others that they are not a ${description}`, async (t) => {
    for (const [name, path] of Object.entries(await things(t))) {
      if (fits.includes(name) || (creates && name === 'missing')) {
        assert.deepEqual(await prepare(path, type), { hostPath: path, readOnly: false, selinuxRelabel: false });
        await prepare(path, type);
      } else {
        await assert.rejects(prepare(path, type), {
          message: `hostPath type check failed: ${path} is not a ${description}`,
        });
      }
    }
  });

test('without a type nothing is checked and nothing is made', async (t) => {
  const { missing = '', fifo = '' } = await things(t);
  for (const path of [missing, fifo]) {
    assert.equal((await prepare(path)).hostPath, path);
    assert.equal((await prepare(path, '')).hostPath, path);
  }
  await assert.rejects(stat(missing), { code: 'ENOENT' });
});

test('what is created has the usual mode, with directories above it only for directories', async (t) => {
  const directory = await temporaryDirectory(t);
  await prepare(join(directory, 'a/b'), 'DirectoryOrCreate');
  assert.equal((await stat(join(directory, 'a/b'))).mode & 0o777, 0o755);
  await prepare(join(directory, 'file'), 'FileOrCreate');
  assert.equal((await stat(join(directory, 'file'))).mode & 0o777, 0o644);
  await assert.rejects(prepare(join(directory, 'c/file'), 'FileOrCreate'), { code: 'ENOENT' });
});

test('a path that steps back and a type that does not exist are refused', async () => {
  await assert.rejects(prepare('/a/../b'), { message: "invalid HostPath `/a/../b`: must not contain '..'" });
  await assert.rejects(prepare('/a', 'constructor'), { message: 'constructor is an invalid volume type' });
  assert.equal((await prepare('/a/..b')).hostPath, '/a/..b');
});
