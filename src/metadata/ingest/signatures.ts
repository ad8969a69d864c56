/**
 * Signatures of any kind: told apart by their form, wherever they stand.
 *
 * To add a kind: a row in KINDS, its keys in `Keys` and in src/metadata/trust.ts.
 */
import { type CosignKey, verifyCosign } from './cosign.ts';
import { MINISIGN_COMMENT, type MinisignKey, verifyMinisign } from './minisign.ts';
import { type Signer, SSH_BEGIN, SSH_END, verifySignature } from './ssh-signature.ts';
import { Refusal } from './types.ts';

/** Who may sign. */
export interface Keys {
  ssh: readonly Signer[];
  minisign: readonly MinisignKey[];
  cosign: readonly CosignKey[];
}

export const NO_KEYS: Keys = { ssh: [], minisign: [], cosign: [] };

interface Kind {
  name: keyof Keys;
  pattern: RegExp;
  verify(content: Uint8Array, signature: string, keys: Keys, nowMs: number): string;
}

const KINDS: readonly Kind[] = [
  {
    name: 'ssh',
    pattern: new RegExp(`^${SSH_BEGIN}`),
    verify: (content, signature, { ssh }, nowMs) => verifySignature(content, signature, ssh, nowMs),
  },
  {
    name: 'minisign',
    pattern: new RegExp(`^${MINISIGN_COMMENT}`),
    verify: (content, signature, { minisign }) => verifyMinisign(content, signature, minisign),
  },
  {
    name: 'cosign',
    pattern: /^(?:\{|[A-Za-z0-9+/\s]+={0,2}\s*$)/,
    verify: (content, signature, { cosign }) => verifyCosign(content, signature, cosign),
  },
];

const MAX_SIGNATURE_LENGTH = 64 * 1024;

/** Ends of the names of files that hold a signature of the file that is named before them. */
export const SIGNATURE_SUFFIXES = ['.sig', '.minisig', '.sigstore.json'] as const;
/** Content types of parts that are signatures, whatever their names. */
const SIGNATURE_TYPES = new Set(['application/x-ssh-signature', 'application/vnd.dev.sigstore.bundle.v0.3+json']);

/** Whether a part or file signs another one, by its name and type. */
export function isSignature(filename: string | undefined, type: string): boolean {
  return SIGNATURE_TYPES.has(type) || (filename !== undefined && signedName(filename) !== undefined);
}

/** `pod.yaml.sig` → `pod.yaml`; undefined: it is no name of a signature. */
export function signedName(filename: string): string | undefined {
  const suffix = SIGNATURE_SUFFIXES.find((one) => filename.endsWith(one) && filename.length > one.length);
  return suffix && filename.slice(0, -suffix.length);
}

/** Who signed these bytes. Throws Refusal. */
export function verifyAny(content: Uint8Array, signature: string, keys: Keys, nowMs: number): string {
  const text = signature.trim();
  const kind = KINDS.find(({ pattern }) => pattern.test(text));
  if (!kind || text.length > MAX_SIGNATURE_LENGTH)
    throw new Refusal('the signature is not understood: there are those of SSH, minisign and cosign');
  if (keys[kind.name].length === 0)
    throw new Refusal(`the signature is of ${kind.name}, and this machine has no ${kind.name} key that may sign`);
  return kind.verify(content, text, keys, nowMs);
}

const BASE64 = '# [A-Za-z0-9+/=]+';
const SSH_BLOCK = `# ${SSH_BEGIN}\\r?\\n(?:${BASE64}\\r?\\n)+# ${SSH_END}`;
const MINISIGN_BLOCK = `# ${MINISIGN_COMMENT}[^\\n]*\\n${BASE64}\\r?\\n# trusted comment: [^\\n]*\\n${BASE64}`;
const BLOCK = new RegExp(`^(?:${SSH_BLOCK}|${MINISIGN_BLOCK})\\s*(?![\\s\\S])`, 'm');

/** The signature at the end of a text, each line a comment, and what it is of: everything before it. */
export function splitSigned(text: string): { content: string; signature?: string } {
  const match = BLOCK.exec(text);
  if (!match) return { content: text };
  return { content: text.slice(0, match.index), signature: match[0].replace(/^# /gm, '').trim() };
}

/** The comment lines that `splitSigned` finds. */
export function signatureComment(signature: string): string {
  return `${signature.trim().replace(/\r\n/g, '\n').replace(/^/gm, '# ')}\n`;
}
