import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, readlink, realpath, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Payload } from '../../../src/kubelet/volumes/payload.ts';
import { hasPayload, writePayload } from '../../../src/kubelet/volumes/payload-writer.ts';
import { temporaryDirectory } from '../temporary.ts';

let stamps = 0;
function write(
  directory: string,
  files: Record<string, string>,
  { mode = 0o644, group }: { mode?: number; group?: number } = {},
) {
  stamps += 1;
  const payload: Payload = new Map(
    Object.entries(files).map(([path, text]) => [path, { data: Buffer.from(text), mode }]),
  );
  return writePayload(directory, payload, { group, stamp: `2026_01_01_00_00_00.${stamps}` });
}

/** What a container sees: files by path, links followed. */
async function seen(directory: string, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const name of await readdir(join(directory, below))) {
    if (name.startsWith('..')) continue;
    const path = join(below, name);
    if ((await stat(join(directory, path))).isDirectory()) Object.assign(found, await seen(directory, path));
    else found[path] = await readFile(join(directory, path), 'utf8');
  }
  return found;
}

test('files are links through one link, which is what a change replaces', async (t) => {
  const directory = await temporaryDirectory(t);
  await write(directory, { key: '1', 'a/b/c': '2', 'a/d': '3' });
  assert.deepEqual(await seen(directory), { key: '1', 'a/b/c': '2', 'a/d': '3' });
  assert.equal(await readlink(join(directory, 'key')), '..data/key');
  assert.equal(await readlink(join(directory, 'a')), '..data/a');
  assert.match(await readlink(join(directory, '..data')), /^\.\.2026_01_01_00_00_00\.\d+$/);
});

test('a change adds, changes and removes, and leaves nothing of the old', async (t) => {
  const directory = await temporaryDirectory(t);
  await write(directory, { keep: '1', change: '1', gone: '1', 'sub/x': '1' });
  await write(directory, { keep: '1', change: '2', new: '1', 'sub/y': '1' });
  assert.deepEqual(await seen(directory), { keep: '1', change: '2', new: '1', 'sub/y': '1' });
  assert.equal((await readdir(directory)).length, 4 + 2);
  await write(directory, {});
  assert.deepEqual(await readdir(directory), ['..data', await readlink(join(directory, '..data'))].sort());
});

test('the same content again touches nothing; another mode counts as a change', async (t) => {
  const directory = await temporaryDirectory(t);
  const data = () => readlink(join(directory, '..data'));
  await write(directory, { a: '1', 'b/c': '2' });
  const first = await data();
  await write(directory, { 'b/c': '2', a: '1' });
  assert.equal(await data(), first);
  await write(directory, { a: '1', 'b/c': '2' }, { mode: 0o600 });
  assert.notEqual(await data(), first);
});

test('the group may read what its owner may, and enter directories', async (t) => {
  const directory = await temporaryDirectory(t);
  await write(directory, { 'a/b': 'x' }, { mode: 0o400, group: 2000 });
  const owned = async (path: string) => {
    const { mode, uid, gid } = await stat(join(directory, path));
    return `${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
  };
  assert.deepEqual(
    [await owned('a'), await owned('a/b'), await owned('..data/.')],
    ['2755 0:2000', '440 0:2000', '2755 0:2000'],
  );
});

test('modes are exact, whatever the umask', async (t) => {
  const directory = await temporaryDirectory(t);
  const before = process.umask(0o077);
  try {
    await write(directory, { f: 'x' }, { mode: 0o666 });
  } finally {
    process.umask(before);
  }
  assert.equal((await stat(join(directory, 'f'))).mode & 0o777, 0o666);
  assert.equal((await stat(join(directory, '..data/.'))).mode & 0o777, 0o755);
});

test('what an interrupted write left is cleared up and completed', async (t) => {
  const directory = await temporaryDirectory(t);
  await write(directory, { a: '1' });
  await mkdir(join(directory, '..2025_12_31_23_59_59.1'));
  await writeFile(join(directory, '..2025_12_31_23_59_59.1/half'), '');
  await symlink('..2025_12_31_23_59_59.1', join(directory, '..data_tmp'));
  await rm(join(directory, 'a'));
  await write(directory, { a: '1' });
  assert.deepEqual(await seen(directory), { a: '1' });
  assert.equal((await readdir(directory)).length, 3);
  await rm(await realpath(join(directory, '..data')), { recursive: true });
  await write(directory, { a: '2' });
  assert.deepEqual(await seen(directory), { a: '2' });
});

test('an empty payload is a payload, and nothing is none', async (t) => {
  const directory = await temporaryDirectory(t);
  assert.equal(await hasPayload(directory), false);
  await write(directory, {});
  assert.equal(await hasPayload(directory), true);
});

test('any payload after any other is exactly what is seen', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = fc.constantFrom('a', 'b', 'c/x', 'c/y', 'd/e/f', 'Z', '.hidden');
  await fc.assert(
    fc.asyncProperty(fc.dictionary(path, fc.string({ maxLength: 4 }), { noNullPrototype: true }), async (files) => {
      await write(directory, files);
      assert.deepEqual(await seen(directory), files);
    }),
    { numRuns: 100 },
  );
});

test('a reader never meets a mixture of two contents', async (t) => {
  const directory = await temporaryDirectory(t);
  await write(directory, { a: '0', b: '0' });
  let running = true;
  const mixtures: string[] = [];
  const reading = (async () => {
    while (running) {
      // A program that wants both opens the directory behind the link once.
      const now = await realpath(join(directory, '..data'));
      const both = await Promise.all(['a', 'b'].map((name) => readFile(join(now, name), 'utf8'))).catch(
        () => undefined,
      );
      if (both && both[0] !== both[1]) mixtures.push(both.join());
      assert.match(await readFile(join(directory, 'a'), 'utf8'), /^\d+$/);
    }
  })();
  for (let round = 1; round <= 100; round += 1) await write(directory, { a: String(round), b: String(round) });
  running = false;
  await reading;
  assert.deepEqual(mixtures, []);
});
