import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { decodePod } from '../../../src/kubelet/manifest/decode.ts';
import { applyDefaults, stripDefaults } from '../../../src/kubelet/manifest/default.ts';
import { Problems } from '../../../src/kubelet/manifest/problems.ts';
import { toRevision } from '../../../src/kubelet/manifest/revision.ts';
import { readYaml } from '../../../src/kubelet/manifest/yaml.ts';
import type { PodManifest } from '../../../src/kubelet/types.ts';

const FIXTURES = new URL('../../fixtures/manifests/', import.meta.url);
const ORIGIN = { kind: 'file', location: '/etc/pods/a.yaml' } as const;

interface Recorded {
  metadata: { name: string; annotations: Record<string, string> };
  spec: Record<string, unknown>;
}

function decode(text: string): PodManifest {
  return decodePod(readYaml(text).documents[0]?.value, [], new Problems());
}

function pod(spec: string): PodManifest {
  return decode(`apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: ${spec}`);
}

const recorded = JSON.parse(readFileSync(new URL('kubelet-pods.json', FIXTURES), 'utf8')) as Record<string, Recorded>;
const manifests = readdirSync(FIXTURES).filter((name) => /^\d.*\.yaml$/.test(name));

for (const file of manifests) {
  const written = decode(readFileSync(new URL(file, FIXTURES), 'utf8'));
  const expected = recorded[written.metadata?.name ?? ''];
  if (!expected) continue;
  test(`${file} becomes the Pod that a real kubelet made of it`, () => {
    const { pod } = toRevision(written, applyDefaults(written), ORIGIN, 'peer-node');
    const { uid, annotations, ...metadata } = pod.metadata;
    const { uid: _, annotations: theirs, creationTimestamp, ...rest } = expected.metadata as Record<string, unknown>;
    assert.deepEqual(metadata, rest);
    // The kubelet's own uid, and the time it saw the file, differ by design.
    const { 'kubernetes.io/config.seen': seen, ...kept } = theirs as Record<string, string>;
    assert.deepEqual(annotations, { ...kept, 'kubernetes.io/config.hash': uid });
    assert.deepEqual(JSON.parse(JSON.stringify(pod.spec)), expected.spec);
  });
}

test('the recordings cover most manifests', () => {
  assert.ok(manifests.length >= 40);
});

