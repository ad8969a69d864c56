import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { ALL_ALLOWED } from '../../../src/kubelet/policy.ts';
import { hostPath } from '../../../src/kubelet/volumes/host-path.ts';
import { unmountBelow } from '../../../src/kubelet/volumes/mounts.ts';
import { removeTree } from '../../../src/kubelet/volumes/remove-tree.ts';
import { node } from '../node.ts';
import { mountsBelow, temporaryDirectory } from '../temporary.ts';
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

async function restricted(t: TestContext) {
  const base = await realpath(await temporaryDirectory(t));
  const allowed = join(base, 'allowed');
  await mkdir(join(allowed, 'a/b'), { recursive: true });
  await mkdir(join(base, 'secret'));
  await writeFile(join(base, 'secret/key'), 'key');
  const target = join(base, 'pod/volumes/kubernetes.io~host-path/v');
  const policy = { ...ALL_ALLOWED, allowedHostPaths: [allowed] };
  const prepareThere = (path: string, type = '') =>
    hostPath.prepare(volumeInput({ hostPath: { path, type } }, target, { node: node({ policy }) }));
  return { base, allowed, target, prepare: prepareThere };
}

test('where some paths are allowed, what is there is bound, and twice as once', async (t) => {
  const { base, allowed, target, prepare } = await restricted(t);
  await writeFile(join(allowed, 'a/b/file'), 'seen');
  for (let time = 1; time <= 2; time += 1)
    assert.deepEqual(await prepare(join(allowed, 'a'), 'Directory'), {
      hostPath: target,
      readOnly: false,
      selinuxRelabel: false,
    });
  assert.equal(await readFile(join(target, 'b/file'), 'utf8'), 'seen');
  assert.deepEqual(await mountsBelow(base), [target]);
});

test('where some paths are allowed, links may lead about inside, and not out', async (t) => {
  const { base, allowed, target, prepare } = await restricted(t);
  await symlink('a/b', join(allowed, 'inside'));
  await symlink(join(base, 'secret'), join(allowed, 'out'));
  await symlink('../secret', join(allowed, 'up'));
  await symlink(join(base, 'secret/new'), join(allowed, 'made'));
  assert.equal((await prepare(join(allowed, 'inside'))).hostPath, target);
  for (const [path, type] of [
    ['out', ''],
    ['out/key', 'File'],
    ['up', 'Directory'],
    ['made', 'FileOrCreate'],
    ['out/new', 'DirectoryOrCreate'],
  ] as const)
    await assert.rejects(prepare(join(allowed, path), type), {
      message: `${path} leads out of ${allowed}, beyond which no hostPath is allowed on this machine (allowedHostPaths)`,
    });
  assert.deepEqual(await readdir(join(base, 'secret')), ['key']);
  await assert.rejects(prepare(join(base, 'secret')), {
    message: `${base}/secret may not be mounted: on this machine hostPath is allowed only below ${allowed} (allowedHostPaths)`,
  });
});

test('where some paths are allowed, types make and check as elsewhere', async (t) => {
  const { allowed, target, prepare } = await restricted(t);
  await prepare(join(allowed, 'x/y'), 'DirectoryOrCreate');
  assert.ok((await stat(join(allowed, 'x/y'))).isDirectory());
  await prepare(join(allowed, 'x/f'), 'FileOrCreate');
  assert.ok((await stat(target)).isFile());
  await assert.rejects(prepare(join(allowed, 'x/f'), 'Directory'), /x\/f is not a directory$/);
  await assert.rejects(prepare(join(allowed, 'none'), 'Directory'), /none is not a directory$/);
  await prepare(join(allowed, 'none/at/all'));
  assert.equal((await stat(join(allowed, 'none/at/all'))).mode & 0o7777, 0o755);
});

test('what is mounted below an allowed path is there too, and stays on the machine when the Pod goes', async (t) => {
  const { base, allowed, target, prepare } = await restricted(t);
  const below = join(allowed, 'a/b');
  // As on most machines: what happens to one view of it happens to all.
  execFileSync('mount', ['--bind', allowed, allowed]);
  execFileSync('mount', ['--make-shared', allowed]);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', below]);
  await writeFile(join(below, 'file'), 'mounted');
  await prepare(allowed);
  assert.equal(await readFile(join(target, 'a/b/file'), 'utf8'), 'mounted');
  await unmountBelow(join(base, 'pod'), realEnv());
  await removeTree(join(base, 'pod'));
  assert.equal(await readFile(join(below, 'file'), 'utf8'), 'mounted');
  assert.deepEqual(await mountsBelow(base), [allowed, below]);
});
