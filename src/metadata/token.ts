/** Services that want a token first (EC2's IMDSv2 and its likes): got once, renewed when it is refused. */
import { MetadataError } from './provider.ts';
import { ABSENT, type Service, statusError } from './service.ts';

export interface TokenRules {
  path: string;
  /** With the lifetime asked for. */
  askHeaders: Readonly<Record<string, string>>;
  tokenHeader: string;
  /** The service may be an older one without tokens. */
  optional: boolean;
  headers?: Readonly<Record<string, string>>;
}

/** Statuses of a service that knows no tokens. */
const NO_TOKENS = new Set([404, 405, 501]);

export class TokenSession {
  readonly #service: Service;
  readonly #rules: TokenRules;
  #token: string | undefined;
  #without = false;

  constructor(service: Service, rules: TokenRules) {
    this.#service = service;
    this.#rules = rules;
  }

  /** As Service.get. */
  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Uint8Array | undefined> {
    for (let attempt = 0; ; attempt += 1) {
      if (this.#token === undefined && !this.#without) await this.#renew();
      const token = this.#token === undefined ? {} : { [this.#rules.tokenHeader]: this.#token };
      const answer = await this.#service.ask(path, { headers: { ...this.#rules.headers, ...headers, ...token } });
      if (answer.status === 401 && attempt === 0 && !this.#without) {
        this.#token = undefined;
        continue;
      }
      if (answer.status === 200) return answer.body;
      if (ABSENT.has(answer.status)) return undefined;
      throw statusError(answer);
    }
  }

  async text(path: string): Promise<string | undefined> {
    const body = await this.get(path);
    return body === undefined ? undefined : Buffer.from(body).toString('utf8').trim() || undefined;
  }

  async #renew(): Promise<void> {
    const { path, askHeaders, headers, optional } = this.#rules;
    let answer: Awaited<ReturnType<Service['ask']>>;
    try {
      answer = await this.#service.ask(path, { method: 'PUT', headers: { ...headers, ...askHeaders } });
    } catch (error) {
      // Its answer may not travel further than one hop, and a request without it is refused anyway.
      if (error instanceof MetadataError && /no (?:answer|connection) within/.test(error.message))
        throw new MetadataError(`${error.message}; from inside a container the hop limit of the service must be 2`, {
          cause: error.cause,
          kind: 'unreachable',
        });
      throw error;
    }
    if (answer.status === 200) {
      this.#token = Buffer.from(answer.body).toString('latin1').trim();
      if (/^[\x21-\x7e]+$/.test(this.#token)) return;
      this.#token = undefined;
      throw new MetadataError(`${answer.place}: what came is no token: something else answers instead of the service`, {
        kind: 'identity',
      });
    }
    if (answer.status === 403)
      throw new MetadataError(
        `${answer.place}: the metadata service is switched off for this instance (403 for a token): switch it on in the settings of the instance`,
        {
          final: true,
          kind: 'denied',
        },
      );
    if (!optional || !NO_TOKENS.has(answer.status)) throw statusError(answer);
    this.#without = true;
  }
}

/** Values of single paths; those that are absent are left out. */
export async function collect(
  get: (path: string) => Promise<string | undefined>,
  prefix: string,
  paths: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const [key, path] of Object.entries(paths)) {
    const value = await get(`${prefix}${path}`);
    if (value !== undefined) found[key] = value;
  }
  return found;
}
