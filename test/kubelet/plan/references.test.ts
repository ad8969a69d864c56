import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Documents } from '../../../src/kubelet/documents.ts';
import { documentKeys, references } from '../../../src/kubelet/plan/references.ts';
import type { Container, Pod, PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { document, mapOf } from '../documents.ts';

const pod = (spec: Partial<PodSpec>): Pod => revision(spec).pod;
const withContainer = (change: Partial<Container>) => pod({ containers: [container(change)] });
const key = { name: 'x', key: 'k' };

const NAMED: [string, Pod, string[]][] = [
  [
    'env',
    withContainer({
      env: [
        { name: 'A', valueFrom: { configMapKeyRef: key } },
        { name: 'B', valueFrom: { secretKeyRef: key } },
      ],
    }),
    ['ConfigMap/default/x', 'Secret/default/x'],
  ],
  [
    'envFrom',
    withContainer({ envFrom: [{ configMapRef: { name: 'x' } }, { secretRef: { name: 'y' } }] }),
    ['ConfigMap/default/x', 'Secret/default/y'],
  ],
  [
    'env of an init container',
    pod({ initContainers: [container({ name: 'i', envFrom: [{ secretRef: { name: 'y' } }] })] }),
    ['Secret/default/y'],
  ],
  [
    'volumes',
    pod({
      volumes: [
        { name: 'a', configMap: { name: 'x' } },
        { name: 'b', secret: { secretName: 'y' } },
      ],
    }),
    ['ConfigMap/default/x', 'Secret/default/y'],
  ],
  [
    'projected volumes',
    pod({
      volumes: [{ name: 'a', projected: { sources: [{ configMap: { name: 'x' } }, { secret: { name: 'y' } }] } }],
    }),
    ['ConfigMap/default/x', 'Secret/default/y'],
  ],
  [
    'claims',
    pod({ volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'c' } }] }),
    ['PersistentVolumeClaim/default/c'],
  ],
  ['image pull secrets', pod({ imagePullSecrets: [{ name: 'r' }] }), ['Secret/default/r']],
];

for (const [what, of, keys] of NAMED)
  test(`documents are named by ${what}`, () => assert.deepEqual(documentKeys(of, mapOf()), keys));

test('a claim leads to the volume that it names', () => {
  const of = pod({ volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'c' } }] });
  const documents = mapOf(document('PersistentVolumeClaim', 'c', {}, { volumeName: 'v' }));
  assert.deepEqual(documentKeys(of, documents), ['PersistentVolumeClaim/default/c', 'PersistentVolume//v']);
});

test('a Pod that names nothing depends on nothing', () => {
  assert.equal(references(pod({ volumes: [{ name: 'a', emptyDir: {} }] }), mapOf(document('Secret', 'x'))), undefined);
});

test('the digest changes when a document comes, changes or goes, and with no other document', () => {
  const of = pod({ volumes: [{ name: 'a', secret: { secretName: 'x' } }] });
  const digest = (documents: Documents) => references(of, documents)?.digest;
  const first = document('Secret', 'x', { k: '1' });
  assert.notEqual(digest(mapOf()), digest(mapOf(first)));
  assert.notEqual(digest(mapOf(first)), digest(mapOf(document('Secret', 'x', { k: '2' }))));
  assert.equal(digest(mapOf(first)), digest(mapOf(first, document('Secret', 'y'), document('ConfigMap', 'x'))));
});

test('files of the downward API follow labels and annotations', () => {
  const plain = pod({ volumes: [{ name: 'a', downwardAPI: { items: [] } }] });
  const labelled = { ...plain, metadata: { ...plain.metadata, labels: { a: 'b' } } };
  assert.notEqual(references(plain, mapOf())?.digest, references(labelled, mapOf())?.digest);
});

test('only files follow; the environment is that of the start', () => {
  const followed = (of: Pod) => references(of, mapOf())?.followed;
  assert.equal(followed(withContainer({ envFrom: [{ secretRef: { name: 'y' } }] })), false);
  assert.equal(followed(pod({ volumes: [{ name: 'a', persistentVolumeClaim: { claimName: 'c' } }] })), false);
  for (const volume of [
    { configMap: { name: 'x' } },
    { secret: { secretName: 'x' } },
    { downwardAPI: {} },
    { projected: {} },
  ])
    assert.equal(followed(pod({ volumes: [{ name: 'a', ...volume }] })), true);
});
