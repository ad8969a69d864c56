import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerEnv, type EnvFile, expandAll } from '../../../src/kubelet/container/env.ts';
import type { Container, Pod } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { bytes, document, mapOf } from '../documents.ts';
import { node } from '../node.ts';

function env(change: Partial<Container>, pod: Pod = revision().pod) {
  const given = { documents: DOCUMENTS, envFiles: new Map(Object.entries(FILES)) };
  const input = { pod, container: container(change), node: node(), podIps: ['10.0.0.5'], hostIps: ['192.0.2.7'] };
  return [...containerEnv({ ...input, ...given })];
}
const literal = (name: string, value?: string) => ({ name, ...(value !== undefined && { value }) });
const fails = (change: Partial<Container>, message: string) =>
  assert.throws(() => env(change), { name: 'ConfigError', message });

test('variables keep the order of their first mention, and the last value wins', () => {
  const list = [literal('B', '1'), literal('A', '2'), literal('B', '3')];
  assert.deepEqual(env({ env: list }), [
    ['B', '3'],
    ['A', '2'],
  ]);
});

test('a variable without a value is empty', () => assert.deepEqual(env({ env: [literal('A')] }), [['A', '']]));

test('a value sees the variables before it, not those after it', () => {
  const list = [literal('A', '$(B)'), literal('B', 'b'), literal('C', '$(A)$(B)$$(B)')];
  assert.deepEqual(env({ env: list }), [
    ['A', '$(B)'],
    ['B', 'b'],
    ['C', '$(B)b$(B)'],
  ]);
});

test('a variable may refer to its own earlier value', () => {
  assert.deepEqual(env({ env: [literal('P', '/bin'), literal('P', '/opt:$(P)')] }), [['P', '/opt:/bin']]);
});

