/**
 * Signatures by `ssh-keygen -Y sign -n rower.manifest`, and the keys that may make them. Formats: OpenSSH's PROTOCOL.sshsig,
 * RFC 4253 section 6.6, RFC 5656, and the section ALLOWED SIGNERS of ssh-keygen(1).
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { Refusal } from './types.ts';

export const NAMESPACE = 'rower.manifest';
const MAGIC = 'SSHSIG';
export const SSH_BEGIN = '-----BEGIN SSH SIGNATURE-----';
export const SSH_END = '-----END SSH SIGNATURE-----';
const MAX_SIGNERS = 1000;

export interface Signer {
  principals: string;
  /** The key as SSH has it. */
  key: Buffer;
  /** Patterns; absent: every namespace. */
  namespaces?: string[];
  validAfterMs?: number;
  validBeforeMs?: number;
}

/** Lines that cannot be read are left out and told of: a mistake must not open anything. */
export function readAllowedSigners(text: string): { signers: Signer[]; problems: string[] } {
  const [signers, problems]: [Signer[], string[]] = [[], []];
  for (const [index, line] of text.split(/\r?\n/).slice(0, MAX_SIGNERS).entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue;
    const signer = signerOf(line.trim());
    if (signer) signers.push(signer);
    else problems.push(`allowed_signers line ${index + 1} is not understood`);
  }
  return { signers, problems };
}

const LINE =
  /^(\S+)\s+(?:([\w-]+(?:="[^"]*")?(?:,[\w-]+(?:="[^"]*")?)*)\s+)?((?:ssh|ecdsa|sk)-[\w@.-]+)\s+([A-Za-z0-9+/]+={0,2})(?:\s|$)/;

function signerOf(line: string): Signer | undefined {
  const [, principals = '', options = '', , key = ''] = LINE.exec(line) ?? [];
  if (key === '') return undefined;
  const signer: Signer = { principals: principals.replaceAll('"', ''), key: Buffer.from(key, 'base64') };
  for (const [, name = '', value = ''] of options.matchAll(/([\w-]+)(?:="([^"]*)")?/g)) {
    const timeMs = timeOf(value);
    if (name.toLowerCase() === 'namespaces') signer.namespaces = value.split(',');
    else if (name.toLowerCase() === 'valid-after' && timeMs !== undefined) signer.validAfterMs = timeMs;
    else if (name.toLowerCase() === 'valid-before' && timeMs !== undefined) signer.validBeforeMs = timeMs;
    else return undefined;
  }
  return signer;
}

/** `YYYYMMDD[HHMM[SS]][Z]`, taken as UTC. */
function timeOf(text: string): number | undefined {
  const [, year, month, day, hour = '00', minute = '00', second = '00'] =
    /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?Z?$/.exec(text) ?? [];
  const ms = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** Who signed these bytes. `signature` is armored, or its base64 alone. Throws Refusal. */
export function verifySignature(
  content: Uint8Array,
  signature: string,
  signers: readonly Signer[],
  nowMs: number,
): string {
  const base64 = signature.replace(SSH_BEGIN, '').replace(SSH_END, '').replace(/\s+/g, '');
  const reader = new WireReader(Buffer.from(base64, 'base64'));
  if (reader.bytes(MAGIC.length).toString('latin1') !== MAGIC || reader.number() !== 1)
    throw new Refusal('the signature is not understood');
  const key = reader.string();
  const [namespace, reserved, hash, proof] = [reader.string(), reader.string(), reader.string(), reader.string()];
  reader.end();
  if (namespace.toString() !== NAMESPACE)
    throw new Refusal(
      `the signature is for ${JSON.stringify(namespace.toString().slice(0, 40))}: sign with -n ${NAMESPACE}`,
    );
  const algorithm = hash.toString();
  if (algorithm !== 'sha256' && algorithm !== 'sha512') throw new Refusal('the hash of the signature is unknown');
  const signer = signers.find((one) => one.key.equals(key) && (one.namespaces ?? [NAMESPACE]).includes(NAMESPACE));
  if (!signer)
    throw new Refusal(
      'the signature is by a key that is not among the allowed signers: add it to allowed_signers of this machine, or sign with another',
    );
  if (
    nowMs < (signer.validAfterMs ?? Number.NEGATIVE_INFINITY) ||
    nowMs >= (signer.validBeforeMs ?? Number.POSITIVE_INFINITY)
  )
    throw new Refusal(`the key of ${signer.principals} is not valid at this time`);
  const digest = createHash(algorithm).update(content).digest();
  const signed = Buffer.concat([Buffer.from(MAGIC), ...[namespace, reserved, hash, digest].map(wireString)]);
  if (!isGood(key, proof, signed))
    throw new Refusal('the signature is not of this content: one of them was changed; sign it again');
  return signer.principals;
}

function isGood(key: Buffer, proof: Buffer, signed: Buffer): boolean {
  const keyReader = new WireReader(key);
  const proofReader = new WireReader(proof);
  const keyType = keyReader.string().toString();
  const [proofType, bytes] = [proofReader.string().toString(), proofReader.string()];
  proofReader.end();
  switch (keyType) {
    case 'ssh-ed25519':
      return (
        proofType === keyType &&
        verify(null, signed, jwk({ kty: 'OKP', crv: 'Ed25519', x: url64(keyReader.string()) }), bytes)
      );
    case 'ssh-rsa': {
      const [e, n] = [keyReader.string(), keyReader.string()];
      const hash = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }[proofType];
      return hash !== undefined && verify(hash, signed, jwk({ kty: 'RSA', e: url64(e), n: url64(unpadded(n)) }), bytes);
    }
    case 'ecdsa-sha2-nistp256': {
      keyReader.string();
      const point = keyReader.string();
      if (proofType !== keyType || point.length !== 65 || point[0] !== 4) return false;
      const numbers = new WireReader(bytes);
      const halves = [numbers.string(), numbers.string()].map((one) => {
        const number = unpadded(one);
        return Buffer.concat([Buffer.alloc(Math.max(0, 32 - number.length)), number]);
      });
      const publicKey = jwk({ kty: 'EC', crv: 'P-256', x: url64(point.subarray(1, 33)), y: url64(point.subarray(33)) });
      return verify('sha256', signed, { key: publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.concat(halves));
    }
    default:
      throw new Refusal(`keys of type ${JSON.stringify(keyType.slice(0, 40))} are not supported: use ed25519`);
  }
}

function jwk(key: Record<string, string>): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    throw new Refusal('the key of the signature is damaged');
  }
}

function url64(bytes: Buffer): string {
  return bytes.toString('base64url');
}

/** Positive numbers have a zero before a first bit that is set. */
function unpadded(number: Buffer): Buffer {
  return number[0] === 0 ? number.subarray(1) : number;
}

function wireString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

class WireReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  bytes(length: number): Buffer {
    if (this.#at + length > this.#bytes.length) throw new Refusal('the signature is not understood');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Nothing may follow, as for ssh-keygen. Throws Refusal. */
  end(): void {
    if (this.#at < this.#bytes.length) throw new Refusal('the signature is not understood');
  }

  number(): number {
    return this.bytes(4).readUInt32BE();
  }

  string(): Buffer {
    return this.bytes(this.number());
  }
}
