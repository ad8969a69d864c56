/**
 * Decrypts what is encrypted with age (https://age-encryption.org/v1) to this machine's identity. The package is loaded when
 * there is something to decrypt.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../kubelet/sources/regular-file.ts';
import { MAX_UNPACKED_BYTES } from './ingest/types.ts';
import type { Machine } from './machine.ts';
import { TRUST_DIRECTORY } from './trust.ts';

export const AGE_IDENTITY = `${TRUST_DIRECTORY}/age.key`;
/** A credential of systemd, which a TPM can have sealed. */
const CREDENTIAL = 'rower.age';
const MAX_IDENTITIES = 20;
const KEY = /^AGE-SECRET-KEY-(?:PQ-)?1[0-9A-Z]+$/;

/** The plain bytes; text is why there are none: it names neither content nor key. */
export async function decryptAge(bytes: Uint8Array, machine: Machine): Promise<Uint8Array | string> {
  const found = await identities(machine);
  if (typeof found === 'string') return found;
  const { armor, Decrypter } = await import('age-encryption');
  const decrypter = new Decrypter();
  try {
    for (const identity of found.keys) decrypter.addIdentity(identity);
  } catch {
    return `${found.path} holds an identity that age does not know: make one with age-keygen`;
  }
  let binary = bytes;
  try {
    const text = Buffer.from(bytes).toString('latin1').trim();
    if (text.startsWith('-----BEGIN')) binary = armor.decode(text);
    const plain = await decrypter.decrypt(binary, 'uint8array');
    return plain.length <= MAX_UNPACKED_BYTES ? plain : `decrypts to more than ${MAX_UNPACKED_BYTES} bytes`;
  } catch (error) {
    return explain(messageOf(error), Buffer.from(binary).toString('latin1'), found.path);
  }
}

/** Where the identities are, and they; text is why there are none. */
async function identities(machine: Machine): Promise<{ path: string; keys: string[] } | string> {
  const directory = machine.environment('CREDENTIALS_DIRECTORY');
  const paths = [...(directory ? [join(directory, CREDENTIAL)] : []), AGE_IDENTITY];
  for (const path of paths) {
    if (!(await machine.exists(path))) continue;
    const bytes = await machine.read(path);
    if (!bytes) return `is encrypted with age, and ${path} cannot be read`;
    const mode = (await stat(machine.path(path))).mode;
    if ((mode & 0o007) !== 0) return `${path} can be read by everybody: chmod 0600 ${path}`;
    const lines = Buffer.from(bytes).toString('utf8').split(/\r?\n/);
    const keys = lines.map((line) => line.trim()).filter((line) => line !== '' && !line.startsWith('#'));
    if (keys.length === 0 || keys.length > MAX_IDENTITIES || !keys.every((key) => KEY.test(key)))
      return `${path} must hold one to ${MAX_IDENTITIES} lines AGE-SECRET-KEY-1…, as age-keygen writes them`;
    return { path, keys };
  }
  return `is encrypted with age, and this machine has no identity: age-keygen -o ${AGE_IDENTITY}`;
}

function explain(message: string, text: string, path: string): string {
  if (/no identity matched/i.test(message)) {
    const passphrase = /^-> scrypt /m.test(text)
      ? ' It is encrypted with a passphrase, which nobody can type here.'
      : '';
    return `is encrypted with age, and not to the identity in ${path}: encrypt it to the recipient that age-keygen -y ${path} prints.${passphrase}`;
  }
  return 'is encrypted with age and damaged: it was changed, or cut off on the way';
}
