import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { lookAt, readRegularFile } from '../../../src/kubelet/sources/regular-file.ts';
import { temporaryDirectory } from '../temporary.ts';

const LIMIT = 10_000;

test('a file is read whole, and its fingerprint is that of the look', async (t) => {
  const path = join(await temporaryDirectory(t), 'a');
  for (const size of [0, 1, 4096, LIMIT]) {
    await writeFile(path, 'x'.repeat(size));
    const look = await lookAt(path);
    const read = await readRegularFile(path, LIMIT);
    assert.ok(look.kind === 'file' && read.kind === 'bytes');
    assert.equal(read.bytes.length, size);
    assert.equal(read.fingerprint, look.fingerprint);
  }
});

test('of a longer file one byte more than the limit is read', async (t) => {
  const path = join(await temporaryDirectory(t), 'a');
  await writeFile(path, 'x'.repeat(3 * LIMIT));
  const read = await readRegularFile(path, LIMIT);
  assert.ok(read.kind === 'bytes');
  assert.equal(read.bytes.length, LIMIT + 1);
});

test('a file that says it is empty and is not is read whole', async () => {
  const read = await readRegularFile('/proc/self/status', LIMIT);
  assert.ok(read.kind === 'bytes');
  assert.match(Buffer.from(read.bytes).toString(), /^Name:.*\nnonvoluntary_ctxt_switches:/s);
});

test('every touch changes the fingerprint, even one that keeps size and content', async (t) => {
  const path = join(await temporaryDirectory(t), 'a');
  const seen = new Set<string>();
  for (const content of ['one', 'two', 'two']) {
    await writeFile(`${path}.new`, content);
    await rename(`${path}.new`, path);
    const look = await lookAt(path);
    assert.ok(look.kind === 'file');
    seen.add(look.fingerprint);
  }
  assert.equal(seen.size, 3);
});

test('a file that changes while it is read is not believed', async (t) => {
  const path = join(await temporaryDirectory(t), 'a');
  await writeFile(path, 'x');
  let writing = true;
  const write = () => {
    appendFileSync(path, 'y');
    if (writing) setImmediate(write);
  };
  write();
  const { kind } = await readRegularFile(path, LIMIT);
  writing = false;
  assert.equal(kind, 'changing');
});

test('what is no regular file is never opened for long', async (t) => {
  const directory = await temporaryDirectory(t);
  const pipe = join(directory, 'pipe');
  execFileSync('mkfifo', [pipe]);
  assert.deepEqual(await lookAt(pipe), { kind: 'ignored', why: 'is a named pipe, not a regular file' });
  assert.deepEqual(await readRegularFile(pipe, LIMIT), { kind: 'ignored', why: 'is a named pipe, not a regular file' });
  assert.deepEqual(await readRegularFile(directory, LIMIT), {
    kind: 'ignored',
    why: 'is a directory, not a regular file',
  });
});

test('what is not there is gone, a link that leads nowhere is ignored', async (t) => {
  const directory = await temporaryDirectory(t);
  assert.deepEqual(await lookAt(join(directory, 'a')), { kind: 'gone' });
  assert.deepEqual(await readRegularFile(join(directory, 'a'), LIMIT), { kind: 'gone' });
  await symlink('a', join(directory, 'b'));
  assert.deepEqual(await lookAt(join(directory, 'b')), { kind: 'ignored', why: 'is a link that leads nowhere' });
});

test('a path that cannot be followed is an error', async () => {
  const look = await lookAt('/dev/null/a');
  assert.ok(look.kind === 'error');
  assert.match(look.message, /^cannot look at the file: ENOTDIR/);
});
