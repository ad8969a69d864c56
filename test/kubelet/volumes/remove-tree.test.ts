import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { chmod, mkdir, readdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { statOf } from '../../../src/kubelet/volumes/files.ts';
import { removeTree } from '../../../src/kubelet/volumes/remove-tree.ts';
import { temporaryDirectory } from '../temporary.ts';

test('a tree is deleted with all that is in it', async (t) => {
  const directory = await temporaryDirectory(t);
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'a/b/c'), { recursive: true });
  await writeFile(join(tree, 'a/b/file'), '');
  await writeFile(join(tree, 'a/.hidden'), '');
  await mkdir(join(tree, 'locked'));
  await writeFile(join(tree, 'locked/file'), '');
  await chmod(join(tree, 'locked'), 0o000);
  execFileSync('mkfifo', [join(tree, 'fifo')]);
  await removeTree(tree);
  assert.deepEqual(await readdir(directory), []);
});

test('what is not there is deleted already', async (t) => {
  await removeTree(join(await temporaryDirectory(t), 'missing'));
});

test('links are deleted, never what they point at', async (t) => {
  const directory = await temporaryDirectory(t);
  const precious = join(directory, 'precious');
  await mkdir(precious);
  await writeFile(join(precious, 'file'), 'kept');
  const tree = join(directory, 'tree');
  await mkdir(tree);
  await symlink(precious, join(tree, 'to-directory'));
  await symlink(join(precious, 'file'), join(tree, 'to-file'));
  await symlink('.', join(tree, 'loop'));
  await removeTree(tree);
  assert.equal(await readFile(join(precious, 'file'), 'utf8'), 'kept');
  await symlink(precious, tree);
  await removeTree(tree);
  assert.equal(await readFile(join(precious, 'file'), 'utf8'), 'kept');
  assert.deepEqual(await readdir(directory), ['precious']);
});

test('names that are no UTF-8 are deleted', async (t) => {
  const directory = await temporaryDirectory(t);
  const tree = join(directory, 'tree');
  await mkdir(tree);
  const odd = (name: number[]) => Buffer.concat([Buffer.from(`${tree}/`), Buffer.from(name)]);
  await writeFile(odd([0xff, 0xfe]), '');
  await mkdir(odd([0xe2, 0x28, 0xa1]));
  await writeFile(odd([0xe2, 0x28, 0xa1, 0x2f, 0xc0]), '');
  await writeFile(odd([...Buffer.from('grün')]), '');
  await removeTree(tree);
  assert.deepEqual(await readdir(directory), []);
});

test('directories nested deeper than any path are deleted, with few descriptors', async (t) => {
  const directory = await temporaryDirectory(t);
  const tree = join(directory, 'tree');
  await mkdir(tree);
  await writeFile(join(tree, '.deep-1'), 'the name that is moved to');
  // Built from the inside out: such a path cannot be named.
  mkdirSync(join(directory, 'inner'));
  for (let depth = 0; depth < 1000; depth += 1) {
    mkdirSync(join(directory, 'outer'));
    renameSync(join(directory, 'inner'), join(directory, 'outer/down'));
    renameSync(join(directory, 'outer'), join(directory, 'inner'));
  }
  await rename(join(directory, 'inner'), join(tree, 'down'));
  await removeTree(tree);
  assert.deepEqual(await readdir(directory), []);
});

test('a directory of many entries is deleted', async (t) => {
  const directory = await temporaryDirectory(t);
  const tree = join(directory, 'tree');
  await mkdir(tree);
  for (let index = 0; index < 2000; index += 1) writeFileSync(join(tree, String(index)), '');
  await removeTree(tree);
  assert.deepEqual(await readdir(directory), []);
});

test('the file named last is still there when anything before it fails', async (t) => {
  const directory = await temporaryDirectory(t);
  const tree = join(directory, 'tree');
  await mkdir(join(tree, 'inner'), { recursive: true });
  await writeFile(join(tree, 'pod.json'), '');
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(tree, 'inner')]);
  try {
    await assert.rejects(removeTree(tree, 'pod.json'), /a file system is mounted inside/);
    assert.ok(await statOf(join(tree, 'pod.json')));
  } finally {
    execFileSync('umount', [join(tree, 'inner')]);
  }
  await removeTree(tree, 'pod.json');
  assert.deepEqual(await readdir(directory), []);
});

test('nothing behind a mount is deleted, not even one of the same file system', async (t) => {
  const directory = await temporaryDirectory(t);
  const precious = join(directory, 'precious');
  await mkdir(precious);
  await writeFile(join(precious, 'file'), 'kept');
  for (const place of ['tree/a', 'tree']) {
    const mountPoint = join(directory, place);
    await mkdir(mountPoint, { recursive: true });
    execFileSync('mount', ['--bind', precious, mountPoint]);
    try {
      await assert.rejects(removeTree(join(directory, 'tree')), /a file system is mounted inside/);
      assert.equal(await readFile(join(precious, 'file'), 'utf8'), 'kept');
    } finally {
      execFileSync('umount', [mountPoint]);
    }
    await removeTree(join(directory, 'tree'));
  }
});

test('a file that is bind-mounted over is not deleted', async (t) => {
  const directory = await temporaryDirectory(t);
  const tree = join(directory, 'tree');
  await mkdir(tree);
  await writeFile(join(directory, 'precious'), 'kept');
  await writeFile(join(tree, 'file'), '');
  execFileSync('mount', ['--bind', join(directory, 'precious'), join(tree, 'file')]);
  try {
    await assert.rejects(removeTree(tree), { code: 'EBUSY' });
  } finally {
    execFileSync('umount', [join(tree, 'file')]);
  }
  assert.equal(await readFile(join(directory, 'precious'), 'utf8'), 'kept');
});
