import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { FileResult } from '../../../src/kubelet/sources/source.ts';
import { FILE, FIXTURES, HTTP, parse, problemsOf, SIMPLE } from './read.ts';

test('a Pod of a file tolerates everything, one of a URL only what it says', () => {
  const tolerations = (result: FileResult) => result.revisions[0]?.pod.spec.tolerations;
  assert.deepEqual(tolerations(parse(SIMPLE)), [{ operator: 'Exists', effect: 'NoExecute' }]);
  assert.equal(tolerations(parse(SIMPLE, HTTP)), undefined);
});

const pod = (name: string) =>
  `apiVersion: v1\nkind: Pod\nmetadata: {name: ${name}}\nspec: {containers: [{name: m, image: "x:1"}]}\n`;
const item = (name: string) =>
  `- {apiVersion: v1, kind: Pod, metadata: {name: ${name}}, spec: {containers: [{name: m, image: x}]}}`;

const KEYS: [string, string, string[]][] = [
  ['several documents', `${pod('a')}---\n# nothing\n---\n${pod('b')}`, ['default/a-n', 'default/b-n']],
  ['a List', `apiVersion: v1\nkind: List\nitems:\n${item('a')}\n${item('b')}`, ['default/a-n', 'default/b-n']],
  [
    'a PodList whose items do not say what they are',
    'apiVersion: v1\nkind: PodList\nitems: [{metadata: {name: a}, spec: {containers: [{name: m, image: x}]}}]',
    ['default/a-n'],
  ],
  [
    'a list in a list',
    `apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: List, items: [${item('a').slice(2)}]}`,
    ['default/a-n'],
  ],
  ['an empty list', 'apiVersion: v1\nkind: List\nitems: []', []],
  ['nothing', '', []],
  ['comments', '# one\n\n# two\n', []],
  ['a byte order mark and CRLF', `\ufeff${SIMPLE.replaceAll('\n', '\r\n')}`, ['default/a-n']],
  [
    'JSON',
    '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a"},"spec":{"containers":[{"name":"m","image":"x"}]}}',
    ['default/a-n'],
  ],
  ['a Service beside a Pod', `${pod('a')}---\napiVersion: v1\nkind: Service\nmetadata: {name: s}\n`, ['default/a-n']],
  [
    'the same name in two namespaces',
    `${pod('a')}---\n${pod('a').replace('{name: a}', '{name: a, namespace: b}')}`,
    ['default/a-n', 'b/a-n'],
  ],
];

for (const [what, text, keys] of KEYS) {
  test(`reads ${what}`, () => {
    const result = parse(text, FILE, 'n');
    assert.deepEqual(
      result.problems.filter((problem) => problem.severity === 'error'),
      [],
    );
    assert.deepEqual(
      result.revisions.map((revision) => revision.key),
      keys,
    );
  });
}

const REFUSED: [string, string, string[]][] = [
  [
    'one bad Pod among good ones: none is taken',
    `${pod('a')}---\n${pod('B')}`,
    ['error 8:18 metadata.name: Invalid value: "B-peer-node" …'],
  ],
  ['the same Pod twice', `${pod('a')}---\n${pod('a')}`, ['error 8:18 metadata.name: Duplicate value: "a"']],
  [
    'the same uid twice',
    [pod('a'), pod('b')].map((text) => text.replace('{name', '{uid: u, name')).join('---\n'),
    ['error 8:17 metadata.uid: Duplicate value: "u"'],
  ],
  [
    'a uid that means something in a path',
    SIMPLE.replace('{name', '{uid: ../x, name'),
    [
      `error 3:17 metadata.uid: Invalid value: "../x": must be at most 128 letters, digits, '-' or '_', and must start and end with a letter or digit`,
    ],
  ],
  ['a scalar', 'hello', ['error 1:1 a manifest is an object with apiVersion and kind, not a string']],
  [
    'what is encrypted',
    '-----BEGIN AGE ENCRYPTED FILE-----\nYWdl\n-----END AGE ENCRYPTED FILE-----\n',
    [
      'error 1:1 a manifest is an object with apiVersion and kind, not a string; it is encrypted with age, which only user-data may be (--metadata)',
    ],
  ],
  [
    'an Appliance',
    'apiVersion: rower.dev/v1alpha1\nkind: Appliance',
    [
      'error 2:7 kind: Invalid value: "Appliance": Appliances are made into Pods from user-data only (--metadata); rower metadata fetch --metadata file=FILE shows what they make',
    ],
  ],
  ['a list', '- a', ['error 1:1 a manifest is an object with apiVersion and kind, not a list']],
  [
    'an unknown kind',
    'apiVersion: x/v1\nkind: Thing',
    ['error 2:7 kind: Invalid value: "Thing": unknown kind of apiVersion x/v1 …'],
  ],
  [
    'a known kind of another apiVersion',
    'apiVersion: v2\nkind: Pod',
    ['error 1:13 apiVersion: Invalid value: "v2": Pod is of apiVersion v1'],
  ],
  [
    'neither apiVersion nor kind',
    'spec: {}',
    ['error 1:1 apiVersion: Required value', 'error 1:1 kind: Required value'],
  ],
  ['a kind that is no text', 'apiVersion: 1\nkind: Pod', ['error 1:13 apiVersion: Invalid value: must be a string']],
  [
    'items that are no list',
    'apiVersion: v1\nkind: List\nitems: 3',
    ['error 3:8 items: Invalid value: must be a list'],
  ],
  [
    'an item that is no object',
    'apiVersion: v1\nkind: List\nitems: [3]',
    ['error 3:9 items[0]: a manifest is an object with apiVersion and kind, not a number'],
  ],
  [
    'a bad item of a list, with its place',
    `apiVersion: v1\nkind: List\nitems:\n${item('B_')}`,
    ['error 4:48 items[0].metadata.name: Invalid value: "B_-peer-node" …'],
  ],
  [
    'a kind of a later version',
    'apiVersion: batch/v1\nkind: CronJob\n',
    ['error 2:1 kind: Invalid value: "CronJob": not supported by this version of rower …'],
  ],
  [
    'a spec that is no object: nothing else is said of it',
    'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: 5',
    ['error 4:7 spec: Invalid value: 5: must be an object'],
  ],
];