test('values from fields and resources are not expanded, but others may refer to them', () => {
  const pod = revision().pod;
  const labelled = { ...pod, metadata: { ...pod.metadata, labels: { k: '$(X)' } } };
  const list = [
    literal('X', 'x'),
    { name: 'L', valueFrom: { fieldRef: { fieldPath: "metadata.labels['k']" } } },
    { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    literal('ALL', '$(L)/$(CPU)'),
  ];
  assert.deepEqual(env({ env: list }, labelled).slice(1), [
    ['L', '$(X)'],
    ['CPU', '4'],
    ['ALL', '$(X)/4'],
  ]);
});

const DOCUMENTS = mapOf(
  document('ConfigMap', 'cm', { color: 'blue', 'a.b': '$(X)' }, { binaryData: bytes({ bin: 'x' }) }),
  document('Secret', 's', { password: 'p' }),
  document(
    'Secret',
    'raw',
    {},
    {
      data: new Map([
        ['latin', Buffer.from([0xe9])],
        ['nul', Buffer.from('a\0b')],
      ]),
    },
  ),
  document('ConfigMap', 'elsewhere', { k: 'v' }, { namespace: 'other' }),
);
const fromMap = (name: string, key: string, optional?: boolean) => ({
  name: 'A',
  valueFrom: { configMapKeyRef: { name, key, ...(optional !== undefined && { optional }) } },
});
const fromSecret = (name: string, key: string, optional?: boolean) => ({
  name: 'A',
  valueFrom: { secretKeyRef: { name, key, ...(optional !== undefined && { optional }) } },
});

test('values come from ConfigMaps and Secrets, and are not expanded', () => {
  assert.deepEqual(env({ env: [literal('X', 'x'), fromMap('cm', 'a.b'), literal('B', '$(A)')] }).slice(1), [
    ['A', '$(X)'],
    ['B', '$(X)'],
  ]);
  assert.deepEqual(env({ env: [fromSecret('s', 'password')] }), [['A', 'p']]);
});

test('all keys come with a prefix, in their order, under what is set by name', () => {
  const envFrom = [{ prefix: 'P_', configMapRef: { name: 'cm' } }, { secretRef: { name: 's' } }];
  assert.deepEqual(env({ envFrom, env: [literal('password', 'own'), literal('C', '$(P_color)')] }), [
    ['P_color', 'blue'],
    ['P_a.b', '$(X)'],
    ['password', 'own'],
    ['C', 'blue'],
  ]);
});

const MISSING: [string, Partial<Container>, string][] = [
  ['a ConfigMap', { env: [fromMap('no', 'k')] }, 'configmap "no" not found'],
  ['a Secret', { env: [fromSecret('no', 'k')] }, 'secret "no" not found'],
  ['a ConfigMap of another namespace', { env: [fromMap('elsewhere', 'k')] }, 'configmap "elsewhere" not found'],
  ['a key of a ConfigMap', { env: [fromMap('cm', 'no')] }, "couldn't find key no in ConfigMap default/cm"],
  ['a key that is bytes', { env: [fromMap('cm', 'bin')] }, "couldn't find key bin in ConfigMap default/cm"],
  ['a key of a Secret', { env: [fromSecret('s', 'no')] }, "couldn't find key no in Secret default/s"],
  ['all of a ConfigMap', { envFrom: [{ configMapRef: { name: 'no' } }] }, 'configmap "no" not found'],
  ['all of a Secret', { envFrom: [{ secretRef: { name: 'no', optional: false } }] }, 'secret "no" not found'],
];

for (const [what, change, message] of MISSING) test(`${what} that is missing is named`, () => fails(change, message));

test('what is optional may be missing', () => {
  const envFrom = [{ configMapRef: { name: 'no', optional: true } }, { secretRef: { name: 'no', optional: true } }];
  const list = [
    fromMap('no', 'k', true),
    fromMap('cm', 'no', true),
    fromSecret('no', 'k', true),
    fromSecret('s', 'no', true),
  ];
  assert.deepEqual(env({ envFrom, env: list }), []);
});

test('bytes that are no text are refused without being shown', () => {
  for (const key of ['latin', 'nul'])
    fails(
      { env: [fromSecret('raw', key)] },
      `key ${key} of Secret default/raw is not text: it can be used as a file only`,
    );
});

const FILES: Record<string, EnvFile> = {
  'v/good': { text: "A='a'\nEMPTY=''\n" },
  'v/bad': { text: 'A=a' },
  'v/gone': { missing: true },
  'v/far': { error: 'far leads out of the volume' },
};
const fromFile = (path: string, key = 'A', optional = false) => ({
  name: 'X',
  valueFrom: { fileKeyRef: { volumeName: 'v', path, key, optional } },
});

test('values come from files that another container left', () => {
  assert.deepEqual(env({ env: [fromFile('good')] }), [['X', 'a']]);
  for (const path of ['gone', 'unread']) assert.deepEqual(env({ env: [fromFile(path, 'A', true)] }), []);
  assert.deepEqual(env({ env: [fromFile('good', 'EMPTY', true)] }), []);
  fails({ env: [fromFile('good', 'B')] }, 'environment variable key "B" not found in file "good"');
  fails({ env: [fromFile('gone')] }, 'environment variable key "A" not found in file "gone"');
  fails(
    { env: [fromFile('bad', 'A', true)] },
    "couldn't parse env file: invalid environment variable format at line 1: value must be enclosed in single quotes",
  );
  fails({ env: [fromFile('far')] }, "couldn't parse env file: far leads out of the volume");
});

test('a source that is not supported is refused with the name of the variable', () => {
  fails(
    { env: [{ name: 'A', valueFrom: {} }] },
    'environment variable "A" has no source of its value that is supported',
  );
});

test('values that double with each step end in an error, not in a full memory', () => {
  const list = [literal('V0', 'x'.repeat(100))];
  for (let step = 1; step < 40; step += 1) list.push(literal(`V${step}`, `$(V${step - 1})$(V${step - 1})`));
  fails({ env: list }, 'environment variable "V11" is longer than 131071 characters once its references are expanded');
});

test('commands are expanded with the complete environment', () => {
  const all = new Map([['A', 'a']]);
  assert.deepEqual(expandAll(['run', '$(A)', '$(MISSING)', '$$(A)'], all, 'args'), ['run', 'a', '$(MISSING)', '$(A)']);
  assert.deepEqual(expandAll(undefined, all, 'args'), []);
  assert.throws(() => expandAll(['ok', '$(L)$(L)'], new Map([['L', 'x'.repeat(100_000)]]), 'args'), {
    message: 'args[1] is longer than 131071 characters once its references are expanded',
  });
});
