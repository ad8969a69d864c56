import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ConfigDocument } from '../../../src/kubelet/documents.ts';
import { parse, problemsOf } from './read.ts';

const of = (kind: string, fields: string, name = 'a') =>
  `apiVersion: v1\nkind: ${kind}\nmetadata: {name: ${name}}\n${fields}\n`;

function only(text: string): ConfigDocument {
  const { documents = [], problems } = parse(text);
  assert.deepEqual(problems, []);
  assert.equal(documents.length, 1);
  return documents[0] as ConfigDocument;
}

const texts = (data: ConfigDocument['data']) => [...data].map(([key, bytes]) => [key, Buffer.from(bytes).toString()]);

test('a ConfigMap has text for everything and bytes for files', () => {
  const document = only(of('ConfigMap', 'data: {b: two, a: ""}\nbinaryData: {c: AAH/}\nimmutable: true'));
  assert.deepEqual([document.kind, document.namespace, document.name], ['ConfigMap', 'default', 'a']);
  assert.deepEqual(texts(document.data), [
    ['a', ''],
    ['b', 'two'],
  ]);
  assert.deepEqual([...(document.binaryData.get('c') ?? [])], [0, 1, 255]);
  assert.equal(document.immutable, true);
});

test('a Secret has its plain text over what is encoded', () => {
  const document = only(of('Secret', 'data: {a: "YQ==", b: "Yg\\n=="}\nstringData: {a: plain}'));
  assert.deepEqual(texts(document.data), [
    ['a', 'plain'],
    ['b', 'b'],
  ]);
  assert.equal(document.type, 'Opaque');
});

test('a document keeps the file it came from and its namespace', () => {
  const document = only('apiVersion: v1\nkind: Secret\nmetadata: {name: a, namespace: b, labels: {x: z}}');
  assert.equal(document.namespace, 'b');
  assert.deepEqual(document.origin, { kind: 'file', location: '/etc/pods/a.yaml' });
});

test('the hash tells content from content, and not form from form', () => {
  const hash = (fields: string, kind = 'ConfigMap') => only(of(kind, fields)).hash;
  assert.equal(hash('data: {a: "1", b: "2"}'), hash('data:\n  b: "2"\n  a: "1"'));
  assert.equal(hash('data: {a: YQ==}', 'Secret'), hash('stringData: {a: a}', 'Secret'));
  assert.notEqual(hash('data: {a: "1"}'), hash('data: {a: "2"}'));
  assert.notEqual(hash('data: {a: a}'), hash('binaryData: {a: YQ==}'));
});

test('a PersistentVolumeClaim is a name, and perhaps that of a volume', () => {
  assert.equal(only(of('PersistentVolumeClaim', 'spec: {accessModes: [ReadWriteOnce]}')).volumeName, undefined);
  assert.equal(only(of('PersistentVolumeClaim', 'spec: {volumeName: v}')).volumeName, 'v');
});

test('a PersistentVolume is a place, and in no namespace', () => {
  const volume = only(
    'apiVersion: v1\nkind: PersistentVolume\nmetadata: {name: v, namespace: x}\nspec: {local: {path: /mnt/x}, capacity: {storage: 1Gi}}',
  );
  assert.equal(volume.namespace, '');
  assert.deepEqual(volume.location, { local: { path: '/mnt/x' } });
});

test('lists of documents are read like documents', () => {
  const { documents = [] } = parse(
    'apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}}, {metadata: {name: b}}]',
  );
  assert.deepEqual(
    documents.map(({ kind, name }) => `${kind} ${name}`),
    ['ConfigMap a', 'ConfigMap b'],
  );
});

test('a file with an error has no documents', () => {
  const result = parse(`${of('ConfigMap', 'data: {a: b}')}---\n${of('ConfigMap', 'data: {a: 1}', 'b')}`);
  assert.equal(result.documents, undefined);
});

