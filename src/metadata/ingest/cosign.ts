/**
 * Signatures by keys of cosign (ECDSA P-256, SHA-256): what `cosign sign-blob` writes, its bundles, and what `openssl dgst
 * -sha256 -sign` makes in base64. No certificates: who signs is a key.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto';
import { at, textAt } from './record.ts';
import { Refusal } from './types.ts';

export interface CosignKey {
  /** Name of its file: who signs with it. */
  name: string;
  key: KeyObject;
}

/** A PEM public key. Undefined: it is none, or of another kind. */
export function readCosignKey(name: string, text: string): CosignKey | undefined {
  // A private key would be taken too, as the public key in it.
  if (!/^\s*-----BEGIN PUBLIC KEY-----/.test(text)) return undefined;
  try {
    const key = createPublicKey({ key: text, format: 'pem' });
    const curve = key.asymmetricKeyDetails?.namedCurve;
    return key.asymmetricKeyType === 'ec' && curve === 'prime256v1' ? { name, key } : undefined;
  } catch {
    return undefined;
  }
}

/** Name of the key that signed these bytes. `signature` is base64 or a bundle in JSON. Throws Refusal. */
export function verifyCosign(content: Uint8Array, signature: string, keys: readonly CosignKey[]): string {
  const proof = proofOf(signature);
  const signer = keys.find((one) => isGood(content, proof, one));
  if (!signer)
    throw new Refusal(
      'the signature is not of this content by a cosign key that may sign: something was changed; sign it again',
    );
  return `cosign ${signer.name}`;
}

/** The bytes of a signature that is base64 or a bundle in JSON. Throws Refusal. */
export function proofOf(text: string): Buffer {
  return Buffer.from(base64Of(text.trim()), 'base64');
}

export function isGood(content: Uint8Array, proof: Uint8Array, { key }: CosignKey): boolean {
  return verify('sha256', content, key, proof);
}

/** `{"messageSignature":{"signature":…}}` is the bundle of Sigstore, `{"base64Signature":…}` that of cosign before. */
function base64Of(text: string): string {
  if (!text.startsWith('{')) return text;
  let bundle: unknown;
  try {
    bundle = JSON.parse(text);
  } catch {
    throw new Refusal('the bundle of the signature is not JSON: it was cut off on the way');
  }
  const found = textAt(bundle, 'messageSignature', 'signature') ?? textAt(bundle, 'base64Signature');
  if (found !== undefined) return found;
  if (at(bundle, 'dsseEnvelope') !== undefined)
    throw new Refusal('the bundle holds an attestation, not a signature of the file: sign with cosign sign-blob');
  throw new Refusal('the bundle holds no signature');
}
