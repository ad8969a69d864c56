/** One provider asked once: what it has → manifests, checked. */
import type { Env } from '../kubelet/env.ts';
import { ingest } from './ingest/ingest.ts';
import type { IngestedFile, IngestProblem, Trust } from './ingest/types.ts';
import type { Machine } from './machine.ts';
import { MediaError } from './media/image.ts';
import { type FetchContext, type Fetched, MetadataError, type Payload } from './provider.ts';
import type { Candidate } from './select.ts';
import { Service } from './service.ts';
import { type TrustMode, trustOf } from './trust.ts';
import { fetchUrl } from './url.ts';

/**
 * `files`: manifests. `nothing`: it says that no Pods are wanted, or has nothing for Rower. `empty`: there is user-data
 * without a byte in it. `absent`: there is none. `refused`: an error in it; nothing of it is used.
 */
export type Outcome = 'files' | 'nothing' | 'empty' | 'absent' | 'refused';

export interface Obtained {
  provider: string;
  instanceId?: string;
  attributes: Record<string, string>;
  outcome: Outcome;
  /** The payload that decided. */
  payload?: string;
  files: IngestedFile[];
  problems: IngestProblem[];
}

export interface ObtainOptions {
  candidate: Candidate;
  machine: Machine;
  nodeName: string;
  manifestDirectory: string;
  /** Asked instead of the provider's own addresses, e.g. `http://127.0.0.1:8080`. */
  endpoint?: string;
  /** Default `off`. */
  trust?: TrustMode;
  env: Env;
  signal: AbortSignal;
}

/** Includes of includes. */
const MAX_INCLUDE_ROUNDS = 3;

export async function contextOf({ candidate, machine, endpoint, env, signal }: ObtainOptions): Promise<FetchContext> {
  const bases = endpoint !== undefined ? [endpoint] : ((await candidate.provider.bases?.(machine)) ?? []);
  const service = new Service(bases, env, signal);
  const { argument } = candidate;
  return { machine, service, env, signal, ...(argument !== undefined && { argument }) };
}

/** Rejects with MetadataError when the provider cannot be asked; what is wrong with the content is in the result. */
export async function obtain(options: ObtainOptions): Promise<Obtained> {
  const { provider } = options.candidate;
  const context = await contextOf(options);
  const fetched = await provider.fetch(context).catch((error: unknown) => {
    if (error instanceof MediaError) throw new MetadataError(error.message, { cause: error });
    throw error;
  });
  const { instanceId, attributes } = fetched;
  const base: Obtained = {
    provider: provider.name,
    ...(instanceId !== undefined && { instanceId }),
    attributes,
    outcome: 'absent',
    files: [],
    problems: [],
  };
  const { trust, problems: untrusted } = await trustOf(options.trust ?? 'off', options.machine, options.env.nowMs());
  base.problems.push(...untrusted.map((message) => ({ severity: 'warning' as const, place: 'trust', message })));
  for (const payload of fetched.payloads) {
    const { outcome, files, problems } = await read(payload, fetched, options, context, trust);
    base.problems.push(...problems);
    if (outcome === 'files' || outcome === 'refused') return { ...base, outcome, files, payload: payload.name };
    // That no Pods are wanted is not signed by anybody: where signatures are required it stops none.
    if (base.outcome !== 'nothing') base.outcome = payload.bytes.length === 0 || trust?.required ? 'empty' : 'nothing';
  }
  return base;
}

async function read(
  payload: Payload,
  fetched: Fetched,
  options: ObtainOptions,
  context: FetchContext,
  trust: Trust | undefined,
) {
  const included = new Map<string, Uint8Array>();
  for (let round = 0; ; round += 1) {
    const result = ingest(payload.bytes, {
      provider: options.candidate.provider.name,
      nodeName: options.nodeName,
      manifestDirectory: options.manifestDirectory,
      base64: payload.base64 ?? false,
      writeFilesDone: fetched.writeFilesDone ?? false,
      launchIndex: fetched.launchIndex ?? 0,
      variables: new Map(Object.entries(fetched.attributes)),
      included,
      ...(trust && { trust }),
    });
    if (result.outcome !== 'incomplete' || round >= MAX_INCLUDE_ROUNDS) return result;
    for (const { url } of result.wanted) {
      const bytes = await fetchUrl(context, url);
      if (!bytes) throw new MetadataError(`#include of ${new URL(url).host}: there is no such file`);
      included.set(url, bytes);
    }
  }
}
