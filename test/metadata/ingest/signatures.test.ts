/** minisign and cosign against the real minisign and OpenSSL, whose `dgst -sign` makes what `cosign sign-blob` makes. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { readCosignKey } from '../../../src/metadata/ingest/cosign.ts';
import { ingest, problemText } from '../../../src/metadata/ingest/ingest.ts';
import { readMinisignKey } from '../../../src/metadata/ingest/minisign.ts';
import {
  type Keys,
  NO_KEYS,
  signatureComment,
  splitSigned,
  verifyAny,
} from '../../../src/metadata/ingest/signatures.ts';
import { Refusal } from '../../../src/metadata/ingest/types.ts';
import { temporaryDirectory } from '../../kubelet/temporary.ts';
import { without } from '../programs.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: m\n    image: x:1\n';
const NOW_MS = Date.UTC(2026, 6, 1);

interface Signed {
  keys: Keys;
  /** Of POD. */
  signature: string;
  signer: string;
}

async function byMinisign(t: TestContext, ...flags: string[]): Promise<Signed> {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  writeFileSync(at('pod.yaml'), POD);
  execFileSync('minisign', ['-G', '-W', '-p', at('ops.pub'), '-s', at('key')], { stdio: 'pipe' });
  execFileSync('minisign', ['-S', ...flags, '-s', at('key'), '-m', at('pod.yaml'), '-t', 'of the operators'], {
    stdio: 'pipe',
  });
  const key = readMinisignKey('ops.pub', readFileSync(at('ops.pub'), 'utf8')) ?? assert.fail('a key');
  const signature = readFileSync(at('pod.yaml.minisig'), 'utf8');
  return { keys: { ...NO_KEYS, minisign: [key] }, signature, signer: 'minisign ops.pub' };
}

async function byOpenssl(t: TestContext): Promise<Signed> {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  writeFileSync(at('pod.yaml'), POD);
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('key'));
  openssl('ec', '-in', at('key'), '-pubout', '-out', at('ci.pub'));
  const signature = openssl('dgst', '-sha256', '-sign', at('key'), at('pod.yaml')).toString('base64');
  const key = readCosignKey('ci.pub', readFileSync(at('ci.pub'), 'utf8')) ?? assert.fail('a key');
  return { keys: { ...NO_KEYS, cosign: [key] }, signature, signer: 'cosign ci.pub' };
}

const TOOLS: Record<string, { skip: string | false; make: (t: TestContext) => Promise<Signed> }> = {
  minisign: { skip: without('minisign'), make: (t) => byMinisign(t) },
  'minisign in its legacy form': { skip: without('minisign'), make: (t) => byMinisign(t, '-l') },
  'openssl, as cosign signs': { skip: without('openssl'), make: byOpenssl },
};

for (const [name, { skip, make }] of Object.entries(TOOLS)) {
  test(`a signature by ${name} is good of its content only`, { skip }, async (t) => {
    const { keys, signature, signer } = await make(t);
    const check = (content: string, text = signature) => verifyAny(Buffer.from(content), text, keys, NOW_MS);
    assert.equal(check(POD), signer);
    assert.throws(() => check(`${POD} `), { name: 'Refusal', message: /not of this content/ });
    const others = (await make(t)).keys;
    assert.throws(() => verifyAny(Buffer.from(POD), signature, others, NOW_MS), Refusal);
    assert.throws(() => verifyAny(Buffer.from(POD), signature, NO_KEYS, NOW_MS), /this machine has no \w+ key/);
  });

  test(`a signature by ${name} with a change in it is refused`, { skip }, async (t) => {
    const { keys, signature } = await make(t);
    fc.assert(
      fc.property(fc.nat({ max: signature.length - 1 }), fc.nat({ max: 127 }), (at, code) => {
        const changed = `${signature.slice(0, at)}${String.fromCharCode(code)}${signature.slice(at + 1)}`;
        let signer: string | undefined;
        try {
          signer = verifyAny(Buffer.from(POD), changed, keys, NOW_MS);
        } catch (error) {
          assert.ok(error instanceof Refusal);
        }
        // What is left is what means nothing: the untrusted comment, white space, padding.
        if (signer !== undefined) assert.deepEqual(meaning(changed), meaning(signature));
      }),
    );
  });

  test(`a part signed by ${name} is taken where signatures are required`, { skip }, async (t) => {
    const { keys, signature, signer } = await make(t);
    const suffix = name.startsWith('minisign') ? 'minisig' : 'sig';
    const part = (filename: string, text: string) =>
      `--b\nContent-Disposition: attachment; filename=${filename}\n\n${text}\n`;
    const message = (content: string) =>
      `Content-Type: multipart/mixed; boundary=b\n\n${part('p.yaml', content)}${part(`p.yaml.${suffix}`, signature)}--b--\n`;
    const trust = { required: true, keys, nowMs: NOW_MS, serials: new Map(), serialsFile: '' };
    const options = { provider: 'ec2', nodeName: 'n', manifestDirectory: '/etc/pods', trust };
    const good = ingest(Buffer.from(message(POD)), options);
    assert.deepEqual(good.problems, []);
    assert.deepEqual(
      good.files.map((file) => file.signer),
      [signer],
    );
    const bad = ingest(Buffer.from(message(POD.replace('x:1', 'x:2'))), options);
    assert.equal(bad.outcome, 'refused');
    assert.match(bad.problems.map(problemText).join(), /not of this content/);
  });
}