const FILLED: [string, string, (spec: Record<string, unknown>) => unknown, unknown][] = [
  ['imagePullPolicy Always for no tag', '{containers: [{name: a, image: x}]}', container('imagePullPolicy'), 'Always'],
  [
    'imagePullPolicy Always for latest',
    '{containers: [{name: a, image: "r:5000/x:latest"}]}',
    container('imagePullPolicy'),
    'Always',
  ],
  [
    'imagePullPolicy Always for latest with a digest',
    '{containers: [{name: a, image: "x:latest@sha256:0"}]}',
    container('imagePullPolicy'),
    'Always',
  ],
  [
    'imagePullPolicy IfNotPresent for a digest alone',
    '{containers: [{name: a, image: "x@sha256:0"}]}',
    container('imagePullPolicy'),
    'IfNotPresent',
  ],
  [
    'imagePullPolicy Always for a registry port but no tag',
    '{containers: [{name: a, image: "r:5000/x"}]}',
    container('imagePullPolicy'),
    'Always',
  ],
  [
    'imagePullPolicy IfNotPresent for a tag',
    '{containers: [{name: a, image: "r:5000/x:1"}]}',
    container('imagePullPolicy'),
    'IfNotPresent',
  ],
  [
    'requests from limits, resource by resource',
    '{containers: [{name: a, image: x, resources: {limits: {cpu: 1, memory: 1Gi}, requests: {cpu: 100m}}}]}',
    container('resources'),
    { limits: { cpu: '1', memory: '1Gi' }, requests: { cpu: '100m', memory: '1Gi' } },
  ],
  [
    'requests rounded up to a thousandth',
    '{containers: [{name: a, image: x, resources: {limits: {cpu: 0.0001}}}]}',
    container('resources'),
    { limits: { cpu: '1m' }, requests: { cpu: '1m' } },
  ],
  ['no requests without limits', '{containers: [{name: a, image: x}]}', container('resources'), {}],
  [
    'hostPort on the host network',
    '{hostNetwork: true, containers: [{name: a, image: x, ports: [{containerPort: 80}]}]}',
    container('ports'),
    [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
  ],
  [
    'no hostPort otherwise',
    '{containers: [{name: a, image: x, ports: [{containerPort: 80}]}]}',
    container('ports'),
    [{ containerPort: 80, protocol: 'TCP' }],
  ],
  [
    'a volume without a source is an emptyDir',
    '{volumes: [{name: v}], containers: []}',
    (spec) => spec.volumes,
    [{ name: 'v', emptyDir: {} }],
  ],
  [
    'hostPath has the empty type',
    '{volumes: [{name: v, hostPath: {path: /x}}]}',
    (spec) => spec.volumes,
    [{ name: 'v', hostPath: { path: '/x', type: '' } }],
  ],
  [
    'a grace period of zero stays',
    '{terminationGracePeriodSeconds: 0}',
    (spec) => spec.terminationGracePeriodSeconds,
    0,
  ],
  [
    'a probe counter of zero is unset',
    '{containers: [{name: a, image: x, livenessProbe: {periodSeconds: 0, grpc: {port: 1}}}]}',
    container('livenessProbe'),
    { periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3, grpc: { port: 1, service: '' } },
  ],
  [
    'file modes',
    '{volumes: [{name: v, configMap: {name: c}}]}',
    (spec) => spec.volumes,
    [{ name: 'v', configMap: { name: 'c', defaultMode: 420 } }],
  ],
  [
    'requests of the Pod as a whole are those of its containers, else its limits',
    '{resources: {limits: {cpu: 2, memory: 4Gi}}, containers: [{name: a, image: x, resources: {requests: {cpu: 500m}}}, {name: b, image: x, resources: {limits: {cpu: 1}}}]}',
    (spec) => (spec.resources as Record<string, unknown>).requests,
    { cpu: '1500m', memory: '4Gi' },
  ],
  [
    'requests of the Pod as a whole, when it has no limits, are not touched',
    '{resources: {requests: {cpu: 2}}, containers: [{name: a, image: x, resources: {requests: {memory: 1Gi}}}]}',
    (spec) => spec.resources,
    { requests: { cpu: '2' } },
  ],
  ['enableServiceLinks off stays off', '{enableServiceLinks: false}', (spec) => spec.enableServiceLinks, false],
];

function container(field: string): (spec: Record<string, unknown>) => unknown {
  return (spec) => (spec.containers as Record<string, unknown>[])[0]?.[field];
}

for (const [what, spec, pick, expected] of FILLED) {
  test(`default: ${what}`, () => {
    assert.deepEqual(pick(applyDefaults(pod(spec)).spec as unknown as Record<string, unknown>), expected);
  });
}

for (const file of manifests) {
  test(`${file}: stripping undoes defaulting, and defaulting twice changes nothing`, () => {
    const written = decode(readFileSync(new URL(file, FIXTURES), 'utf8'));
    const filled = applyDefaults(written);
    assert.deepEqual(stripDefaults(filled), stripDefaults(written));
    assert.deepEqual(applyDefaults(filled), filled);
    assert.deepEqual(applyDefaults(stripDefaults(written)), filled);
  });
}

test('neither applying nor stripping changes its argument', () => {
  const written = pod('{dnsPolicy: ClusterFirst, containers: [{name: a, image: x, resources: {limits: {cpu: 1}}}]}');
  const before = structuredClone(written);
  applyDefaults(written);
  stripDefaults(written);
  assert.deepEqual(written, before);
});
