import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toRuntimeHandler } from '../../src/cri/convert.ts';

test('a runtime handler without features can do nothing special', () => {
  assert.deepEqual(toRuntimeHandler({ name: '', features: null }), {
    name: '',
    recursiveReadOnlyMounts: false,
    userNamespaces: false,
  });
});

test('features of a runtime handler are taken as they are', () => {
  const features = { recursiveReadOnlyMounts: true, userNamespaces: true };
  assert.deepEqual(toRuntimeHandler({ name: 'kata', features }), { name: 'kata', ...features });
});
