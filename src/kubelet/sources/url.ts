/** Manifests from a URL, polled (pkg/kubelet/config/http.go). */
import { type Env, sleep } from '../env.ts';
import { contentHash } from '../identity.ts';
import { type ParseContext, parseManifest } from '../manifest/parse.ts';
import { MAX_MANIFEST_BYTES } from '../manifest/text.ts';
import type { PodOrigin } from '../types.ts';
import { type GetResponse, get, publicUrl } from './http-get.ts';
import { logProblems } from './log-problems.ts';
import { messageOf } from './regular-file.ts';
import type { FileResult, Snapshot, Source } from './source.ts';

export interface UrlOptions {
  /** http or https. */
  url: string;
  /** Sent with every request to the URL's own host. */
  headers: Readonly<Record<string, readonly string[]>>;
  pollMs: number;
  nodeName: string;
  /** See `ParseContext`. */
  runtimeClasses?: ParseContext['runtimeClasses'];
  env: Env;
}

const TIMEOUT_MS = 10_000;
/** Failures in a row that are warned of; later ones are only for debugging. */
const LOUD_FAILURES = 3;

/** Throws a TypeError when `url` is no http or https URL. */
export function urlSource(options: UrlOptions): Source {
  const url = new URL(options.url);
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw new TypeError(`the scheme ${url.protocol} is not http or https`);
  return new UrlSource(url, options);
}

class UrlSource implements Source {
  readonly kind = 'http';
  readonly #url: URL;
  readonly #origin: PodOrigin;
  readonly #options: UrlOptions;
  #snapshot: Snapshot;
  #failures = 0;
  /** Of the answer that the snapshot was made from. */
  #seen: { hash: string; etag?: string; lastModified?: string } | undefined;

  constructor(url: URL, options: UrlOptions) {
    this.#url = url;
    this.#options = options;
    this.#origin = { kind: 'http', location: publicUrl(url) };
    this.#snapshot = { state: 'unknown', why: `${this.#origin.location} was not read yet` };
  }

  current(): Snapshot {
    return this.#snapshot;
  }

  async run(poke: () => void, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const before = this.#snapshot;
      await this.#poll(signal);
      if (signal.aborted) break;
      if (this.#snapshot !== before) poke();
      await sleep(this.#options.env, this.#options.pollMs, signal);
    }
  }

  async #poll(signal: AbortSignal): Promise<void> {
    const { env, headers } = this.#options;
    try {
      const conditions = this.#conditions();
      const request = { url: this.#url, headers: { ...headers, ...conditions }, env, signal };
      const answer = await get({ ...request, timeoutMs: TIMEOUT_MS, limitBytes: MAX_MANIFEST_BYTES });
      if (answer.status === 304 && this.#seen) return this.#succeed();
      if (answer.status !== 200) throw new Error(`the answer has status ${answer.status}`);
      this.#take(answer);
      this.#succeed();
    } catch (error) {
      if (!signal.aborted) this.#fail(messageOf(error));
    }
  }

  #conditions(): Record<string, string[]> {
    const { etag, lastModified } = this.#seen ?? {};
    if (etag !== undefined) return { 'if-none-match': [etag] };
    return lastModified === undefined ? {} : { 'if-modified-since': [lastModified] };
  }

  /** Equal bytes leave the snapshot as it is. An answer without content wants nothing, which is worth a warning. */
  #take({ body, etag, lastModified }: GetResponse): void {
    const hash = contentHash(body);
    const same = this.#seen?.hash === hash;
    this.#seen = { hash, ...(etag !== undefined && { etag }), ...(lastModified !== undefined && { lastModified }) };
    if (same) return;
    const result: FileResult =
      body.length > 0
        ? parseManifest(body, this.#origin, this.#options)
        : {
            origin: this.#origin,
            revisions: [],
            problems: [{ severity: 'warning', field: '', message: 'zero-length data received: no Pods are wanted' }],
          };
    this.#snapshot = { state: 'known', files: [result] };
    logProblems(this.#options.env.log, result);
  }

  #succeed(): void {
    if (this.#failures > 0)
      this.#options.env.log.info({ url: this.#origin.location }, 'the manifest URL answers again');
    this.#failures = 0;
  }

  /** What was read before stays. */
  #fail(message: string): void {
    const { log } = this.#options.env;
    this.#failures += 1;
    const fields = { url: this.#origin.location, failures: this.#failures, error: message };
    const text = 'the manifest URL cannot be read, its Pods stay as they are';
    if (this.#failures <= LOUD_FAILURES) log.warn(fields, text);
    else log.debug(fields, text);
    const why = `cannot read ${this.#origin.location}: ${message}`;
    if (this.#snapshot.state === 'unknown' && this.#snapshot.why !== why) this.#snapshot = { state: 'unknown', why };
  }
}
