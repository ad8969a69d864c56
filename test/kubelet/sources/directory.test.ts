import assert from 'node:assert/strict';
import { mkdir, rename, rm, symlink, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directorySource } from '../../../src/kubelet/sources/directory.ts';
import { temporaryDirectory } from '../temporary.ts';
import { manifest, Watching } from './watching.ts';

const NEVER_MS = 3_600_000;
const A = 'default/a-node x:1';
const B = 'default/b-node x:1';

/** Watches `path` with events only: the rescan is an hour away. */
function watch(t: TestContext, path: string, rescanMs = NEVER_MS): Watching {
  const watching = Watching.real((env) => directorySource({ path, rescanMs, nodeName: 'node', env }));
  t.after(() => watching.stop());
  return watching;
}

/** A watched directory with one Pod, which was seen. */
async function watched(t: TestContext) {
  const directory = await temporaryDirectory(t);
  const file = (name: string) => join(directory, name);
  await writeFile(file('a.yaml'), manifest('a'));
  const watching = watch(t, directory);
  await watching.until(() => watching.pods.includes(A));
  return { directory, file, watching };
}

test('before the first look nothing is known', async (t) => {
  const source = Watching.manual((env) =>
    directorySource({ path: '/nowhere', rescanMs: NEVER_MS, nodeName: 'n', env }),
  );
  t.after(() => source.stop());
  assert.deepEqual(source.source.current(), { state: 'unknown', why: 'not read yet' });
});

test('the first look finds what is there, in byte order of the names', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const name of ['b', 'a', 'ä', 'B'])
    await writeFile(join(directory, `${name}.yaml`), manifest(name === 'B' ? 'upper' : name === 'ä' ? 'uml' : name));
  const watching = watch(t, directory);
  await watching.until(() => watching.pods.length > 0);
  assert.deepEqual(
    watching.files.map((file) => file.origin.location),
    ['B', 'a', 'b', 'ä'].map((name) => join(directory, `${name}.yaml`)),
  );
  assert.equal(watching.snapshots.length, 1);
});

test('a file that appears, is rewritten in place, renamed over, and deleted', async (t) => {
  const { file, watching } = await watched(t);
  await writeFile(
    file('b.json'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'b' },
      spec: { containers: [{ name: 'm', image: 'x:1' }] },
    }),
  );
  await watching.until(() => watching.pods.join() === [A, B].join());
  await writeFile(file('a.yaml'), manifest('a', 'x:2'));
  await watching.until(() => watching.pods[0] === 'default/a-node x:2');
  await writeFile(file('.a.tmp'), manifest('a', 'x:3'));
  await rename(file('.a.tmp'), file('a.yaml'));
  await watching.until(() => watching.pods[0] === 'default/a-node x:3');
  await unlink(file('a.yaml'));
  await watching.until(() => watching.pods.join() === B);
  assert.deepEqual(watching.errors, []);
});

test('the same content written again keeps the very objects, and an untouched file is not read anew', async (t) => {
  const { file, watching } = await watched(t);
  const [before] = watching.files;
  await writeFile(file('a.yaml'), manifest('a'));
  await writeFile(file('b.yaml'), manifest('b'));
  await watching.until(() => watching.pods.length === 2);
  assert.equal(watching.files[0], before);
  await writeFile(file('.x'), '');
  await rename(file('.x'), file('c.yaml'));
  await writeFile(file('d.yaml'), manifest('d'));
  await watching.until(() => watching.pods.length === 3);
  assert.equal(watching.files[0], before);
});

test('a broken edit gives an error without Pods, and its repair gives them back', async (t) => {
  const { file, watching } = await watched(t);
  await writeFile(file('a.yaml'), 'kind: [');
  await watching.until(() => watching.errors.length > 0);
  assert.deepEqual(watching.pods, []);
  assert.equal(watching.files.length, 1);
  await writeFile(file('a.yaml'), manifest('a'));
  await watching.until(() => watching.pods.includes(A));
  assert.deepEqual(watching.errors, []);
});

test('problems are logged once for each content, with their place', async (t) => {
  const { file, watching } = await watched(t);
  await writeFile(file('b.yaml'), manifest('b').replace('image: x:1', 'image: ""'));
  await watching.until(() => watching.errors.length > 0);
  await writeFile(file('c.yaml'), manifest('c'));
  await watching.until(() => watching.pods.length === 2);
  const lines = watching.lines.all.filter((line) => line.level === 'error');
  assert.deepEqual(lines, [
    {
      level: 'error',
      fields: { source: file('b.yaml'), line: 8, column: 12 },
      message: `${file('b.yaml')}: spec.containers[0].image: Required value`,
    },
  ]);
});

