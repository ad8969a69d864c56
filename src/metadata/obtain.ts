/** One provider asked once: what it has → manifests, checked. */
import { createHash } from 'node:crypto';
import type { Env } from '../kubelet/env.ts';
import { decryptAge } from './age.ts';
import { readAppliances } from './appliances.ts';
import { cipherId } from './ingest/age.ts';
import { ingest } from './ingest/ingest.ts';
import type { IngestedFile, IngestOptions, IngestProblem, IngestResult, Trust, Wishes } from './ingest/types.ts';
import type { Machine } from './machine.ts';
import { MediaError } from './media/image.ts';
import { type FetchContext, type Fetched, MetadataError, type Payload } from './provider.ts';
import type { Candidate } from './select.ts';
import { SERIALS_FILE } from './serials.ts';
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
  /** The first 12 hex digits of the SHA-256 of its bytes as they came. */
  sha256?: string;
  files: IngestedFile[];
  problems: IngestProblem[];
  /** Of signed objects in the files. */
  serials: ReadonlyMap<string, number>;
  wishes: Wishes;
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
  /** What serials were taken before: see serials.ts. It is only read. */
  serialsFile?: string;
  env: Env;
  signal: AbortSignal;
}

/** Includes of includes, signatures beside each, what is encrypted in them. */
const MAX_ROUNDS = 10;
/** All that is fetched for one payload. */
const MAX_FETCHES = 100;

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
    if (error instanceof MediaError) throw new MetadataError(error.message, { cause: error, kind: 'medium' });
    throw error;
  });
  const { instanceId } = fetched;
  // Another id is another machine: text that is no id must not be one.
  if (provider.bases && instanceId !== undefined && /\s/.test(instanceId))
    throw new MetadataError(
      `the instance id that came is ${JSON.stringify(instanceId.slice(0, 40))}: a proxy or a firewall answers instead of the service`,
      { kind: 'identity' },
    );
  fetched.attributes = await withAddress(fetched.attributes, options.machine);
  const { attributes } = fetched;
  const base: Obtained = {
    provider: provider.name,
    ...(instanceId !== undefined && { instanceId }),
    attributes,
    outcome: 'absent',
    files: [],
    problems: [],
    serials: new Map(),
    wishes: {},
  };
  const { trust, problems: untrusted } = await trustOf({
    mode: options.trust ?? 'off',
    machine: options.machine,
    serialsFile: options.serialsFile ?? SERIALS_FILE,
    nowMs: options.env.nowMs(),
  });
  base.problems.push(...untrusted.map((message) => ({ severity: 'warning' as const, place: 'trust', message })));
  for (const payload of fetched.payloads) {
    const { outcome, files, problems, serials, wishes } = await read(payload, fetched, options, context, trust);
    base.problems.push(...problems);
    if (outcome === 'files' || outcome === 'refused')
      return { ...base, outcome, files, serials, wishes, payload: payload.name, sha256: shortHash(payload.bytes) };
    base.sha256 ??= shortHash(payload.bytes);
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
): Promise<IngestResult & { outcome: Exclude<IngestResult['outcome'], 'incomplete'> }> {
  const { machine } = options;
  const included = new Map<string, Uint8Array | undefined>();
  const decrypted = new Map<string, Uint8Array | string>();
  const given: IngestOptions = {
    provider: options.candidate.provider.name,
    nodeName: options.nodeName,
    manifestDirectory: options.manifestDirectory,
    base64: payload.base64 ?? false,
    writeFilesDone: payload.cloudInitToo ?? fetched.writeFilesDone ?? false,
    launchIndex: fetched.launchIndex ?? 0,
    variables: new Map(Object.entries(fetched.attributes)),
    included,
    decrypted,
    appliances: await readAppliances(machine),
    ...(fetched.instanceId !== undefined && { instanceId: fetched.instanceId }),
    ...(payload.location !== undefined && { location: payload.location }),
    ...(trust && { trust }),
  };
  for (let round = 0; round < MAX_ROUNDS && included.size <= MAX_FETCHES; round += 1) {
    const result = ingest(payload.bytes, given);
    const { outcome } = result;
    if (outcome !== 'incomplete') return { ...result, outcome };
    for (const { url, optional } of result.wanted) {
      const bytes = await fetchUrl(context, url, optional);
      if (!bytes && !optional)
        throw new MetadataError(`${new URL(url).host}, which the user-data names: there is no such file`);
      included.set(url, bytes);
    }
    for (const bytes of result.encrypted) decrypted.set(cipherId(bytes), await decryptAge(bytes, machine));
  }
  throw new MetadataError(`${payload.name}: too many files are included in one another`, { final: true });
}

/** Enough to compare with `sha256sum`. */
function shortHash(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 12);
}

const PRIVATE = /^(?:10|192\.168|172\.(?:1[6-9]|2\d|3[01]))\./;

/** Where nobody says which the private address is, it is the machine's own if that is one. */
async function withAddress(attributes: Record<string, string>, machine: Machine): Promise<Record<string, string>> {
  if (attributes.private_ipv4 !== undefined) return attributes;
  const own = (await machine.addresses()).find((address) => PRIVATE.test(address));
  return own === undefined ? attributes : { ...attributes, private_ipv4: own };
}
