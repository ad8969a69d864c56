import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConfigDocument } from '../../../../src/kubelet/documents.ts';
import { parseManifest } from '../../../../src/kubelet/manifest/parse.ts';
import { ALL_ALLOWED } from '../../../../src/kubelet/policy.ts';
import { document, mapOf } from '../../documents.ts';
import { FILE, problemsOf } from '../read.ts';
import { withContainer, withPod } from './rule-table.ts';

function warnings(text: string, ...documents: ConfigDocument[]): string[] {
  const machine = { policy: ALL_ALLOWED, runtimeClasses: {}, sure: true, documents: mapOf(...documents) };
  const result = parseManifest(Buffer.from(text), FILE, { nodeName: 'n', machine });
  assert.equal(result.revisions.length, 1, 'it would run');
  return problemsOf(result).map((one) => one.replace(/^warning \d+:\d+ spec\./, ''));
}

const env = (source: string) => withContainer(`env: [{name: A, valueFrom: {${source}}}]`);
const C = 'containers[0]';
const config = document('ConfigMap', 'c', { k: 'v' });
const secret = document('Secret', 's', { k: 'v' });

const rows: [what: string, text: string, documents: ConfigDocument[], ...expected: string[]][] = [
  ['a ConfigMap that is there', env('configMapKeyRef: {name: c, key: k}'), [config]],
  [
    'a ConfigMap that is not',
    env('configMapKeyRef: {name: c, key: k}'),
    [],
    `${C}.env[0].valueFrom.configMapKeyRef.name: configmap "c" not found`,
  ],
  [
    'a key that is not',
    env('secretKeyRef: {name: s, key: x}'),
    [secret],
    `${C}.env[0].valueFrom.secretKeyRef.key: couldn't find key x in Secret default/s`,
  ],
  ['what may be absent', env('secretKeyRef: {name: x, key: x, optional: true}'), []],
  [
    'whole documents as environment',
    withContainer(
      'envFrom: [{configMapRef: {name: c}}, {secretRef: {name: s}}, {secretRef: {name: o, optional: true}}]',
    ),
    [],
    `${C}.envFrom[0].configMapRef.name: configmap "c" not found`,
    `${C}.envFrom[1].secretRef.name: secret "s" not found`,
  ],
  [
    'volumes',
    withPod(
      'volumes: [{name: a, configMap: {name: c, items: [{key: k, path: a}, {key: z, path: b}]}}, {name: b, secret: {secretName: s}}, {name: d, persistentVolumeClaim: {claimName: p}}, {name: e, projected: {sources: [{secret: {name: q}}]}}]',
    ),
    [config],
    "volumes[0].configMap.items[1].key: couldn't find key z in ConfigMap default/c",
    'volumes[1].secret.secretName: secret "s" not found',
    'volumes[2].persistentVolumeClaim.claimName: persistentvolumeclaim "p" not found',
    'volumes[3].projected.sources[0].secret.name: secret "q" not found',
  ],
  [
    'a claim on a volume that is not there',
    withPod('volumes: [{name: d, persistentVolumeClaim: {claimName: p}}]'),
    [document('PersistentVolumeClaim', 'p', {}, { volumeName: 'disk' })],
    'volumes[0].persistentVolumeClaim.claimName: PersistentVolumeClaim default/p: persistentvolume "disk" not found',
  ],
  [
    'credentials for pulls',
    withPod('imagePullSecrets: [{name: s}, {name: t}]'),
    [secret],
    'imagePullSecrets[1].name: secret "t" not found',
  ],
  [
    'a document of another namespace',
    env('configMapKeyRef: {name: c, key: k}').replace('name: a}', 'name: a, namespace: other}'),
    [config],
    `${C}.env[0].valueFrom.configMapKeyRef.name: configmap "c" not found`,
  ],
];
for (const [what, text, documents, ...expected] of rows)
  test(`${what}: ${expected.length > 0 ? 'warned of' : 'nothing to say'}`, () => {
    assert.deepEqual(warnings(text, ...documents).sort(), [...expected].sort());
  });

test('bytes of a ConfigMap are for files only', () => {
  const binary: ConfigDocument = {
    ...document('ConfigMap', 'c'),
    data: new Map(),
    binaryData: new Map([['k', Buffer.from([0])]]),
  };
  assert.equal(warnings(env('configMapKeyRef: {name: c, key: k}'), binary).length, 1);
  assert.deepEqual(
    warnings(withPod('volumes: [{name: a, configMap: {name: c, items: [{key: k, path: a}]}}]'), binary),
    [],
  );
});
