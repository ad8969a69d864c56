import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { archiveSigners } from '../../../src/kubelet/images/archive-proof.ts';
import { readCosignKey } from '../../../src/metadata/ingest/cosign.ts';
import { temporaryDirectory } from '../temporary.ts';

const [OWN, STRANGER] = [0, 1].map(() => generateKeyPairSync('ec', { namedCurve: 'P-256' }));
const keyOf = (name: string, key: KeyObject | undefined) =>
  readCosignKey(name, key?.export({ type: 'spki', format: 'pem' }) as string) ?? assert.fail();
const CI = keyOf('ci.pub', OWN?.publicKey);
const OTHER = keyOf('other.pub', STRANGER?.publicKey);
/** More than one chunk of a stream. */
const CONTENT = Buffer.alloc(200_000, 'x');
const signed = (content: Buffer) => sign('sha256', content, OWN?.privateKey ?? assert.fail()).toString('base64');

async function archive(t: TestContext, beside: Record<string, string>): Promise<string> {
  const path = join(await temporaryDirectory(t), 'app.tar');
  await writeFile(path, CONTENT);
  for (const [ending, text] of Object.entries(beside)) await writeFile(path + ending, text);
  return path;
}

test('who signed an archive is known by what lies beside it, in each form', async (t) => {
  const bundle = JSON.stringify({ messageSignature: { signature: signed(CONTENT) } });
  for (const beside of [{ '.sig': `${signed(CONTENT)}\n` }, { '.sigstore.json': bundle }])
    assert.deepEqual(await archiveSigners(await archive(t, beside), [OTHER, CI]), [CI]);
  assert.deepEqual(await archiveSigners(await archive(t, {}), [CI]), []);
});

test('without keys nothing is looked at', async (t) => {
  assert.deepEqual(await archiveSigners(await archive(t, { '.sig': 'nonsense' }), []), []);
});

const WRONG: [string, Record<string, string>, RegExp][] = [
  [
    'of other content',
    { '.sig': signed(Buffer.from('y')) },
    /app\.tar\.sig is no signature of this archive by ci\.pub$/,
  ],
  ['nonsense', { '.sig': 'nonsense' }, /is no signature of this archive/],
  [
    'half a bundle',
    { '.sigstore.json': '{"message' },
    /app\.tar\.sigstore\.json: the bundle of the signature is not JSON/,
  ],
  ['an attestation', { '.sigstore.json': '{"dsseEnvelope":{}}' }, /holds an attestation/],
  ['too long', { '.sig': 'x'.repeat(300_000) }, /longer than/],
];
for (const [what, beside, message] of WRONG)
  test(`a signature that is there and is wrong refuses: ${what}`, async (t) => {
    await assert.rejects(archiveSigners(await archive(t, beside), [CI]), message);
  });
