/** Signatures beside image archives: `cosign sign-blob --bundle app.tar.sigstore.json app.tar`, or base64 in `app.tar.sig`. */
import { createVerify } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { type CosignKey, proofOf } from '../../metadata/ingest/cosign.ts';
import { messageOf } from '../sources/regular-file.ts';
import { isMissing, readLimited } from '../volumes/files.ts';

/** What is added to the name of an archive. */
export const PROOF_ENDINGS = ['.sigstore.json', '.sig'] as const;
const LIMIT_BYTES = 256 * 1024;
const MAX_KEYS = 100;

/**
 * Those of the keys that signed the archive; empty: there is no signature beside it. Rejects when there is one and it is by
 * none of them.
 */
export async function archiveSigners(path: string, keys: readonly CosignKey[]): Promise<CosignKey[]> {
  if (keys.length === 0) return [];
  for (const ending of PROOF_ENDINGS) {
    const text = await readLimited(path + ending, LIMIT_BYTES).catch((error: unknown) => {
      if (isMissing(error)) return undefined;
      throw error;
    });
    if (!text) continue;
    const signers = await signersOf(path, text.toString(), keys.slice(0, MAX_KEYS)).catch((error: unknown) => {
      throw new Error(`${path + ending}: ${messageOf(error)}`);
    });
    if (signers.length > 0) return signers;
    const names = keys.map(({ name }) => name).join(', ');
    throw new Error(`${path + ending} is no signature of this archive by ${names}`);
  }
  return [];
}

async function signersOf(path: string, text: string, keys: readonly CosignKey[]): Promise<CosignKey[]> {
  const proof = proofOf(text);
  const all = keys.map((key) => ({ key, verifier: createVerify('sha256') }));
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>)
    for (const { verifier } of all) verifier.update(chunk);
  return all.filter(({ key, verifier }) => verifier.verify(key.key, proof)).map(({ key }) => key);
}

/** Another text when another file is there now, or when it was written to. */
export async function versionOf(path: string): Promise<string> {
  const { dev, ino, size, mtimeMs, ctimeMs } = await stat(path);
  return [dev, ino, size, mtimeMs, ctimeMs].join();
}
