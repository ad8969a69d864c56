import assert from 'node:assert/strict';
import { test } from 'node:test';
import { byBytes, ignoredName } from '../../../src/kubelet/sources/manifest-name.ts';

for (const name of ['a.yaml', 'a.yml', 'a.json', 'a.b.yaml', 'Größe.yaml', 'a b.yaml', '-.json', '#a#.yaml']) {
  test(`${name} is read`, () => {
    assert.equal(ignoredName(name), undefined);
  });
}

const IGNORED = [
  '.a.yaml',
  '.a.yaml.swp',
  '..data',
  'a.yaml~',
  'a.yaml.bak',
  'a.yaml.swp',
  'a.yaml.orig',
  '4913',
  'README',
  'a',
  'a.YAML',
  'yaml',
  'a.yaml.tmp',
  'a.yaml#',
  'x\ufffd.yaml',
];

for (const name of IGNORED) {
  test(`${name} is ignored, with a reason`, () => {
    assert.match(ignoredName(name) ?? '', /^its name /);
  });
}

test('names are ordered by their bytes', () => {
  const names = ['ä.yaml', 'a.yaml', 'B.yaml', '\u{1f600}.yaml', '\uffee.yaml', 'a-b.yaml'];
  assert.deepEqual(names.sort(byBytes), ['B.yaml', 'a-b.yaml', 'a.yaml', 'ä.yaml', '\uffee.yaml', '\u{1f600}.yaml']);
});
