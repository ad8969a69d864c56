/** Requests to one metadata service: the base that answers, which statuses mean what, and the answers as people need them. */
import type { Env } from '../kubelet/env.ts';
import { readYaml } from '../kubelet/manifest/yaml.ts';
import { MetadataError } from './provider.ts';
import { type MetadataResponse, NoAnswer, request } from './request.ts';

export interface AskOptions {
  headers?: Readonly<Record<string, string>>;
  method?: 'GET' | 'PUT';
  content?: string;
  localPort?: number;
  timeoutMs?: number;
  /** As in MetadataRequest. */
  firstPiece?: boolean;
}

export interface ServiceAnswer extends MetadataResponse {
  /** Base and path that were asked. */
  place: string;
}

/** There is no such thing here, which is an answer. */
export const ABSENT: ReadonlySet<number> = new Set([404, 204, 410]);
const RETRY_STATUSES = new Set([408, 425, 429]);
const MAX_RETRY_AFTER_MS = 300_000;

export class Service {
  readonly #bases: readonly string[];
  readonly #env: Env;
  readonly #signal: AbortSignal;
  /** The first that answered. */
  #base: string | undefined;

  constructor(bases: readonly string[], env: Env, signal: AbortSignal) {
    this.#bases = bases;
    this.#env = env;
    this.#signal = signal;
  }

  /** Any answer, whatever its status. Rejects with MetadataError when none comes, or one that cannot be the service's. */
  async ask(path: string, options: AskOptions = {}): Promise<ServiceAnswer> {
    const bases = this.#base === undefined ? this.#bases : [this.#base];
    const failures: string[] = [];
    for (const base of bases) {
      try {
        const answer = await request({ base, path, env: this.#env, signal: this.#signal, ...options });
        const place = `${base}${path}`.replace(/\?.*/, '');
        // Its text would pass for an instance id, and so for another machine.
        if (answer.status === 200 && isPage(answer.body))
          throw new MetadataError(pageText(place), { kind: 'identity' });
        this.#base = base;
        return { ...answer, place };
      } catch (error) {
        if (!(error instanceof NoAnswer)) throw error;
        failures.push(`${base}${path}: ${error.message}`);
        // A port that is taken says nothing of the service: the caller takes another one.
        if (error.code === 'EADDRINUSE' || error.code === 'EADDRNOTAVAIL' || this.#signal.aborted)
          throw new MetadataError(failures.join('; '), { cause: error, kind: 'unreachable' });
      }
    }
    throw new MetadataError(failures.join('; ') || 'the provider has no address to ask', { kind: 'unreachable' });
  }

  /** The body of a 200; undefined for 404, 204 and 410. `later` are statuses that mean "not yet" here. Rejects with MetadataError. */
  async get(path: string, options: AskOptions & { later?: readonly number[] } = {}): Promise<Uint8Array | undefined> {
    const { later = [], ...asked } = options;
    const answer = await this.ask(path, asked);
    const { status, body } = answer;
    if (status === 200) return body;
    if (ABSENT.has(status) && !later.includes(status)) return undefined;
    throw statusError(answer, later);
  }

  async text(path: string, options: AskOptions = {}): Promise<string | undefined> {
    const body = await this.get(path, options);
    return body === undefined ? undefined : Buffer.from(body).toString('utf8').trim() || undefined;
  }

  /** JSON or YAML. Rejects with MetadataError when it is neither. */
  async document(path: string, options: AskOptions & { later?: readonly number[] } = {}): Promise<unknown> {
    const body = await this.get(path, options);
    const value = body === undefined ? undefined : parsedDocument(body, path);
    // A page of HTML is a text in YAML.
    if (value !== undefined && value !== null && typeof value !== 'object')
      throw new MetadataError(`${path}: the answer is no document: a proxy or a captive portal may have answered`);
    return value;
  }
}

/** JSON or YAML; undefined when empty. Throws MetadataError. */
export function parsedDocument(body: Uint8Array, place: string): unknown {
  const text = Buffer.from(body).toString('utf8');
  try {
    return JSON.parse(text);
  } catch {
    // Then it is to be YAML.
  }
  const { documents, problems } = readYaml(text);
  if (problems.length > 0) throw new MetadataError(`${place} is neither JSON nor YAML`);
  return documents[0]?.value;
}

export function statusError(answer: ServiceAnswer, later: readonly number[] = []): MetadataError {
  const { status, headers, place } = answer;
  const again = status >= 500 || RETRY_STATUSES.has(status) || later.includes(status);
  const seconds = Number(headers['retry-after']);
  const kind = status === 401 || status === 403 ? 'denied' : 'status';
  const retryAfterMs = seconds > 0 ? Math.min(seconds * 1000, MAX_RETRY_AFTER_MS) : undefined;
  const text = `${place}: the answer has status ${status}: ${again ? 'it is asked again' : remedyOf(status)}`;
  return new MetadataError(text, { retryAfterMs, final: !again, kind });
}

function remedyOf(status: number): string {
  if (status === 401)
    return "the service does not take this machine's token; a proxy or a firewall between them may change requests";
  if (status === 403) return 'the service refuses this machine; look whether it is switched on for this instance';
  if (status >= 300 && status < 400) return 'a proxy or a captive portal answers instead of the metadata service';
  return 'is this the cloud of this machine? Another one is named with --metadata NAME';
}

/** A page for people. */
export function isPage(body: Uint8Array): boolean {
  return /^\uFEFF?\s*<(?:!doctype\s+html|html)\b/i.test(Buffer.from(body.subarray(0, 1024)).toString('utf8'));
}

export function pageText(place: string): string {
  return `${place}: a page of HTML came instead: a captive portal, a proxy or an error page answers, not what was asked`;
}
