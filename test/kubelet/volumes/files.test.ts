import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { constants } from 'node:fs';
import { link, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  makeDirectory,
  readEnd,
  readLimited,
  statOf,
  withRegularFile,
  writeAtomically,
  writeInPlace,
} from '../../../src/kubelet/volumes/files.ts';
import { smallDisk } from '../../full-disk.ts';
import { temporaryDirectory } from '../temporary.ts';

test('a file is read up to a limit and refused above it', async (t) => {
  const path = join(await temporaryDirectory(t), 'file');
  await writeFile(path, 'x'.repeat(1000));
  assert.equal((await readLimited(path, 1000)).length, 1000);
  await assert.rejects(readLimited(path, 999), { message: `${path} is longer than 999 bytes` });
});

test('a file of the kernel is read although it tells no size', async () => {
  assert.match((await readLimited('/proc/self/status', 100_000)).toString(), /^Name:/);
});

test('the end of a file is read, and whether it is all of it', async (t) => {
  const path = join(await temporaryDirectory(t), 'file');
  await writeFile(path, '0123456789');
  assert.deepEqual(await readEnd(path, 4), { bytes: Buffer.from('6789'), whole: false });
  assert.deepEqual(await readEnd(path, 10), { bytes: Buffer.from('0123456789'), whole: true });
  await writeFile(path, '');
  assert.deepEqual(await readEnd(path, 4), { bytes: Buffer.alloc(0), whole: true });
});

test('links, fifos and directories in place of a file are neither followed nor waited for', async (t) => {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'secret'), 'secret');
  await symlink(join(directory, 'secret'), join(directory, 'link'));
  await symlink(join(directory, 'new'), join(directory, 'dangling'));
  execFileSync('mkfifo', [join(directory, 'fifo')]);
  await mkdir(join(directory, 'directory'));
  for (const name of ['link', 'fifo', 'directory']) {
    await assert.rejects(readEnd(join(directory, name), 10), name);
    await assert.rejects(writeInPlace(join(directory, name), Buffer.from('new'), 0o644), name);
  }
  await assert.rejects(writeInPlace(join(directory, 'dangling'), Buffer.from('new'), 0o644));
  assert.equal(await readFile(join(directory, 'secret'), 'utf8'), 'secret');
  assert.equal(await statOf(join(directory, 'new')), undefined);
});

test('writing in place keeps the inode, so that a bind mount sees it', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'hosts');
  for (const content of ['first content', 'longer second content', 'short', '']) {
    await writeInPlace(path, Buffer.from(content), 0o644);
    if (content === 'first content') await link(path, join(directory, 'mounted'));
    assert.equal(await readFile(join(directory, 'mounted'), 'utf8'), content);
  }
  assert.equal((await stat(path)).mode & 0o777, 0o644);
});

test('writing in place what is there already touches nothing', async (t) => {
  const path = join(await temporaryDirectory(t), 'hosts');
  await writeInPlace(path, Buffer.from('same'), 0o644);
  const before = await stat(path, { bigint: true });
  await writeInPlace(path, Buffer.from('same'), 0o644);
  assert.equal((await stat(path, { bigint: true })).mtimeNs, before.mtimeNs);
  await writeInPlace(path, Buffer.from('sane'), 0o644);
  assert.equal(await readFile(path, 'utf8'), 'sane');
});

test('writing atomically replaces the file and leaves nothing beside it', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'pod.json');
  await writeFile(join(directory, '.pod.json.tmp'), 'what a crash left');
  await writeAtomically(path, 'one', 0o640);
  await writeAtomically(path, 'two', 0o640);
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.equal((await stat(path)).mode & 0o777, 0o640);
  assert.deepEqual(await readdir(directory), ['pod.json']);
});

test('a new directory has the mode asked for, an old one keeps its own', async (t) => {
  const directory = await temporaryDirectory(t);
  const before = process.umask(0o077);
  try {
    await makeDirectory(join(directory, 'a/b'), 0o755);
  } finally {
    process.umask(before);
  }
  assert.equal((await stat(join(directory, 'a/b'))).mode & 0o777, 0o755);
  await makeDirectory(join(directory, 'a/b'), 0o700);
  assert.equal((await stat(join(directory, 'a/b'))).mode & 0o777, 0o755);
});

test('a file is closed when its use fails', async (t) => {
  const path = join(await temporaryDirectory(t), 'file');
  await writeFile(path, '');
  const before = (await readdir('/proc/self/fd')).length;
  for (let round = 0; round < 20; round += 1)
    await assert.rejects(
      withRegularFile(path, constants.O_RDONLY, async () => {
        throw new Error('no');
      }),
    );
  assert.ok((await readdir('/proc/self/fd')).length < before + 10);
});

test('a directory that cannot be made says why: a file system that is read-only is not an absent one', async (t) => {
  const disk = await smallDisk(t, 65_536);
  execFileSync('mount', ['-o', 'remount,ro', disk]);
  await assert.rejects(makeDirectory(join(disk, 'a/b'), 0o755), { code: 'EROFS' });
  await makeDirectory(disk, 0o755);
  await assert.rejects(makeDirectory('/proc/no-such/directory', 0o755), { code: 'ENOENT' });
  await assert.rejects(makeDirectory('/etc/passwd', 0o755), { code: 'EEXIST' });
});
