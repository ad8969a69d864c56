/** Signatures of minisign, hashed (BLAKE2b-512) and legacy. The format is that of https://jedisct1.github.io/minisign/ . */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Refusal } from './types.ts';

export interface MinisignKey {
  /** Name of its file: who signs with it. */
  name: string;
  id: Buffer;
  key: KeyObject;
}

const LEGACY = 'Ed';
const HASHED = 'ED';
const ID_LENGTH = 8;
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
export const MINISIGN_COMMENT = 'untrusted comment:';
const TRUSTED_COMMENT = 'trusted comment: ';

/** A file of `minisign -G`, or its base64 alone. Undefined: it is neither. */
export function readMinisignKey(name: string, text: string): MinisignKey | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line !== '' && !line.startsWith(MINISIGN_COMMENT));
  const bytes = Buffer.from(lines[0] ?? '', 'base64');
  if (lines.length !== 1 || bytes.length !== 2 + ID_LENGTH + KEY_LENGTH) return undefined;
  if (bytes.toString('latin1', 0, 2) !== LEGACY) return undefined;
  const x = bytes.subarray(2 + ID_LENGTH).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return { name, id: bytes.subarray(2, 2 + ID_LENGTH), key };
}

/** Name of the key that signed these bytes. `signature` is the text of a `.minisig` file. Throws Refusal. */
export function verifyMinisign(content: Uint8Array, signature: string, keys: readonly MinisignKey[]): string {
  const [untrusted = '', first = '', trusted = '', second = ''] = signature.trim().split(/\r?\n/);
  const bytes = Buffer.from(first, 'base64');
  const algorithm = bytes.toString('latin1', 0, 2);
  const whole = untrusted.startsWith(MINISIGN_COMMENT) && trusted.startsWith(TRUSTED_COMMENT);
  if (!whole || bytes.length !== 2 + ID_LENGTH + SIGNATURE_LENGTH || (algorithm !== LEGACY && algorithm !== HASHED))
    throw new Refusal('the minisign signature is not understood');
  const id = bytes.subarray(2, 2 + ID_LENGTH);
  const proof = bytes.subarray(2 + ID_LENGTH);
  const known = keys.filter((one) => one.id.equals(id));
  if (known.length === 0)
    throw new Refusal(`the signature is by the minisign key ${keyName(id)}, which is not among the keys that may sign`);
  const signed = algorithm === HASHED ? createHash('blake2b512').update(content).digest() : content;
  const signer = known.find(({ key }) => verify(null, signed, key, proof));
  if (!signer) throw new Refusal('the signature is not of this content: one of them was changed; sign it again');
  // The second signature is of the first one and the comment.
  const comment = Buffer.concat([proof, Buffer.from(trusted.slice(TRUSTED_COMMENT.length))]);
  if (!verify(null, comment, signer.key, Buffer.from(second, 'base64')))
    throw new Refusal('the trusted comment of the signature was changed');
  return `minisign ${signer.name}`;
}

/** As minisign prints it: the number's bytes from the last to the first. */
function keyName(id: Buffer): string {
  return Buffer.from(id).reverse().toString('hex').toUpperCase();
}
