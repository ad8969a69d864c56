import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedRoot } from '../../src/kubelet/policy.ts';

const rows: [path: string, allowed: string[], root: string | undefined][] = [
  ['/data', ['/data'], '/data'],
  ['/data/', ['/data'], '/data'],
  ['/data//a/./b', ['/data'], '/data'],
  ['/data/a', ['/srv', '/data'], '/data'],
  ['/database', ['/data'], undefined],
  ['/', ['/data'], undefined],
  ['/data/../etc', ['/data'], undefined],
  ['/data/..', ['/'], undefined],
  ['/etc', ['/'], '/'],
  ['/etc', [], undefined],
];
for (const [path, allowed, root] of rows)
  test(`${path} is ${root === undefined ? 'outside of' : 'inside'} ${allowed.join(', ') || 'nothing'}`, () => {
    assert.equal(allowedRoot(path, allowed), root);
  });
