import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { mergeSerials, readSerials, writeSerials } from '../../src/metadata/serials.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

test('serials are written for root alone and read back; without a file there are none', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'serials.json');
  assert.deepEqual(await readSerials(path), new Map());
  await writeSerials(path, new Map([['Pod default/a', 3]]));
  assert.deepEqual(await readSerials(path), new Map([['Pod default/a', 3]]));
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(directory), ['serials.json']);
});

for (const content of ['', '{', '[]', 'null', '5', '{"a":"1"}', '{"a":1.5}']) {
  test(`${JSON.stringify(content)} is not taken for serials`, async (t) => {
    const path = join(await temporaryDirectory(t), 'serials.json');
    await writeFile(path, content);
    assert.match(String(await readSerials(path)), /serials\.json is damaged; remove it to forget/);
  });
}

test('the higher serial stays', () => {
  const before = new Map([['a', 5]]);
  assert.equal(mergeSerials(before, new Map([['a', 5]])), before);
  assert.equal(mergeSerials(before, new Map([['a', 4]])), before);
  assert.deepEqual(
    mergeSerials(
      before,
      new Map([
        ['a', 6],
        ['b', 0],
      ]),
    ),
    new Map([
      ['a', 6],
      ['b', 0],
    ]),
  );
});
