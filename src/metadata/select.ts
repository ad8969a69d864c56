/** `--metadata auto|none|NAME[=ARGUMENT][,NAME…]`, and which provider it comes to on this machine. */
import { didYouMean } from '../config/closest.ts';
import type { Machine } from './machine.ts';
import type { Provider } from './provider.ts';
import { PROVIDERS } from './providers.ts';

export interface Candidate {
  provider: Provider;
  argument?: string;
}

/** `none` has no candidates. */
export interface Selection {
  automatic: boolean;
  candidates: readonly Candidate[];
}

export interface Check {
  candidate: Candidate;
  /** Why it is chosen or could be; absent: this machine is not of that kind. */
  reason?: string;
}

/** The text cannot be understood; the message names what there is. */
export class SelectionError extends Error {
  override name = 'SelectionError';
}

/** Throws SelectionError. */
export function parseSelection(text: string): Selection {
  if (text === 'none' || text === '') return { automatic: false, candidates: [] };
  if (text === 'auto') return { automatic: true, candidates: PROVIDERS.map((provider) => ({ provider })) };
  return { automatic: false, candidates: text.split(',').map(parseCandidate) };
}

function parseCandidate(text: string): Candidate {
  const [name = '', ...rest] = text.split('=');
  const provider = PROVIDERS.find((one) => one.name === name);
  const names = PROVIDERS.map((one) => one.name);
  if (!provider)
    throw new SelectionError(
      `there is no metadata provider ${JSON.stringify(name)}${didYouMean(name, names)}; there are auto, none, ${names.join(', ')}`,
    );
  return { provider, ...(rest.length > 0 && { argument: rest.join('=') }) };
}

/** Asks all of them, in order. A medium that cannot be read is none. The first with a reason is taken; of several that were named, the first if none has one. */
export async function detect(
  { automatic, candidates }: Selection,
  machine: Machine,
): Promise<{ checks: Check[]; chosen?: Candidate }> {
  const checks: Check[] = [];
  for (const candidate of candidates) {
    const { argument, provider } = candidate;
    const reason = argument !== undefined ? 'it was named' : await provider.detect(machine).catch(() => undefined);
    checks.push({ candidate, ...(reason !== undefined && { reason }) });
  }
  const found = checks.find(({ reason }) => reason !== undefined)?.candidate;
  const chosen = found ?? (automatic ? undefined : candidates[0]);
  return { checks, ...(chosen && { chosen }) };
}