/** The bytes that a signature's lines stand for, the untrusted comment left out. */
function meaning(signature: string): string[] {
  const lines = signature.split('\n').filter((line) => !line.startsWith('untrusted comment:'));
  const meanings = lines.map((line) =>
    line.startsWith('trusted') ? line.trimEnd() : Buffer.from(line, 'base64').toString('hex'),
  );
  return meanings.filter(Boolean);
}

test('what minisign signed stands in comments at the end too', { skip: without('minisign') }, async (t) => {
  const { keys, signature, signer } = await byMinisign(t);
  const signed = `${POD}${signatureComment(signature)}`;
  assert.deepEqual(splitSigned(signed), { content: POD, signature: signature.trim() });
  assert.equal(verifyAny(Buffer.from(POD), splitSigned(signed).signature ?? '', keys, NOW_MS), signer);
  const trusted = signature.replace('of the operators', 'of others');
  assert.throws(() => verifyAny(Buffer.from(POD), trusted, keys, NOW_MS), /trusted comment .* was changed/);
});

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const COSIGN = {
  ...NO_KEYS,
  cosign: [readCosignKey('k.pub', publicKey.export({ type: 'spki', format: 'pem' }) as string) ?? assert.fail('a key')],
};
const PROOF = sign('sha256', Buffer.from(POD), privateKey).toString('base64');

const BUNDLES: [string, unknown, RegExp?][] = [
  [
    'of Sigstore',
    { mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json', messageSignature: { signature: PROOF } },
  ],
  ['of cosign', { base64Signature: PROOF }],
  ['of an attestation', { dsseEnvelope: {} }, /holds an attestation/],
  ['of nothing', {}, /holds no signature/],
];
for (const [what, bundle, error] of BUNDLES) {
  test(`a bundle ${what} is ${error ? 'refused' : 'read'}`, () => {
    const check = () => verifyAny(Buffer.from(POD), JSON.stringify(bundle), COSIGN, NOW_MS);
    if (error) assert.throws(check, error);
    else assert.equal(check(), 'cosign k.pub');
  });
}

test('only public keys of the right kind are keys', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
  assert.equal(readCosignKey('x', rsa as string), undefined);
  assert.equal(readCosignKey('x', privateKey.export({ type: 'pkcs8', format: 'pem' }) as string), undefined);
  assert.equal(readCosignKey('x', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n'), undefined);
  for (const text of ['', 'x', 'untrusted comment: x\nAAAA\n', 'UldT'])
    assert.equal(readMinisignKey('x', text), undefined);
});

test('no signature and no text around one makes anything but a refusal', () => {
  const text = fc.oneof(fc.string(), fc.base64String(), fc.constantFrom('{', '{"a":', 'untrusted comment: x\n', PROOF));
  fc.assert(
    fc.property(fc.array(text), (pieces) => {
      try {
        verifyAny(Buffer.from('x'), pieces.join('\n'), COSIGN, NOW_MS);
        assert.fail('it is no signature of this');
      } catch (error) {
        assert.ok(error instanceof Refusal, String(error));
      }
      splitSigned(signatureComment(pieces.join('\n')));
    }),
  );
});
