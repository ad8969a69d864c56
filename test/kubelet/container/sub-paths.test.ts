import assert from 'node:assert/strict';
import { test } from 'node:test';
import { subPathsOf } from '../../../src/kubelet/container/sub-paths.ts';
import type { VolumeMount } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

function of(...mounts: Partial<VolumeMount>[]) {
  const one = container({
    env: [
      { name: 'POD', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
      { name: 'UP', value: '..' },
      { name: 'ROOT', value: '/etc' },
      { name: 'EMPTY', value: '' },
    ],
    volumeMounts: mounts.map((mount) => ({ name: 'v', mountPath: '/v', ...mount })),
  });
  return subPathsOf(one, { pod: revision().pod, container: one, node: node(), podIps: [], hostIps: [] });
}

test('mounts without a part of a volume have none', () => assert.deepEqual(of({}, { subPath: '' }), []));

test('a part is found by the index of its mount', () => {
  assert.deepEqual(of({}, { subPath: 'a/b', name: 'w' }), [{ index: 1, volume: 'w', path: 'a/b' }]);
});

test('an expression is expanded with the environment of the container', () => {
  assert.deepEqual(of({ subPathExpr: 'logs/$(POD)/$$(POD)' }), [{ index: 0, volume: 'v', path: 'logs/web-n1/$(POD)' }]);
});

test('an expression that comes to nothing is the whole volume', () =>
  assert.deepEqual(of({ subPathExpr: '$(EMPTY)' }), []));

const BAD: [string, string][] = [
  ['$(MISSING)', 'missing value for "MISSING"'],
  ['a/$(UP)/b', `subPath "a/../b", expanded from "a/$(UP)/b", must not contain '..'`],
  ['$(ROOT)', 'error SubPath `/etc` must not be an absolute path'],
  ['\0', `subPath "\0", expanded from "\0", must not contain a NUL character`],
];

for (const [subPathExpr, message] of BAD)
  test(`the expression ${JSON.stringify(subPathExpr)} is refused`, () =>
    assert.throws(() => of({ subPathExpr }), { name: 'ConfigError', message }));

test('a path written out is checked in the same way', () => {
  assert.throws(() => of({ subPath: 'a/../b' }), {
    name: 'ConfigError',
    message: `subPath "a/../b" must not contain '..'`,
  });
});
