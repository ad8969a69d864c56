/** Who signed an input, and whether what is signed is for this machine and for now. */
import { checkClaims } from './claims.ts';
import type { Directives } from './directives.ts';
import { SIGNATURE_SUFFIXES, verifyAny } from './signatures.ts';
import { type IncludeUrl, type IngestOptions, Refusal } from './types.ts';

export interface Signable {
  /** Given with it. */
  signature?: string;
  /** Beside which a signature may be. */
  location?: string;
  /** Who signed what it is a piece of. */
  signer?: string;
  /** It has a signature that is not good, and that was said. */
  doubted?: true;
}

/** A complaint refuses where signatures are required, and warns elsewhere. */
type Complain = (message: string) => void;

export class Proofs {
  /** Of signed objects. */
  readonly serials = new Map<string, number>();
  readonly #options: IngestOptions;
  readonly #wanted: IncludeUrl[];

  /** Files that may hold a signature are added to `wanted`. */
  constructor(options: IngestOptions, wanted: IncludeUrl[]) {
    this.#options = options;
    this.#wanted = wanted;
  }

  /** The signer, if there is one. Undefined: files beside it are asked for first. */
  signer(input: Signable, bytes: Uint8Array, complain: Complain): Pick<Signable, 'signer' | 'doubted'> | undefined {
    const { trust, included } = this.#options;
    if (!trust || input.signer !== undefined) return {};
    let { signature } = input;
    if (signature === undefined && input.location !== undefined) {
      const { location } = input;
      const urls = SIGNATURE_SUFFIXES.map((suffix) => besideUrl(location, suffix));
      const missing = urls.filter((url) => !included?.has(url));
      this.#wanted.push(...missing.map((url) => ({ url, optional: true }) as const));
      if (missing.length > 0) return undefined;
      const found = urls.map((url) => included?.get(url)).find((one) => one !== undefined);
      signature = found && Buffer.from(found).toString('latin1');
    }
    if (signature === undefined) return {};
    const given = signature;
    return (
      orComplain(() => ({ signer: verifyAny(bytes, given, trust.keys, trust.nowMs) }), complain) ?? { doubted: true }
    );
  }

  /** What a signed manifest says of where and when it is to be taken. */
  claim(signer: string | undefined, documents: readonly unknown[], directives: Directives, complain: Complain): void {
    const { trust, provider, instanceId, variables = new Map() } = this.#options;
    if (!trust || signer === undefined) return;
    const claimed = orComplain(() => {
      const { serials, serialsFile, nowMs } = trust;
      if (typeof serials === 'string') throw new Refusal(serials);
      const machine = { provider, variables, ...(instanceId !== undefined && { instanceId }) };
      return checkClaims(documents, directives, { serials, serialsFile, nowMs, ...machine });
    }, complain);
    for (const [key, serial] of claimed ?? []) this.serials.set(key, serial);
  }
}

function orComplain<T>(work: () => T, complain: Complain): T | undefined {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    complain(error.message);
    return undefined;
  }
}

/** `https://host/pod.yaml?x` → `https://host/pod.yaml.sig?x`; of a path the same. */
function besideUrl(location: string, suffix: string): string {
  if (!URL.canParse(location)) return `${location}${suffix}`;
  const url = new URL(location);
  url.pathname += suffix;
  return url.href;
}
