import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ManifestStore, manifestDirectoryProblem } from '../../src/metadata/manifests.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

const STATE = {
  provider: 'ec2',
  instanceId: 'i-1',
  localId: 'product_uuid:u',
  attributes: { zone: 'z' },
  fetchedAtMs: 1,
};

async function setting(t: TestContext) {
  const root = await temporaryDirectory(t);
  const [manifestDirectory, stateDirectory] = [join(root, 'pods'), join(root, 'state')];
  const store = new ManifestStore({ manifestDirectory, stateDirectory });
  return { store, manifestDirectory, stateDirectory, names: async () => (await readdir(manifestDirectory)).sort() };
}

test('files are written under the mark, for root only, and equal ones are left alone', async (t) => {
  const { store, manifestDirectory, stateDirectory, names } = await setting(t);
  const files = [
    { name: 'a.yaml', text: 'A' },
    { name: 'b.yaml', text: 'B' },
  ];
  assert.deepEqual(await store.replace(files, STATE), {
    written: ['rower-metadata-a.yaml', 'rower-metadata-b.yaml'],
    removed: [],
  });
  assert.deepEqual(await names(), ['rower-metadata-a.yaml', 'rower-metadata-b.yaml']);
  const path = join(manifestDirectory, 'rower-metadata-a.yaml');
  const before = await stat(path);
  assert.equal(before.mode & 0o777, 0o600);
  assert.equal((await stat(stateDirectory)).mode & 0o777, 0o700);
  assert.deepEqual(await store.replace(files, STATE), { written: [], removed: [] });
  assert.equal((await stat(path)).ino, before.ino);
});

test('what is no longer wanted goes, and what others wrote stays', async (t) => {
  const { store, manifestDirectory, names } = await setting(t);
  await mkdir(manifestDirectory);
  await writeFile(join(manifestDirectory, 'mine.yaml'), 'M');
  await store.replace([{ name: 'a.yaml', text: 'A' }], STATE);
  assert.deepEqual(await store.replace([{ name: 'b.yaml', text: 'B' }], STATE), {
    written: ['rower-metadata-b.yaml'],
    removed: ['rower-metadata-a.yaml'],
  });
  assert.deepEqual(await names(), ['mine.yaml', 'rower-metadata-b.yaml']);
  await store.purge();
  assert.deepEqual(await names(), ['mine.yaml']);
  assert.equal(await store.load(), undefined);
});

test('a restart restores a directory that was emptied or changed', async (t) => {
  const { store, manifestDirectory, names } = await setting(t);
  await store.replace(
    [
      { name: 'a.yaml', text: 'A' },
      { name: 'b.yaml', text: 'B' },
    ],
    STATE,
  );
  await rm(join(manifestDirectory, 'rower-metadata-a.yaml'));
  await writeFile(join(manifestDirectory, 'rower-metadata-b.yaml'), 'changed');
  await writeFile(join(manifestDirectory, 'rower-metadata-c.yaml'), 'left over');
  const state = await store.load();
  assert.ok(state);
  assert.equal(state.instanceId, 'i-1');
  await store.restore(state);
  assert.deepEqual(await names(), ['rower-metadata-a.yaml', 'rower-metadata-b.yaml']);
  assert.equal(await readFile(join(manifestDirectory, 'rower-metadata-b.yaml'), 'utf8'), 'B');
});

test('a copy that is damaged restores nothing and touches nothing', async (t) => {
  const { store, manifestDirectory, stateDirectory, names } = await setting(t);
  await store.replace([{ name: 'a.yaml', text: 'A' }], STATE);
  await writeFile(join(stateDirectory, 'files', 'rower-metadata-a.yaml'), 'X');
  const state = await store.load();
  assert.ok(state);
  assert.equal(await store.restore(state), undefined);
  assert.deepEqual(await names(), ['rower-metadata-a.yaml']);
  assert.equal(await readFile(join(manifestDirectory, 'rower-metadata-a.yaml'), 'utf8'), 'A');
});

for (const text of [
  '',
  '{',
  '[]',
  '{"provider":"x","files":{"../../etc/passwd":"h"},"attributes":{},"fetchedAtMs":1}',
  '{"provider":5}',
]) {
  test(`a state file ${JSON.stringify(text)} is none`, async (t) => {
    const { store, stateDirectory } = await setting(t);
    await mkdir(stateDirectory);
    await writeFile(join(stateDirectory, 'state.json'), text);
    assert.equal(await store.load(), undefined);
  });
}

test('the manifest path must be a directory, or not be there yet', async (t) => {
  const root = await temporaryDirectory(t);
  await writeFile(join(root, 'pod.yaml'), '');
  assert.equal(await manifestDirectoryProblem(join(root, 'new')), undefined);
  assert.equal(await manifestDirectoryProblem(root), undefined);
  assert.match((await manifestDirectoryProblem(join(root, 'pod.yaml'))) ?? '', /is a file/);
  assert.match((await manifestDirectoryProblem('')) ?? '', /needs a manifest directory/);
});
