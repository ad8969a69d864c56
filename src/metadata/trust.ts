/** Whose manifests this machine takes: keys that its image brings, and a mode that user-data cannot lower. */
import { readAllowedSigners } from './ingest/ssh-signature.ts';
import type { Trust } from './ingest/types.ts';
import type { Machine } from './machine.ts';

export type TrustMode = 'off' | 'warn' | 'require';

export const ALLOWED_SIGNERS = '/etc/rower/trust/allowed_signers';

/** Without the file, or with lines that cannot be read, fewer keys are allowed. Undefined: signatures are not looked at. */
export async function trustOf(
  mode: TrustMode,
  machine: Machine,
  nowMs: number,
): Promise<{ trust?: Trust; problems: string[] }> {
  if (mode === 'off') return { problems: [] };
  const bytes = await machine.read(ALLOWED_SIGNERS);
  const { signers, problems } = readAllowedSigners(Buffer.from(bytes ?? []).toString('utf8'));
  if (signers.length === 0) problems.push(`${ALLOWED_SIGNERS} has no key: no signature is good`);
  return { trust: { required: mode === 'require', signers, nowMs }, problems };
}