const NOT_BASE64 = 'Invalid value: must be base64; plain text belongs in stringData';
const BAD: [string, string, string[]][] = [
  ['no name', 'apiVersion: v1\nkind: Secret\n', ['error 1:1 metadata.name: Required value']],
  ['a bad name', of('ConfigMap', '', 'A_'), ['error 3:18 metadata.name: Invalid value: "A_" …']],
  [
    'a bad key',
    of('ConfigMap', 'data: {"a b": x, ..: z}'),
    [
      "error 4:15 data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' …",
      'error 4:22 data[..]: Invalid value: "..": must not be \'..\'',
    ],
  ],
  [
    'bytes that are not base64',
    of('Secret', 'data: {a: "pass word", b: YQ}'),
    [`error 4:11 data[a]: ${NOT_BASE64}`, `error 4:27 data[b]: ${NOT_BASE64}`],
  ],
  [
    'a key that is text and bytes',
    of('ConfigMap', 'data: {a: x}\nbinaryData: {a: YQ==}'),
    ['error 5:17 binaryData[a]: Invalid value: "a": duplicate of key present in data'],
  ],
  [
    'a number',
    of('ConfigMap', 'data: {port: 8080}'),
    ['error 4:14 data[port]: Invalid value: must be a string: put it in quotes'],
  ],
  [
    'the same document twice',
    `${of('Secret', '')}---\n${of('Secret', '')}`,
    ['error 8:18 metadata.name: Duplicate value: "a"'],
  ],
  [
    'a TLS secret without its key',
    of('Secret', 'type: kubernetes.io/tls\nstringData: {tls.crt: x}'),
    ['error 1:1 data[tls.key]: Required value'],
  ],
  [
    'registry credentials that are no JSON',
    of('Secret', 'type: kubernetes.io/dockerconfigjson\nstringData: {.dockerconfigjson: hunter2}'),
    ['error 1:1 data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": must be JSON'],
  ],
  [
    'basic authentication with nothing',
    of('Secret', 'type: kubernetes.io/basic-auth'),
    ['error 1:1 data[username]: Required value', 'error 1:1 data[password]: Required value'],
  ],
  [
    'a claim of a block device',
    of('PersistentVolumeClaim', 'spec: {volumeMode: Block}'),
    ['error 4:8 spec.volumeMode: Forbidden: block volumes are not supported: use Filesystem'],
  ],
  [
    'a volume that is nowhere',
    of('PersistentVolume', 'spec: {}'),
    ['error 4:1 spec: Required value: must specify a volume type'],
  ],
  [
    'a volume in two places, both bad',
    of('PersistentVolume', 'spec: {hostPath: {path: /a/../b}, local: {path: x}}'),
    [
      'error 4:25 spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
      'error 4:35 spec.local: Forbidden: may not specify more than 1 volume type',
      'error 4:49 spec.local.path: Invalid value: "x": must be an absolute path',
    ],
  ],
  [
    'a volume of a plugin',
    of('PersistentVolume', 'spec: {csi: {driver: d}}'),
    [
      'error 4:8 spec.csi: Forbidden: this kind of volume needs a plugin that Rower does not have; mount it on the host and use hostPath',
      'error 4:1 spec: Required value: must specify a volume type',
    ].sort(),
  ],
];

for (const [what, text, problems] of BAD)
  test(`refuses ${what}`, () => assert.deepEqual(problemsOf(parse(text)).sort(), [...problems].sort()));

test('the size of a claim is warned of: nothing limits it', () => {
  const result = parse(of('PersistentVolumeClaim', 'spec: {resources: {requests: {storage: 1Gi}}}'));
  assert.match(problemsOf(result).join(), /^warning 4:8 spec\.resources: ignored/);
  assert.equal(result.documents?.length, 1);
});

test('whatever is wrong with a document, no message and no excerpt shows a value', () => {
  const value = fc.constantFrom(
    'hunter2-hunter2',
    ['hunter2-hunter2'],
    { k: 'hunter2-hunter2' },
    'hunter2-hunter2\nhunter2-hunter2',
  );
  const key = fc.constantFrom('a', 'b c', '..', 'tls.crt', '.dockerconfigjson', 'password');
  const data = fc.dictionary(key, value, { maxKeys: 3 });
  const field = fc.constantFrom('data', 'stringData', 'binaryData', 'Data', 'stringdata', 'STRINGDATA');
  const document = fc.record({
    apiVersion: fc.constant('v1'),
    kind: fc.constantFrom('Secret', 'ConfigMap'),
    metadata: fc.constantFrom({ name: 'a' }, { name: 'A_' }, {}),
    type: fc.constantFrom('Opaque', 'kubernetes.io/tls', 'kubernetes.io/dockerconfigjson', 5),
    body: fc.array(fc.tuple(field, data), { maxLength: 3 }),
  });
  fc.assert(
    fc.property(document, fc.constantFrom(0, 1), fc.boolean(), ({ body, ...rest }, indent, broken) => {
      const text = JSON.stringify({ ...rest, ...Object.fromEntries(body) }, undefined, indent);
      const shown = JSON.stringify(parse(broken ? text.slice(0, -1) : text).problems);
      assert.ok(!shown.includes('hunter2'), shown);
    }),
    { numRuns: 500 },
  );
});
