import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { FIXTURES, parse, problemsOf } from './read.ts';

const WARNED: Record<string, string[]> = {
  '12c-badimage-name.yaml': [
    'warning 11:5 spec.containers[0].image: Failed to apply default image tag "UPPER/Bad Name:1": couldn\'t parse image name "UPPER/Bad Name:1": invalid reference format: repository name (Bad Name) must be lowercase',
  ],
  '14c-sa.yaml': [
    'warning 16:3 spec.serviceAccountName: ignored: there is no API server, so the Pod gets no service account token',
  ],
  '21-nodeselector.yaml': [
    'warning 16:3 spec.nodeSelector: ignored: there is no scheduler, every Pod of this machine runs here',
  ],
};

for (const file of readdirSync(FIXTURES).filter((name) => name.endsWith('.yaml'))) {
  test(`${file} is accepted`, () => {
    const result = parse(readFileSync(new URL(file, FIXTURES)));
    assert.deepEqual(problemsOf(result), WARNED[file] ?? []);
    assert.equal(result.revisions.length, 1);
  });
}

/** What a real kubelet only wrote to its log, with the place added. */
const BAD: Record<string, { pods: number; problems: string[] }> = {
  'b01-badyaml.yaml': {
    pods: 0,
    problems: [
      'error 5:1 All mapping items must start at the same column',
      'error 7:1 Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
  },
  'b02-badjson.json': {
    pods: 0,
    problems: [
      'error 1:124 Flow sequence in block collection must be sufficiently indented and end with a ]',
      'error 1:124 Flow map in block collection must be sufficiently indented and end with a }',
      'error 1:124 Flow map must end with a }',
    ],
  },
  'b03-noname.yaml': { pods: 0, problems: ['error 3:1 metadata.name: Required value: name is needed for the pod'] },
  'b04-unknown-field.yaml': {
    pods: 1,
    problems: [
      'warning 5:3 spec.bogusField: unknown field "bogusField"',
      'warning 7:45 spec.containers[0].imagePulPolicy: unknown field "imagePulPolicy"; did you mean "imagePullPolicy"?',
    ],
  },
  'b05-badname.yaml': { pods: 0, problems: ['error 3:18 metadata.name: Invalid value: "Bad_Name-peer-node" …'] },
  'b06-nocontainers.yaml': { pods: 0, problems: ['error 5:3 spec.containers: Required value'] },
  'b07-deployment.yaml': {
    pods: 0,
    problems: ['error 4:1 spec.template: Required value'],
  },
  'b08-dup-a.yaml': { pods: 1, problems: [] },
  'b09-dup-b.yaml': { pods: 1, problems: [] },
  'b10-hp1.yaml': { pods: 1, problems: [] },
  'b11-hp2.yaml': { pods: 1, problems: [] },
  'b12-dupcontainers.yaml': { pods: 0, problems: ['error 7:12 spec.containers[1].name: Duplicate value: "main"'] },
  'b13-badpolicy.yaml': {
    pods: 0,
    problems: [
      'error 5:18 spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
  },
  'b14-badport.yaml': {
    pods: 0,
    problems: [
      'error 6:69 spec.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive',
    ],
  },
  'b15-multidoc.yaml': { pods: 2, problems: [] },
  'b16-podlist.yaml': { pods: 1, problems: [] },
  'b17-empty.yaml': { pods: 0, problems: [] },
  'b18-badtype.yaml': {
    pods: 0,
    problems: ['error 6:69 spec.containers[0].ports[0].containerPort: Invalid value: "eighty": must be an integer'],
  },
  'b19-noimage.yaml': { pods: 0, problems: ['error 6:25 spec.containers[0].image: Required value'] },
  'b20-noapiversion.yaml': { pods: 0, problems: ['error 1:1 apiVersion: Required value'] },
  'b22-anyext.txt': { pods: 1, problems: [] },
  'b23-backup.yaml~': { pods: 1, problems: [] },
  'b24-twoprobes.yaml': {
    pods: 0,
    problems: [
      'error 6:88 spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type',
    ],
  },
  'b25-badvol.yaml': { pods: 0, problems: ['error 6:67 spec.containers[0].volumeMounts[0].name: Not found: "nope"'] },
  'b26-withuid.yaml': {
    pods: 1,
    problems: [
      'warning 3:85 metadata.creationTimestamp: ignored: a manifest cannot set it',
      'warning 5:3 spec.nodeName: ignored: a manifest cannot set it',
    ],
  },
  'b27-badquantity.yaml': {
    pods: 0,
    problems: [
      `error 6:74 spec.containers[0].resources.limits[memory]: Invalid value: "1Q1": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'`,
    ],
  },
  'b28-livesucc2.yaml': {
    pods: 0,
    problems: ['error 6:106 spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1'],
  },
};

test('every bad recording is in the table', () => {
  assert.deepEqual(readdirSync(new URL('bad/', FIXTURES)).sort(), Object.keys(BAD).sort());
});

for (const [file, expected] of Object.entries(BAD)) {
  test(`${file} gives ${expected.pods} Pods and ${expected.problems.length} problems`, () => {
    const result = parse(readFileSync(new URL(`bad/${file}`, FIXTURES)));
    assert.deepEqual(problemsOf(result), expected.problems);
    assert.equal(result.revisions.length, expected.pods);
  });
}

test('the uid, namespace and annotations of a manifest are kept, the node is this one', () => {
  const [revision] = parse(readFileSync(new URL('bad/b26-withuid.yaml', FIXTURES))).revisions;
  assert.ok(revision);
  assert.equal(revision.key, 'other/withuid-peer-node');
  assert.equal(revision.uid, 'my-own-uid');
  assert.equal(revision.pod.spec.nodeName, 'peer-node');
  assert.deepEqual(revision.pod.metadata, {
    name: 'withuid-peer-node',
    namespace: 'other',
    uid: 'my-own-uid',
    annotations: { x: '1', 'kubernetes.io/config.hash': 'my-own-uid', 'kubernetes.io/config.source': 'file' },
  });
});
