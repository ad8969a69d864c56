/** Whose manifests this machine takes: keys that its image brings, and a mode that user-data cannot lower. */
import { readCosignKey } from './ingest/cosign.ts';
import { readMinisignKey } from './ingest/minisign.ts';
import type { Keys } from './ingest/signatures.ts';
import { readAllowedSigners } from './ingest/ssh-signature.ts';
import type { Trust } from './ingest/types.ts';
import type { Machine } from './machine.ts';
import { readSerials } from './serials.ts';

export type TrustMode = 'off' | 'warn' | 'require';

export const TRUST_DIRECTORY = '/etc/rower/trust';
export const ALLOWED_SIGNERS = `${TRUST_DIRECTORY}/allowed_signers`;
const MAX_KEYS = 100;
const MAX_KEY_BYTES = 16 * 1024;

export interface TrustOptions {
  mode: TrustMode;
  machine: Machine;
  /** See serials.ts. */
  serialsFile: string;
  nowMs: number;
}

/** Without the files, or with lines that cannot be read, fewer keys are allowed. Undefined: signatures are not looked at. */
export async function trustOf({
  mode,
  machine,
  serialsFile,
  nowMs,
}: TrustOptions): Promise<{ trust?: Trust; problems: string[] }> {
  if (mode === 'off') return { problems: [] };
  const { keys, problems } = await readKeys(machine, TRUST_DIRECTORY);
  if (Object.values(keys).every((list) => list.length === 0))
    problems.push(
      `there is no key in ${ALLOWED_SIGNERS}, ${TRUST_DIRECTORY}/minisign and ${TRUST_DIRECTORY}/cosign: no signature is good`,
    );
  const serials = await readSerials(serialsFile);
  return { trust: { required: mode === 'require', keys, nowMs, serials, serialsFile }, problems };
}

/** The keys in a directory: `allowed_signers`, `minisign/NAME.pub`, `cosign/NAME.pub`. */
export async function readKeys(
  machine: Pick<Machine, 'read' | 'list'>,
  directory: string,
): Promise<{ keys: Keys; problems: string[] }> {
  const bytes = await machine.read(`${directory}/allowed_signers`);
  const { signers, problems } = readAllowedSigners(Buffer.from(bytes ?? []).toString('utf8'));
  const files = async <T>(kind: string, what: string, read: (name: string, text: string) => T | undefined) => {
    const names = (await machine.list(`${directory}/${kind}`)).filter((name) => name.endsWith('.pub'));
    if (names.length > MAX_KEYS)
      problems.push(`${directory}/${kind} has more than ${MAX_KEYS} keys: the rest is left out`);
    const keys: T[] = [];
    for (const name of names.slice(0, MAX_KEYS)) {
      const path = `${directory}/${kind}/${name}`;
      const key = read(name, Buffer.from((await machine.read(path, MAX_KEY_BYTES)) ?? []).toString('utf8'));
      if (key) keys.push(key);
      else problems.push(`${path} is no ${what}: it is left out`);
    }
    return keys;
  };
  const minisign = await files('minisign', 'public key of minisign', readMinisignKey);
  const cosign = await files('cosign', 'public key of cosign (PEM, ECDSA P-256)', readCosignKey);
  return { keys: { ssh: signers, minisign, cosign }, problems };
}
