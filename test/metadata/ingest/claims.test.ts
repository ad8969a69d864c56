import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkClaims } from '../../../src/metadata/ingest/claims.ts';
import { readCosignKey } from '../../../src/metadata/ingest/cosign.ts';
import { ingest, problemText } from '../../../src/metadata/ingest/ingest.ts';
import { NO_KEYS } from '../../../src/metadata/ingest/signatures.ts';
import { type IngestOptions, Refusal, type Trust } from '../../../src/metadata/ingest/types.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = readCosignKey('k.pub', publicKey.export({ type: 'spki', format: 'pem' }) as string) ?? assert.fail('a key');
const TRUST: Trust = {
  required: true,
  keys: { ...NO_KEYS, cosign: [KEY] },
  nowMs: Date.UTC(2026, 10, 20, 12),
  serials: new Map([['Pod default/web', 5]]),
  serialsFile: '/var/lib/rower/metadata/serials.json',
};

function pod(annotations: Record<string, string>, name = 'web'): string {
  const metadata = { name, annotations };
  const spec = { containers: [{ name: 'm', image: 'x:1' }] };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata, spec });
}

function take(text: string, trust: Partial<Trust> = {}, options: Partial<IngestOptions> = {}) {
  const signature = sign('sha256', Buffer.from(text), privateKey).toString('base64');
  const result = ingest(Buffer.from(text), {
    provider: 'ec2',
    nodeName: 'n',
    manifestDirectory: '/etc/pods',
    instanceId: 'i-0abc',
    variables: new Map([
      ['tags.role', 'web'],
      ['zone', 'eu-1a'],
    ]),
    location: '/pod.yaml',
    included: new Map([
      ['/pod.yaml.sig', Buffer.from(signature)],
      ['/pod.yaml.minisig', undefined],
      ['/pod.yaml.sigstore.json', undefined],
    ]),
    trust: { ...TRUST, ...trust },
    ...options,
  });
  return { ...result, text: result.problems.map(problemText).join('\n') };
}

const serial = (text: string) => ({ 'rower.dev/serial': text });
const NEW = serial('9');
const CASES: [string, string, RegExp | undefined][] = [
  ['the serial that was taken last', pod(serial('5')), undefined],
  ['a higher serial', pod(serial('6')), undefined],
  ['a lower serial', pod(serial('4')), /Pod default\/web has the serial 4, and 5 was taken before.*serials\.json/s],
  ['no serial where there was one', pod({}), /has no serial, and 5 was taken/],
  ['no serial where there was none', pod({}, 'other'), undefined],
  ['a serial that is none', pod(serial('1.5')), /rower\.dev\/serial must be a whole number in quotes, not "1\.5"/],
  ['a serial in its first line', `#rower: serial=7\n${pod({})}`, undefined],
  ['a serial in its first line that is too low', `\n# rower serial=4\n${pod({})}`, /has the serial 4/],
  ['an old Pod in a list', `{"apiVersion":"v1","kind":"PodList","items":[${pod(serial('1'))}]}`, /has the serial 1/],
  ['its own provider as audience', pod({ ...NEW, 'rower.dev/audience': 'gce, ec2' }), undefined],
  ['its own instance as audience', pod({ ...NEW, 'rower.dev/audience': 'i-0*c' }), undefined],
  ['its own tag as audience', pod({ ...NEW, 'rower.dev/audience': 'role=we*' }), undefined],
  ['its own zone as audience', `#rower: serial=9 audience=zone=eu-1a\n${pod({})}`, undefined],
  [
    'another audience',
    pod({ ...NEW, 'rower.dev/audience': 'i-1*' }),
    /is signed for i-1\*, and this is instance i-0abc of ec2/,
  ],
  ['another tag as audience', pod({ ...NEW, 'rower.dev/audience': 'role=db' }), /is signed for role=db/],
  [
    'a time that is over',
    pod({ ...NEW, 'rower.dev/not-after': '2026-11-20T11:59:59Z' }),
    /until 2026-11-20T11:59:59Z, which is over/,
  ],
  ['a time to come', pod({ ...NEW, 'rower.dev/not-after': '2026-11-20T13:00:01+01:00' }), undefined],
  ['today as its last day', pod({ ...NEW, 'rower.dev/not-after': '2026-11-20' }), undefined],
  ['yesterday as its last day', pod({ ...NEW, 'rower.dev/not-after': '2026-11-19' }), /which is over/],
  ['a time that is none', pod({ ...NEW, 'rower.dev/not-after': 'soon' }), /not-after must be a date/],
];

for (const [what, text, error] of CASES) {
  test(`a signed manifest with ${what} is ${error ? 'refused' : 'taken'}`, () => {
    const result = take(text);
    assert.equal(result.outcome, error ? 'refused' : 'files', result.text);
    if (error) assert.match(result.text, error);
    // Where signatures are only warned of, so is this.
    const warned = take(text, { required: false });
    assert.equal(warned.outcome, 'files', warned.text);
    assert.equal(warned.text !== '', error !== undefined);
    if (error) assert.equal(warned.serials.size, 0, 'what was doubted is not remembered');
  });
}

test('what was taken is remembered by object, and only of what is signed', () => {
  const list = `#rower: serial=8\n--- ${pod(serial('7'))}\n--- ${pod({}, 'db')}\n`;
  assert.deepEqual(
    [...take(list).serials],
    [
      ['Pod default/web', 7],
      ['Pod default/db', 8],
    ],
  );
  const unsigned = take(list, { required: false }, { location: '/elsewhere', included: new Map() });
  assert.equal(unsigned.outcome, 'incomplete');
  const wanted = new Map(unsigned.wanted.map(({ url }) => [url, undefined]));
  assert.deepEqual(
    unsigned.wanted.map(({ url, optional }) => [url, optional]),
    [
      ['/elsewhere.sig', true],
      ['/elsewhere.minisig', true],
      ['/elsewhere.sigstore.json', true],
    ],
  );
  const later = take(list, { required: false }, { location: '/elsewhere', included: wanted });
  assert.deepEqual([later.outcome, later.serials.size], ['files', 0]);
  assert.match(later.text, /is not signed/);
});

test('where it is not known what was taken, nothing signed is', () => {
  assert.match(take(pod({}, 'other'), { serials: 'serials.json is damaged' }).text, /serials\.json is damaged/);
});

test('wishes of what is not signed are not heeded where signatures are required', () => {
  const config = `#cloud-config\nrower: {onMissing: remove}\nwrite_files: []\n`;
  const options = {
    location: '/x',
    included: new Map(['.sig', '.minisig', '.sigstore.json'].map((end) => [`/x${end}`, undefined])),
  };
  const { wishes, text } = take(config, {}, options);
  assert.deepEqual(wishes, {});
  assert.match(text, /onMissing is not heeded: it is not signed/);
  assert.deepEqual(take(config).wishes, { onMissing: 'remove' });
});

test('patterns of audiences match as a shell would, and fast', () => {
  const glob = fc.stringMatching(/^[ab*]{1,8}$/);
  const text = fc.stringMatching(/^[ab]{0,8}$/);
  fc.assert(
    fc.property(glob, text, (pattern, instanceId) => {
      const context = {
        serials: new Map(),
        serialsFile: '',
        nowMs: 0,
        provider: 'ec2',
        instanceId,
        variables: new Map(),
      };
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(instanceId);
      const check = () => checkClaims([], { audience: [pattern] }, context);
      if (expected) check();
      else assert.throws(check, Refusal);
    }),
  );
});
