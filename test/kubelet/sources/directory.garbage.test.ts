/** Garbage in a manifest directory, beside Pods that must not notice. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { directorySource } from '../../../src/kubelet/sources/directory.ts';
import { temporaryDirectory } from '../temporary.ts';
import { EMPTY, IGNORED, REFUSED } from './garbage.ts';
import { manifest, Watching } from './watching.ts';

const GOOD = ['default/aaa-node x:1', 'default/zzz-node x:1'];

async function withGarbage(t: TestContext) {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'aaa.yaml'), manifest('aaa'));
  await writeFile(join(directory, 'zzz.yaml'), manifest('zzz'));
  const watching = Watching.real((env) => directorySource({ path: directory, rescanMs: 100, nodeName: 'node', env }));
  t.after(() => watching.stop());
  await watching.until(() => watching.pods.length === 2);
  return { directory, watching };
}

test('there are at least forty kinds of garbage', () => {
  assert.ok(REFUSED.length + IGNORED.length + EMPTY.length >= 40);
});

test('garbage leaves the good Pods in the snapshot, and every kind is told of once', {
  timeout: 120_000,
}, async (t) => {
  const { directory, watching } = await withGarbage(t);
  for (const [name, make] of [...REFUSED, ...IGNORED, ...EMPTY]) await make(join(directory, name), t);
  const expected = 2 + REFUSED.length + EMPTY.length;
  await watching.until(() => watching.files.length === expected);
  const looks = watching.lines.all.length;
  await writeFile(join(directory, 'last.yaml'), manifest('last'));
  await watching.until(() => watching.pods.length === 3);
  assert.deepEqual(watching.pods, [GOOD[0], 'default/last-node x:1', GOOD[1]]);
  for (const snapshot of watching.snapshots) {
    assert.ok(snapshot.state === 'known');
    const keys = snapshot.files.flatMap((file) => file.revisions.map((revision) => revision.key));
    assert.deepEqual([keys[0], keys.at(-1)], ['default/aaa-node', 'default/zzz-node']);
  }
  for (const [name, , pattern] of REFUSED) {
    const file = watching.files.find((one) => one.origin.location === join(directory, name));
    const errors = file?.problems.filter((problem) => problem.severity === 'error').map((problem) => problem.message);
    assert.match(errors?.join('\n') ?? 'not there', pattern, name);
    assert.deepEqual(file?.revisions, [], name);
  }
  for (const [name, , pattern] of IGNORED) {
    const lines = watching.lines.all.filter((line) => line.fields.path === join(directory, name));
    assert.equal(lines.length, 1, name);
    assert.match(lines[0]?.message ?? '', pattern, name);
  }
  for (const [name] of EMPTY) {
    const file = watching.files.find((one) => one.origin.location === join(directory, name));
    assert.deepEqual([file?.problems, file?.revisions], [[], []], name);
  }
  assert.equal(watching.lines.all.length, looks, 'looking again says nothing again');
});

test('more manifests than the limit: those beyond it are errors, the others run', async (t) => {
  const directory = await temporaryDirectory(t);
  await Promise.all(
    Array.from({ length: 1002 }, (_, index) =>
      writeFile(join(directory, `f${String(index).padStart(4, '0')}.yaml`), ''),
    ),
  );
  await writeFile(join(directory, 'a.yaml'), manifest('a'));
  const watching = Watching.real((env) =>
    directorySource({ path: directory, rescanMs: 60_000, nodeName: 'node', env }),
  );
  t.after(() => watching.stop());
  await watching.until(() => watching.files.length > 0);
  assert.deepEqual(watching.pods, ['default/a-node x:1']);
  assert.deepEqual(watching.errors, Array(3).fill('not read: there are more than 1000 manifests before it'));
});

test('more bytes than the limit: those beyond it are errors, the others run', async (t) => {
  const directory = await temporaryDirectory(t);
  const large = `${manifest('a')}#${'x'.repeat(1_000_000)}\n`;
  for (let index = 0; index < 18; index += 1) {
    await writeFile(
      join(directory, `f${String(index).padStart(2, '0')}.yaml`),
      large.replace('name: a', `name: a${index}`),
    );
  }
  const watching = Watching.real((env) =>
    directorySource({ path: directory, rescanMs: 60_000, nodeName: 'node', env }),
  );
  t.after(() => watching.stop());
  await watching.until(() => watching.files.length > 0);
  assert.equal(watching.pods.length, 17);
  assert.deepEqual(watching.errors, ['not read: there are more than 16777216 bytes of manifests before it']);
});
