import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PodSpec, Volume } from '../../../src/kubelet/types.ts';
import { goQuote, volumePayload } from '../../../src/kubelet/volumes/payload.ts';
import { container, revision } from '../build.ts';
import { bytes, document, mapOf } from '../documents.ts';
import { node } from '../node.ts';
import { labelled } from './volume-input.ts';

const DOCUMENTS = mapOf(
  document('ConfigMap', 'cm', { a: 'A', b: 'B' }, { binaryData: bytes({ raw: '\0' }) }),
  document('Secret', 's', { key: 'K' }),
  document('Secret', 'far', { key: 'K' }, { namespace: 'other' }),
);
const spec: Partial<PodSpec> = { containers: [container({ resources: { limits: { cpu: '1500m', memory: '64Mi' } } })] };

function files(volume: Omit<Volume, 'name'>, labels: Record<string, string> = {}) {
  const pod = labelled(revision(spec).pod, labels, { note: 'line\n"two"' });
  const payload = volumePayload({ name: 'v', ...volume }, { pod, node: node(), documents: DOCUMENTS });
  return [...payload].map(([path, { data, mode }]) => `${path} ${mode.toString(8)} ${Buffer.from(data)}`);
}

const GOOD: [string, Omit<Volume, 'name'>, string[]][] = [
  ['a ConfigMap, bytes as well', { configMap: { name: 'cm' } }, ['a 644 A', 'b 644 B', 'raw 644 \0']],
  ['a mode for all', { secret: { secretName: 's', defaultMode: 0o400 } }, ['key 400 K']],
  [
    'some keys at other places',
    {
      configMap: {
        name: 'cm',
        items: [
          { key: 'b', path: 'x/y' },
          { key: 'a', path: 'z', mode: 0o600 },
        ],
      },
    },
    ['x/y 644 B', 'z 600 A'],
  ],
  ['an optional ConfigMap that is missing', { configMap: { name: 'no', optional: true } }, []],
  [
    'optional keys that are missing',
    {
      secret: {
        secretName: 's',
        optional: true,
        items: [
          { key: 'no', path: 'n' },
          { key: 'key', path: 'k' },
        ],
      },
    },
    ['k 644 K'],
  ],
  [
    'the name and namespace of the Pod',
    {
      downwardAPI: {
        items: [
          { path: 'n', fieldRef: { fieldPath: 'metadata.name' } },
          { path: 'ns', mode: 0o440, fieldRef: { fieldPath: 'metadata.namespace' } },
        ],
      },
    },
    ['n 644 web-n1', 'ns 440 default'],
  ],
  [
    'its annotations',
    { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: 'metadata.annotations' } }] } },
    ['a 644 note="line\\n\\"two\\""'],
  ],
  [
    'one annotation as it is',
    { downwardAPI: { items: [{ path: 'a', fieldRef: { fieldPath: "metadata.annotations['note']" } }] } },
    ['a 644 line\n"two"'],
  ],
  [
    'resources of a container in units',
    {
      downwardAPI: {
        items: [
          { path: 'c', resourceFieldRef: { containerName: 'main', resource: 'limits.cpu' } },
          { path: 'm', resourceFieldRef: { containerName: 'main', resource: 'limits.memory', divisor: '1Mi' } },
        ],
      },
    },
    ['c 644 2', 'm 644 64'],
  ],
  [
    'several sources in one volume, the later over the earlier',
    {
      projected: {
        defaultMode: 0o440,
        sources: [
          {
            configMap: {
              name: 'cm',
              items: [
                { key: 'a', path: 'a' },
                { key: 'b', path: 'key' },
              ],
            },
          },
          { secret: { name: 's' } },
          { downwardAPI: { items: [{ path: 'n', mode: 0o600, fieldRef: { fieldPath: 'metadata.name' } }] } },
          { configMap: { name: 'no', optional: true } },
        ],
      },
    },
    ['a 440 A', 'key 440 K', 'n 600 web-n1'],
  ],
  ['a projected volume of nothing', { projected: {} }, []],
];

for (const [what, volume, expected] of GOOD)
  test(`the files are those of ${what}`, () => assert.deepEqual(files(volume), expected));

test('labels come in the order of their keys', () => {
  const volume = { downwardAPI: { items: [{ path: 'l', fieldRef: { fieldPath: 'metadata.labels' } }] } };
  assert.deepEqual(files(volume, { zone: 'b', 'app.io/name': 'web', B: '' }), [
    'l 644 B=""\napp.io/name="web"\nzone="b"',
  ]);
  assert.deepEqual(files(volume), ['l 644 ']);
});

const BAD: [string, Omit<Volume, 'name'>, string][] = [
  ['a ConfigMap', { configMap: { name: 'no' } }, 'configmap "no" not found'],
  ['a Secret', { secret: { secretName: 'no' } }, 'secret "no" not found'],
  ['a Secret of another namespace', { secret: { secretName: 'far' } }, 'secret "far" not found'],
  [
    'a key of a ConfigMap',
    { configMap: { name: 'cm', items: [{ key: 'no', path: 'p' }] } },
    'configmap references non-existent config key: no',
  ],
  [
    'a key of a Secret',
    { secret: { secretName: 's', items: [{ key: 'no', path: 'p' }] } },
    'references non-existent secret key: no',
  ],
  ['a projected Secret', { projected: { sources: [{ secret: { name: 'no' } }] } }, 'secret "no" not found'],
  [
    'a container',
    { downwardAPI: { items: [{ path: 'c', resourceFieldRef: { containerName: 'no', resource: 'limits.cpu' } }] } },
    'container no not found',
  ],
  [
    'who could give a token',
    { projected: { sources: [{ serviceAccountToken: { path: 't' } }] } },
    'there is nothing here that could give a serviceAccountToken',
  ],
];

for (const [what, volume, message] of BAD)
  test(`${what} that is missing is named`, () => assert.throws(() => files(volume), { message }));

test('text is quoted as Go quotes it', () => {
  const quoted: [string, string][] = [
    ['plain text', '"plain text"'],
    ['"\\', '"\\"\\\\"'],
    ['\x07\b\f\n\r\t\v', '"\\a\\b\\f\\n\\r\\t\\v"'],
    ['\x00\x1b\x7f', '"\\x00\\x1b\\x7f"'],
    ['é日本🐳', '"é日本🐳"'],
    ['\u00a0\u200b\ufeff', '"\\u00a0\\u200b\\ufeff"'],
    ['\u{e0001}', '"\\U000e0001"'],
  ];
  for (const [text, expected] of quoted) assert.equal(goQuote(text), expected);
});