test('an absent directory wants nothing, and is watched as soon as it is there', async (t) => {
  const directory = join(await temporaryDirectory(t), 'pods');
  const watching = watch(t, directory);
  await watching.until(() => watching.source.current().state === 'known');
  assert.deepEqual(watching.source.current(), { state: 'known', files: [] });
  await mkdir(directory);
  await writeFile(join(directory, 'a.yaml'), manifest('a'));
  await watching.until(() => watching.pods.includes(A));
  await writeFile(join(directory, 'b.yaml'), manifest('b'));
  await watching.until(() => watching.pods.includes(B));
  assert.deepEqual(watching.lines.about(directory), [
    'warn the manifest path does not exist: no Pods are wanted from it',
    'info reading manifests',
  ]);
});

test('a directory that is removed and made again, or replaced by another, is watched again', async (t) => {
  const { directory, file, watching } = await watched(t);
  await rm(directory, { recursive: true });
  await watching.until(() => watching.files.length === 0);
  await mkdir(directory);
  await writeFile(file('b.yaml'), manifest('b'));
  await watching.until(() => watching.pods.includes(B));
  await mkdir(`${directory}.new`);
  t.after(() => rm(`${directory}.old`, { recursive: true, force: true }));
  await rename(directory, `${directory}.old`);
  await rename(`${directory}.new`, directory);
  await watching.until(() => watching.files.length === 0);
  await writeFile(file('a.yaml'), manifest('a'));
  await watching.until(() => watching.pods.includes(A));
});

test('links swapped all at once, as a ConfigMap volume does it', async (t) => {
  const directory = await temporaryDirectory(t);
  for (const version of ['1', '2']) {
    await mkdir(join(directory, `..v${version}`));
    await writeFile(join(directory, `..v${version}`, 'a.yaml'), manifest('a', `x:${version}`));
  }
  await symlink('..v1', join(directory, '..data'));
  await symlink('..data/a.yaml', join(directory, 'a.yaml'));
  const watching = watch(t, directory);
  await watching.until(() => watching.pods.includes(A));
  await symlink('..v2', join(directory, '..tmp'));
  await rename(join(directory, '..tmp'), join(directory, '..data'));
  await watching.until(() => watching.pods[0] === 'default/a-node x:2');
});

test('the path may be one file of any name', async (t) => {
  const path = join(await temporaryDirectory(t), 'pod.manifest');
  const watching = watch(t, path);
  await watching.until(() => watching.source.current().state === 'known');
  await writeFile(path, manifest('a'));
  await watching.until(() => watching.pods.includes(A));
  await writeFile(`${path}.new`, manifest('b'));
  await rename(`${path}.new`, path);
  await watching.until(() => watching.pods.join() === B);
  await unlink(path);
  await watching.until(() => watching.files.length === 0);
});

test('a rescan finds what no event told of', async (t) => {
  const directory = await temporaryDirectory(t);
  const elsewhere = join(await temporaryDirectory(t), 'target.yaml');
  await writeFile(elsewhere, manifest('a'));
  await symlink(elsewhere, join(directory, 'a.yaml'));
  const watching = watch(t, directory, 50);
  await watching.until(() => watching.pods.includes(A));
  await writeFile(elsewhere, manifest('b'));
  await watching.until(() => watching.pods.includes(B));
});

test('what is neither directory nor file is unknown, and said once', async (t) => {
  const watching = watch(t, '/dev/null', 5);
  await watching.until(() => watching.lines.about('/dev/null').length > 0);
  const before = watching.source.current();
  assert.deepEqual(before, { state: 'unknown', why: '/dev/null is neither a directory nor a regular file' });
  await watching.until(() => watching.snapshots.length > 0);
  assert.equal(watching.source.current(), before);
});

test('a path that cannot be reached is unknown, not absent: the Pods stay as they are', async (t) => {
  const { directory, watching } = await watched(t);
  await rename(directory, `${directory}.away`);
  t.after(() => rm(`${directory}.away`, { recursive: true, force: true }));
  await symlink(directory, directory);
  await watching.until(() => watching.source.current().state === 'unknown');
  assert.match(JSON.stringify(watching.source.current()), /too many symbolic links|ELOOP/);
  await unlink(directory);
  await rename(`${directory}.away`, directory);
  // Without an event, and long before the next rescan.
  await watching.until(() => watching.source.current().state === 'known');
});

test('stopping ends the run and lets go of the directory', async (t) => {
  const { file, watching } = await watched(t);
  await watching.stop();
  const { length } = watching.snapshots;
  await truncate(file('a.yaml'), 0);
  assert.equal(watching.snapshots.length, length);
});