for (const [what, text, problems] of REFUSED) {
  test(`refuses ${what}`, () => {
    const result = parse(text);
    assert.deepEqual(problemsOf(result), problems);
    assert.deepEqual(result.revisions, []);
  });
}

test('what is no text has a problem without a place', () => {
  const result = parse(Buffer.from('\ufeffkind', 'utf16le'));
  assert.deepEqual(problemsOf(result), [
    'error the manifest is UTF-16; save it as UTF-8 (first bytes: ff fe 6b 00 69 00 6e 00 64 00)',
  ]);
  assert.deepEqual(result.revisions, []);
});

test('a Service is ignored with a warning', () => {
  assert.deepEqual(problemsOf(parse('apiVersion: v1\nkind: Service\n')), [
    'warning 2:1 kind: Service is ignored: it has no meaning on a machine without a cluster',
  ]);
});

test('only a field that nobody knows carries the mark for validate', () => {
  const result = parse(`${SIMPLE.replace('spec: {', 'spec: {nodeSelector: {a: b}, bogus: 1, ')}`);
  assert.deepEqual(
    result.problems.map((problem) => [problem.field, problem.unknownField]),
    [
      ['spec.nodeSelector', undefined],
      ['spec.bogus', true],
    ],
  );
});

test('secret values are neither in messages nor in excerpts', () => {
  const text = `${SIMPLE.slice(0, -4)}, env: [{name: A, value: 5550123}, {name: B, value: hunter2, bogus: 1}, {name: "=", value: hunter2}]}]}\n`;
  const result = parse(text);
  assert.equal(result.problems.length, 3);
  assert.match(result.problems[0]?.message ?? '', /^Invalid value: must be a string: put it in quotes$/);
  assert.doesNotMatch(JSON.stringify(result), /hunter2|5550123/);
});

test('a value of the wrong type says how to write it', () => {
  const spec =
    '{containers: [{name: 1, image: "x:1", stdin: "true", ports: [{containerPort: "80"}], command: [1, true]}], hostNetwork: 1}';
  const result = parse(SIMPLE.replace(/spec: .*/, `spec: ${spec}`));
  assert.deepEqual(
    result.problems.map((problem) => `${problem.field}: ${problem.message}`),
    [
      'spec.containers[0].name: Invalid value: 1: must be a string: put it in quotes',
      'spec.containers[0].stdin: Invalid value: "true": must be true or false',
      'spec.containers[0].ports[0].containerPort: Invalid value: "80": must be an integer: remove the quotes',
      'spec.containers[0].command[0]: Invalid value: 1: must be a string: put it in quotes',
      'spec.containers[0].command[1]: Invalid value: true: must be a string: put it in quotes (YAML takes y, yes, on, n, no and off for true and false)',
      'spec.hostNetwork: Invalid value: 1: must be true or false',
    ],
  );
});

test('a Pod pasted from a cluster loses what only the cluster can say', () => {
  const metadata =
    '{name: a, generation: 3, resourceVersion: "5", creationTimestamp: null, deletionTimestamp: "2020-01-01T00:00:00Z", finalizers: [x], managedFields: [{}], annotations: {kubernetes.io/config.hash: old, kubernetes.io/config.mirror: old}}';
  const pasted = parse(
    SIMPLE.replace('{name: a}', metadata).replace('spec: {', 'status: {phase: Failed}\nspec: {nodeName: other, '),
  );
  assert.deepEqual(pasted.revisions, parse(SIMPLE).revisions);
  const ignored = ['generation', 'resourceVersion', 'deletionTimestamp', 'finalizers', 'managedFields'];
  assert.deepEqual(
    pasted.problems.map(({ severity, field, message }) => `${severity} ${field}: ${message}`),
    [...ignored.map((key) => `metadata.${key}`), 'status', 'spec.nodeName'].map(
      (field) => `warning ${field}: ignored: a manifest cannot set it`,
    ),
  );
});

test('what asks for nothing that is not so anyway is no reason for a word', () => {
  const everywhere = ['not-ready', 'unreachable'].map(
    (what) => `{effect: NoExecute, key: node.kubernetes.io/${what}, operator: Exists, tolerationSeconds: 300}`,
  );
  const moot = `status: {}\nspec: {schedulerName: default-scheduler, preemptionPolicy: PreemptLowerPriority, enableServiceLinks: true, automountServiceAccountToken: false, tolerations: [${everywhere.join()}], `;
  assert.deepEqual(parse(SIMPLE.replace('spec: {', moot)).problems, []);
});

test('equal bytes give equal results', () => {
  const bytes = readFileSync(new URL('17-security.yaml', FIXTURES));
  assert.deepEqual(parse(bytes), parse(bytes));
});
