/** What is encrypted with age, as far as it can be told without a key: the decrypting is in src/metadata/age.ts. */
import { createHash } from 'node:crypto';

const ARMOR = '-----BEGIN AGE ENCRYPTED FILE-----';
const BINARY = 'age-encryption.org/v1\n';
/** A document of its own among others: it begins and ends at the left margin. */
const BLOCKS =
  /^-----BEGIN AGE ENCRYPTED FILE-----[ \t]*\r?\n[A-Za-z0-9+/=\r\n]+-----END AGE ENCRYPTED FILE-----[ \t]*$/gm;

/** Whether all of it is one encrypted file, armored or not. */
export function isEncrypted(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('latin1').trim();
  return text.startsWith(BINARY) || (text.startsWith(ARMOR) && encryptedBlocks(text)[0] === text);
}

/** The armored documents in a text. */
export function encryptedBlocks(text: string): string[] {
  return text.match(BLOCKS) ?? [];
}

/** The text with each of its armored documents replaced. */
export function replaceBlocks(text: string, plain: (block: string) => string): string {
  return text.replace(BLOCKS, plain);
}

export function cipherId(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
