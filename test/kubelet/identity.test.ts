import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { canonicalJson, containerHash, podUid, staticPodName } from '../../src/kubelet/identity.ts';

const FILE = { kind: 'file', location: '/etc/pods/a.yaml' } as const;

test('a static Pod carries its node in its name, in lower case', () => {
  assert.equal(staticPodName('web', 'Node-1'), 'web-node-1');
});

test('a uid is 32 hex digits and stays what it was in earlier versions', () => {
  // A change here restarts every Pod of every machine at the upgrade.
  assert.equal(podUid({ metadata: { name: 'web' } }, 'node-1', FILE), '3c09270c47c6fc0cd57ed3afd16f9a4f');
});

test('content, node, path and kind of source each change the uid', () => {
  const uids = [
    podUid({ a: 1 }, 'n', FILE),
    podUid({ a: 2 }, 'n', FILE),
    podUid({ a: 1 }, 'm', FILE),
    podUid({ a: 1 }, 'n', { kind: 'file', location: '/etc/pods/b.yaml' }),
    podUid({ a: 1 }, 'n', { kind: 'http', location: '/etc/pods/a.yaml' }),
  ];
  assert.equal(new Set(uids).size, uids.length);
});

test('the container hash changes with name and image only', () => {
  const hash = containerHash({ name: 'a', image: 'x:1' });
  assert.match(hash, /^[0-9a-f]+$/);
  assert.notEqual(containerHash({ name: 'a', image: 'x:2' }), hash);
  assert.notEqual(containerHash({ name: 'b', image: 'x:1' }), hash);
  const more = { name: 'a', image: 'x:1', command: ['sh'] };
  assert.equal(containerHash(more), hash);
});

test('canonical JSON does not depend on the order of keys, and loses nothing', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, shuffled(item)]),
    );
  };
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = canonicalJson(value);
      assert.equal(canonicalJson(shuffled(value)), text);
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
    }),
  );
});
