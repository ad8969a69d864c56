/** Signatures recorded from OpenSSH 9.2's `ssh-keygen -Y sign`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { ingest, problemText } from '../../../src/metadata/ingest/ingest.ts';
import { NO_KEYS, signatureComment } from '../../../src/metadata/ingest/signatures.ts';
import { readAllowedSigners, verifySignature } from '../../../src/metadata/ingest/ssh-signature.ts';
import { Refusal } from '../../../src/metadata/ingest/types.ts';

function fixture(name: string): string {
  return readFileSync(new URL(`../../fixtures/metadata/signatures/${name}`, import.meta.url), 'utf8');
}

const POD = fixture('pod.yaml');
const SIGNERS_TEXT = fixture('allowed_signers');
const { signers: SIGNERS } = readAllowedSigners(SIGNERS_TEXT);
const NOW_MS = Date.UTC(2026, 6, 1);

function check(signature: string, content = POD, signers = SIGNERS): string {
  return verifySignature(Buffer.from(content), signature, signers, NOW_MS);
}

for (const type of ['ed25519', 'rsa', 'ecdsa']) {
  test(`a signature by an ${type} key is good, and not of anything else`, () => {
    assert.equal(check(fixture(`${type}.sig`)), `${type}@example.org`);
    assert.throws(() => check(fixture(`${type}.sig`), `${POD} `), { name: 'Refusal', message: /not of this content/ });
  });
}

test('a signature for another purpose or by another key is refused', () => {
  assert.throws(() => check(fixture('other-namespace.sig')), /is for "file": sign with -n rower\.manifest/);
  assert.throws(() => check(fixture('stranger.sig')), /not among the allowed signers/);
  const others = readAllowedSigners(SIGNERS_TEXT.replaceAll('rower.manifest', 'git')).signers;
  assert.throws(() => check(fixture('ed25519.sig'), POD, others), /not among the allowed signers/);
});

test('keys are valid from and until the times they are given', () => {
  const times: [string, boolean][] = [
    ['valid-after="20260630"', true],
    ['valid-after="20260702Z"', false],
    ['valid-before="20260701000001"', true],
    ['valid-before="202607010000"', false],
  ];
  for (const [option, good] of times) {
    const { signers } = readAllowedSigners(SIGNERS_TEXT.replace('namespaces="rower.manifest"', option));
    if (good) assert.equal(check(fixture('ed25519.sig'), POD, signers), 'ed25519@example.org');
    else assert.throws(() => check(fixture('ed25519.sig'), POD, signers), /not valid at this time/);
  }
});

test('lines that are not understood allow nothing and are told of', () => {
  const text = `# a comment\n\n${SIGNERS_TEXT.replace('namespaces=', 'cert-authority,namespaces=')}nonsense\n`;
  const { signers, problems } = readAllowedSigners(text);
  assert.deepEqual(
    signers.map(({ principals }) => principals),
    ['rsa@example.org', 'ecdsa@example.org'],
  );
  assert.deepEqual(problems, ['allowed_signers line 3 is not understood', 'allowed_signers line 6 is not understood']);
});

test('a signature with any byte changed is refused, and nothing else happens', () => {
  const blob = Buffer.from(fixture('ed25519.sig').replace(/-----.*-----/g, ''), 'base64');
  fc.assert(
    fc.property(fc.nat({ max: blob.length - 1 }), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const changed = Buffer.from(blob);
      changed[at] = (changed[at] ?? 0) ^ flip;
      assert.throws(() => check(changed.toString('base64')), Refusal);
    }),
  );
  assert.throws(() => check(blob.subarray(0, 40).toString('base64')), Refusal);
});

const SIGNED = `${POD}${signatureComment(fixture('ed25519.sig'))}`;
const MESSAGE = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=p.yaml\n\n${POD}\n--b\nContent-Type: application/x-ssh-signature\nContent-Disposition: attachment; filename=p.yaml.sig\n\n${fixture('ed25519.sig')}\n--b--\n`;

function take(text: string, required: boolean) {
  const keys = { ...NO_KEYS, ssh: SIGNERS };
  const trust = { required, keys, nowMs: NOW_MS, serials: new Map(), serialsFile: '/serials' };
  const result = ingest(Buffer.from(text), { provider: 'ec2', nodeName: 'n', manifestDirectory: '/etc/pods', trust });
  return { ...result, texts: result.problems.map(problemText) };
}

for (const [how, text] of Object.entries({ 'at its end': SIGNED, 'in a part beside it': MESSAGE })) {
  test(`a manifest with its signature ${how} is taken where signatures are required`, () => {
    const { files, texts } = take(text, true);
    assert.deepEqual(texts, []);
    assert.deepEqual(
      files.map(({ text: written, signer }) => [written, signer]),
      [[POD, 'ed25519@example.org']],
    );
  });
}

const UNSIGNED: [string, string, RegExp][] = [
  ['without a signature', POD, /is not signed/],
  ['with a change', SIGNED.replace('x:1', 'x:2'), /not of this content/],
  [
    'with more after the signature',
    `${SIGNED}---\n${POD.replace('signed', 'more')}`,
    /the signature is not at its end/,
  ],
  [
    'that a cloud-config writes',
    `#cloud-config\nwrite_files:\n- path: /etc/pods/a.yaml\n  content: |\n${POD.replace(/^/gm, '    ')}`,
    /is not signed/,
  ],
  ['that is a declaration', 'spec: {containers: [{name: a, image: b}]}', /is not signed/],
];

for (const [how, text, message] of UNSIGNED) {
  test(`a manifest ${how} is refused where signatures are required, and warned of otherwise`, () => {
    const required = take(text, true);
    assert.equal(required.outcome, 'refused');
    assert.match(required.texts.join(), message);
    const warned = take(text, false);
    assert.equal(warned.outcome, 'files');
    assert.match(warned.texts.join(), message);
    assert.equal(warned.files[0]?.signer, undefined);
  });
}
