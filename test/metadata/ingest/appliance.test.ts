import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { readYaml } from '../../../src/kubelet/manifest/yaml.ts';
import { ingest, problemText } from '../../../src/metadata/ingest/ingest.ts';
import type { ApplianceBase, IngestOptions } from '../../../src/metadata/ingest/types.ts';

const BASE = `apiVersion: v1
kind: Pod
metadata:
  name: web-\${parameters.site:-main}
spec:
  containers:
  - name: app
    image: app:1
    env:
    - {name: ZONE, value: "\${metadata.zone}"}
    - {name: PORT, value: "80"}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: info}
`;
const SHA = createHash('sha256').update(BASE).digest('hex');
const URL_OF_BASE = 'https://example.org/web.yaml';

const BASES: Record<string, ApplianceBase> = {
  web: { bytes: Buffer.from(BASE) },
  broken: { bytes: Buffer.from('a: [') },
  self: { bytes: Buffer.from('apiVersion: rower.dev/v1alpha1\nkind: Appliance\nspec: {base: web}') },
  twice: { problem: '/etc/a and /usr/a have one name and differ: remove one of them' },
};

function take(spec: object | string, more: Partial<IngestOptions> = {}) {
  const text =
    typeof spec === 'string'
      ? spec
      : JSON.stringify({ apiVersion: 'rower.dev/v1alpha1', kind: 'Appliance', metadata: { name: 'mine' }, spec });
  const result = ingest(Buffer.from(text), {
    provider: 'ec2',
    nodeName: 'n',
    manifestDirectory: '/etc/pods',
    variables: new Map([['zone', 'eu-1a']]),
    appliances: new Map(Object.entries(BASES)),
    ...more,
  });
  const documents = result.files.flatMap((file) => readYaml(file.text).documents.map(({ value }) => value));
  return { ...result, text: result.problems.map(problemText).join('\n'), documents };
}

test('the base comes with its parameters, the values of the machine, and where it is from', () => {
  const { documents, text } = take({ base: 'web', parameters: { site: 'north' } });
  assert.equal(text, '');
  assert.deepEqual(documents, [
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web-north', annotations: { 'rower.dev/base': 'web', 'rower.dev/base-sha256': SHA } },
      spec: {
        containers: [
          {
            name: 'app',
            image: 'app:1',
            env: [
              { name: 'ZONE', value: 'eu-1a' },
              { name: 'PORT', value: '80' },
            ],
          },
        ],
      },
    },
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data: { level: 'info' } },
  ]);
});

const PATCHES: [string, unknown][] = [
  ['a strategic merge', { spec: { containers: [{ name: 'app', image: 'app:2' }] } }],
  ['a JSON Patch', [{ op: 'replace', path: '/spec/containers/0/image', value: 'app:2' }]],
  ['a strategic merge in a text', 'spec:\n  containers:\n  - name: app\n    image: app:2\n'],
  ['a JSON Patch in a text', '- {op: replace, path: /spec/containers/0/image, value: "app:2"}'],
];
for (const [what, patch] of PATCHES) {
  test(`${what} changes the only Pod`, () => {
    const { documents, text } = take({ base: 'web', patches: [{ patch }] });
    assert.equal(text, '');
    assert.match(JSON.stringify(documents[0]), /"image":"app:2","env"/);
  });
}

test('patches go one after the other to the objects that they name', () => {
  const patches = [
    { target: { kind: 'ConfigMap', name: 'settings' }, patch: { data: { level: 'debug' } } },
    { target: { kind: 'ConfigMap' }, patch: [{ op: 'test', path: '/data/level', value: 'debug' }] },
    { patch: { kind: 'ConfigMap', metadata: { name: 'settings' }, data: { more: 'x' } } },
  ];
  const { documents, text } = take({ base: 'web', patches });
  assert.equal(text, '');
  assert.deepEqual((documents[1] as { data: unknown }).data, { level: 'debug', more: 'x' });
});

test('a base at a URL is fetched, and must be what it was', () => {
  const spec = { url: URL_OF_BASE, sha256: SHA };
  assert.deepEqual(take(spec).wanted, [{ url: URL_OF_BASE, sha256: SHA }]);
  const good = take(spec, { included: new Map([[URL_OF_BASE, Buffer.from(BASE)]]) });
  assert.equal(good.outcome, 'files', good.text);
  assert.match(JSON.stringify(good.documents[0]), /"rower\.dev\/base":"example\.org\/web\.yaml"/);
  const other = take(spec, { included: new Map([[URL_OF_BASE, Buffer.from(`${BASE} `)]]) });
  assert.match(other.text, /has sha256 [0-9a-f]{64}, not/);
});

