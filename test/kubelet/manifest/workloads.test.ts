import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse, problemsOf } from './read.ts';

const HOME: Record<string, string> = { Job: 'batch/v1' };
const TEMPLATE =
  'metadata: {labels: {a: b}, annotations: {c: d}, name: ignored}, spec: {containers: [{name: m, image: "x:1"}]}';

function workload(kind: string, spec: string, template = TEMPLATE, metadata = '{name: web}'): string {
  return `apiVersion: ${HOME[kind] ?? 'apps/v1'}\nkind: ${kind}\nmetadata: ${metadata}\nspec: {${spec}\n  template: {${template}}}\n`;
}
const job = (spec: string, policy = 'restartPolicy: Never, ') =>
  workload('Job', spec, TEMPLATE.replace('spec: {', `spec: {${policy}`));

const GOOD: [string, string][] = [
  ['a Deployment', workload('Deployment', '')],
  ['a Deployment of one', workload('Deployment', 'replicas: 1, selector: {matchLabels: {a: b}},')],
  ['a ReplicaSet', workload('ReplicaSet', 'replicas: 1,')],
  [
    'a ReplicationController',
    workload('ReplicationController', 'replicas: 1, selector: {app: a},').replace('apps/v1', 'v1'),
  ],
  ['a DaemonSet', workload('DaemonSet', '')],
  ['a StatefulSet', workload('StatefulSet', 'serviceName: s,')],
  ['a Job', job('completions: 1, parallelism: 1,')],
];

for (const [what, text] of GOOD)
  test(`${what} is one Pod under its own name, with the labels of its template`, () => {
    const { revisions, problems } = parse(text);
    assert.deepEqual(problems, []);
    assert.equal(revisions.length, 1);
    const { metadata, spec } = revisions[0]?.pod ?? assert.fail();
    assert.equal(metadata.name, 'web-peer-node');
    assert.deepEqual(metadata.labels, { a: 'b' });
    assert.equal(metadata.annotations?.c, 'd');
    assert.equal(metadata.annotations?.['rower.dev/owner'], `${what.split(' ')[1]}/web`);
    assert.equal(spec.containers[0]?.image, 'x:1');
  });

const NONE: [string, string][] = [
  ['replicas: 0', workload('Deployment', 'replicas: 0,')],
  ['a suspended Job', job('suspend: true,')],
  ['a Job of no completions', job('completions: 0,')],
];

for (const [what, text] of NONE)
  test(`${what} is no Pod`, () => {
    const { revisions, problems } = parse(text);
    assert.deepEqual([revisions, problems], [[], []]);
  });

const ONE = 'must be 0 or 1: this is one machine, which runs one Pod of it';
const BAD: [string, string, string[]][] = [
  [
    'more than one replica',
    workload('Deployment', 'replicas: 3,'),
    [`error 4:18 spec.replicas: Invalid value: 3: ${ONE}`],
  ],
  [
    'fewer than none',
    workload('StatefulSet', 'replicas: -1,'),
    ['error 4:18 spec.replicas: Invalid value: -1: must be greater than or equal to 0'],
  ],
  ['a Job in parallel', job('parallelism: 2,'), [`error 4:21 spec.parallelism: Invalid value: 2: ${ONE}`]],
  [
    'an indexed Job',
    job('completionMode: Indexed,'),
    ['error 4:24 spec.completionMode: Unsupported value: "Indexed": supported values: "NonIndexed"'],
  ],
  [
    'a Job that always restarts',
    job('', ''),
    ['error 5:78 spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"'],
  ],
  [
    'a Deployment that ends',
    workload(
      'Deployment',
      '',
      'spec: {restartPolicy: Never, activeDeadlineSeconds: 5, containers: [{name: m, image: x}]}',
    ),
    [
      'error 5:36 spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
      'error 5:66 spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in Deployment is not Supported',
    ],
  ],
  [
    'nothing to run',
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {}',
    ['error 4:1 spec.template: Required value'],
  ],
  ['no name', workload('Deployment', '', TEMPLATE, '{}'), ['error 3:1 metadata.name: Required value']],
  [
    'a bad name, said once',
    workload('Deployment', '', TEMPLATE, '{name: W_, namespace: "x.y"}'),
    [
      'error 3:18 metadata.name: Invalid value: "W_-peer-node" …',
      'error 3:33 metadata.namespace: Invalid value: "x.y": must not contain dots',
    ],
  ],
  [
    'a bad template, at its place',
    workload('DaemonSet', '', 'metadata: {labels: {a: "b c"}}, spec: {containers: [{name: M}]}'),
    [
      "error 5:37 spec.template.metadata.labels: Invalid value: \"b c\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character …",
      'error 5:73 spec.template.spec.containers[0].name: Invalid value: "M" …',
      'error 5:66 spec.template.spec.containers[0].image: Required value',
    ],
  ],
  [
    'a Deployment and a Pod of one name',
    `${workload('Deployment', '')}---\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: m, image: x}]}`,
    ['error 9:18 metadata.name: Duplicate value: "web"'],
  ],
];

for (const [what, text, problems] of BAD)
  test(`refuses ${what}`, () => {
    const result = parse(text);
    assert.deepEqual(problemsOf(result).sort(), [...problems].sort());
    assert.deepEqual(result.revisions, []);
  });

test('what a workload asks for beyond one Pod is warned of, when it could be missed', () => {
  const result = parse(job('backoffLimit: 4, ttlSecondsAfterFinished: 9, selector: {matchLabels: {}},'));
  assert.deepEqual(
    result.problems.map(({ severity, field }) => `${severity} ${field}`),
    ['warning spec.backoffLimit', 'warning spec.ttlSecondsAfterFinished'],
  );
});

test('the deadline of a Job is that of its Pod, unless the Pod has one', () => {
  const deadline = (text: string) => parse(text).revisions[0]?.pod.spec.activeDeadlineSeconds;
  assert.equal(deadline(job('activeDeadlineSeconds: 60,')), 60);
  assert.equal(deadline(job('activeDeadlineSeconds: 60,', 'restartPolicy: Never, activeDeadlineSeconds: 5, ')), 5);
});

test('the claims of a StatefulSet are named as those of its first Pod in a cluster', () => {
  const spec = 'volumeClaimTemplates: [{metadata: {name: data}, spec: {accessModes: [ReadWriteOnce]}}],';
  const template = 'spec: {containers: [{name: m, image: "x:1", volumeMounts: [{name: data, mountPath: /d}]}]}';
  const { revisions, documents, problems } = parse(
    workload('StatefulSet', spec, template, '{name: db, namespace: ns}'),
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(
    documents?.map(({ kind, namespace, name }) => [kind, namespace, name]),
    [['PersistentVolumeClaim', 'ns', 'data-db-0']],
  );
  assert.deepEqual(revisions[0]?.pod.spec.volumes, [
    { name: 'data', persistentVolumeClaim: { claimName: 'data-db-0' } },
  ]);
});

test('the rest of a Deployment may change without a new Pod', () => {
  const uid = (spec: string, template = TEMPLATE) => parse(workload('Deployment', spec, template)).revisions[0]?.uid;
  assert.equal(uid('revisionHistoryLimit: 1,'), uid('replicas: 1, strategy: {type: Recreate},'));
  assert.notEqual(uid(''), uid('', TEMPLATE.replace('x:1', 'x:2')));
});
