import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podField } from '../../../src/kubelet/container/fields.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { revision } from '../build.ts';

function field(fieldPath: string, spec: Partial<PodSpec> = {}, podIps = ['10.0.0.5', 'fd00::5']): string {
  const { pod } = revision(spec);
  const metadata = { ...pod.metadata, labels: { app: 'web', "it's['odd']": 'yes' }, annotations: { 'a.b/c': 'note' } };
  return podField(fieldPath, { pod: { ...pod, metadata }, podIps, hostIps: ['192.0.2.7', 'fd00::7'] });
}

const cases: [string, string][] = [
  ['metadata.name', 'web-n1'],
  ['metadata.namespace', 'default'],
  ['metadata.uid', 'u1'],
  ["metadata.labels['app']", 'web'],
  ["metadata.labels['it's['odd']']", 'yes'],
  ["metadata.labels['missing']", ''],
  ["metadata.labels['constructor']", ''],
  ["metadata.annotations['a.b/c']", 'note'],
  ['spec.nodeName', 'n1'],
  ['spec.serviceAccountName', ''],
  ['status.hostIP', '192.0.2.7'],
  ['status.hostIPs', '192.0.2.7,fd00::7'],
  ['status.podIP', '10.0.0.5'],
  ['status.podIPs', '10.0.0.5,fd00::5'],
];

for (const [path, expected] of cases)
  test(`${path} is ${JSON.stringify(expected)}`, () => assert.equal(field(path), expected));

test('on the host network the addresses of the Pod are the machine’s', () => {
  assert.equal(field('status.podIPs', { hostNetwork: true }, []), '192.0.2.7,fd00::7');
});

test('a Pod without an address has an empty one', () => assert.equal(field('status.podIP', {}, []), ''));

for (const path of ['metadata.labels', 'status.phase', 'constructor', "metadata.labels['a", ''])
  test(`the path ${JSON.stringify(path)} is refused`, () =>
    assert.throws(() => field(path), { name: 'ConfigError', message: `unsupported fieldPath: ${path}` }));