const WRONG: [string, object | string, RegExp][] = [
  ['no base', {}, /Appliance mine: spec must have either base or url/],
  [
    'an unknown base',
    { base: 'wep' },
    /"wep" is not on this machine: there are .*\/etc\/rower\/appliances.*did you mean web\?/,
  ],
  ['a base of which there are two', { base: 'twice' }, /have one name and differ/],
  ['a broken base', { base: 'broken' }, /the base broken is not YAML/],
  ['an Appliance as base', { base: 'self' }, /is an Appliance itself/],
  ['another base than it is pinned to', { base: 'web', sha256: 'a'.repeat(64) }, /has sha256/],
  ['a URL without a pin', { url: URL_OF_BASE }, /spec\.sha256 must be the 64 hex digits/],
  ['a URL that is none', { url: 'ftp://x', sha256: SHA }, /spec\.url must be an https or http URL/],
  ['a field with a mistake', { base: 'web', patchs: [] }, /no field spec\.patchs.*did you mean.*patches/],
  [
    'an unknown parameter',
    { base: 'web', parameters: { sites: 1 } },
    /parameters\.sites is not used.*did you mean.*site/,
  ],
  ['a parameter that is a list', { base: 'web', parameters: { site: [] } }, /must be text, a number or a boolean/],
  [
    'a target that is not there',
    { base: 'web', patches: [{ target: { name: 'x' }, patch: {} }] },
    /spec\.patches\[0\]: the base has no Pod x; it has Pod web-main, ConfigMap settings/,
  ],
  [
    'a patch that does not fit',
    { base: 'web', patches: [{ patch: [{ op: 'remove', path: '/x' }] }] },
    /spec\.patches\[0\]: patch\[0\] \(remove \/x\)/,
  ],
  ['a patch that is a number', { base: 'web', patches: [{ patch: 5 }] }, /patch must be a list .* or a mapping/],
  ['a patch that is no YAML', { base: 'web', patches: [{ patch: 'a: [' }] }, /patch is no YAML document/],
  [
    'a patch that makes no Pod',
    { base: 'web', patches: [{ patch: { spec: { containers: [{ name: 'app', image: 5 }] } } }] },
    /spec\.containers\[0\]\.image/,
  ],
  [
    'a patch that leaves nothing',
    { base: 'web', patches: [{ patch: [{ op: 'replace', path: '', value: 1 }] }] },
    /is no object/,
  ],
  [
    'another apiVersion',
    'apiVersion: v1\nkind: Appliance\nspec: {base: web}',
    /apiVersion must be rower\.dev\/v1alpha1/,
  ],
];
for (const [what, spec, message] of WRONG) {
  test(`an Appliance with ${what} is refused`, () => {
    const { outcome, text } = take(spec);
    assert.equal(outcome, 'refused');
    assert.match(text, message);
  });
}

test('the bases of all Appliances together have a limit', () => {
  const bytes = Buffer.from(`${BASE}# ${'x'.repeat(1_000_000)}\n`);
  const one = (name: string) =>
    `---\napiVersion: rower.dev/v1alpha1\nkind: Appliance\nmetadata: {name: ${name}}\nspec: {base: big}\n`;
  const text = Array.from({ length: 9 }, (_, index) => one(`a${index}`)).join('');
  assert.match(
    take(text, { appliances: new Map([['big', { bytes }]]) }).text,
    /a8: the bases of all Appliances together/,
  );
});

test('a patch that is a part of its own is told where patches stand', () => {
  const message = `Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: application/json-patch+json\n\n[]\n--b--\n`;
  assert.match(take(message).text, /is a patch\. Patches stand in the spec\.patches of an Appliance/);
});

test('a base that is no text is refused, whatever it is', () => {
  for (const base of [{ toString: '' }, ['web'], 7, null, true])
    assert.match(take({ base }).text, /spec\.base .* is not on this machine/);
});

test('no Appliance makes anything but manifests or a refusal', () => {
  const value = fc.jsonValue({ maxDepth: 3 });
  const spec = fc.record(
    {
      base: fc.oneof(fc.constantFrom('web', 'broken', '__proto__'), value),
      parameters: fc.oneof(fc.dictionary(fc.constantFrom('site', '__proto__'), value), value),
      patches: fc.oneof(fc.array(fc.record({ target: value, patch: value }, { requiredKeys: [] })), value),
    },
    { requiredKeys: ['base'] },
  );
  fc.assert(
    fc.property(spec, (given) => {
      assert.match(take(given).outcome, /^(?:files|refused)$/);
    }),
  );
});
