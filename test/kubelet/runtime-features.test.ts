import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runtimeFeatures } from '../../src/kubelet/runtime-features.ts';

const IMAGES: [string, string, boolean][] = [
  ['containerd', '1.6.20~ds1', false],
  ['containerd', 'v2.0.5', false],
  ['containerd', 'v2.1.0-rc.1', true],
  ['containerd', '2.10.0', true],
  ['containerd', '3.0.0', true],
  ['containerd', 'devel', true],
  ['cri-o', '1.30.4', false],
  ['cri-o', '1.31.0', true],
  ['other', '0.1', true],
  ['', '', true],
];

for (const [name, version, expected] of IMAGES)
  test(`"${name} ${version}" ${expected ? 'may mount' : 'does not mount'} images`, () =>
    assert.equal(runtimeFeatures(name, version).imageVolumes, expected));

test('recursive read-only mounts are what the default handler says', () => {
  const handler = (name: string, recursiveReadOnlyMounts: boolean) => ({
    name,
    recursiveReadOnlyMounts,
    userNamespaces: false,
  });
  const can = (...handlers: ReturnType<typeof handler>[]) =>
    runtimeFeatures('x', '1', { runtimeHandlers: handlers }).handler('').recursiveReadOnly;
  assert.equal(can(), false);
  assert.equal(can(handler('kata', true), handler('', false)), false);
  assert.equal(can(handler('kata', false), handler('', true)), true);
});

test('each handler is what it says itself', () => {
  const handlers = [
    { name: '', recursiveReadOnlyMounts: true, userNamespaces: false },
    { name: 'kata', recursiveReadOnlyMounts: false, userNamespaces: true },
  ];
  const { handler } = runtimeFeatures('x', '1', { runtimeHandlers: handlers });
  assert.deepEqual(handler('kata'), { recursiveReadOnly: false, userNamespaces: true });
  assert.deepEqual(handler('other'), { recursiveReadOnly: false, userNamespaces: false });
});

test('the runtime is named for messages', () => {
  assert.equal(runtimeFeatures('containerd', '1.6.20').runtime, 'containerd 1.6.20');
});
