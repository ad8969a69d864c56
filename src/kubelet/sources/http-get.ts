/** One bounded GET: deadline, size limit, few redirects. */
import http from 'node:http';
import https from 'node:https';
import type { Env } from '../env.ts';

export interface GetOptions {
  url: URL;
  headers: Readonly<Record<string, readonly string[]>>;
  /** For everything, redirects included. */
  timeoutMs: number;
  /** Certificates of authorities in PEM; absent: those that Node brings. */
  ca?: readonly string[];
  /** Who we are, in PEM: told to the host of `url` only. */
  client?: { readonly cert: string; readonly key: string };
  /** Any certificate of the host of `url` is good. */
  skipVerify?: boolean;
  /** A longer body ends in an error. */
  limitBytes: number;
  env: Env;
  signal: AbortSignal;
}

export interface GetResponse {
  status: number;
  etag?: string;
  lastModified?: string;
  /** The challenge of a 401. */
  authenticate?: string;
  body: Uint8Array;
}

const MAX_REDIRECTS = 5;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Follows redirects, but never from https to http, and never takes the caller's headers (which may hold a token) or the
 * URL's credentials to another host. Rejects with an Error whose message holds no credentials.
 */
export async function get(options: GetOptions): Promise<GetResponse> {
  const { env, timeoutMs, signal } = options;
  const abort = new AbortController();
  const stop = () => abort.abort(new Error('stopped'));
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop, { once: true });
  const cancel = env.after(timeoutMs, () => abort.abort(new Error(`no answer within ${timeoutMs} ms`)));
  try {
    let { url } = options;
    for (let redirects = 0; ; redirects += 1) {
      const headers = url.host === options.url.host ? options.headers : {};
      const answer = await once(url, headers, options, abort.signal);
      if (!REDIRECTS.has(answer.status) || answer.location === undefined) return answer;
      if (redirects >= MAX_REDIRECTS) throw new Error(`more than ${MAX_REDIRECTS} redirects`);
      url = redirected(url, answer.location);
    }
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    cancel();
    signal.removeEventListener('abort', stop);
  }
}

/** The URL without what may be secret, its user, password and query: for logs, and to name the source. */
export function publicUrl(url: URL): string {
  const shown = new URL(url.href);
  shown.username = '';
  shown.password = '';
  shown.hash = '';
  const query = shown.search === '' ? '' : '?…';
  shown.search = '';
  return shown.href + query;
}

function redirected(from: URL, location: string): URL {
  if (!URL.canParse(location, from.href)) throw new Error('redirected to what is no URL');
  const to = new URL(location, from.href);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') throw new Error(`redirected to the scheme ${to.protocol}`);
  if (from.protocol === 'https:' && to.protocol === 'http:') throw new Error('redirected from https to http');
  if (to.host === from.host) {
    to.username ||= from.username;
    to.password ||= from.password;
  }
  return to;
}

function once(
  url: URL,
  headers: GetOptions['headers'],
  {
    limitBytes,
    ca,
    client,
    skipVerify,
    url: first,
  }: Pick<GetOptions, 'limitBytes' | 'ca' | 'client' | 'skipVerify' | 'url'>,
  signal: AbortSignal,
): Promise<GetResponse & { location?: string }> {
  return new Promise((resolve, reject) => {
    const { request } = url.protocol === 'https:' ? https : http;
    const outgoing: http.OutgoingHttpHeaders = { 'user-agent': 'rower', accept: '*/*' };
    for (const [name, values] of Object.entries(headers)) outgoing[name] = [...values];
    const trusted = {
      ...(ca && { ca: [...ca] }),
      ...(url.host === first.host && { ...client, rejectUnauthorized: skipVerify !== true }),
    };
    const sent = request(url, { method: 'GET', headers: outgoing, signal, agent: false, ...trusted }, (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (length > limitBytes) sent.destroy(new Error(`the answer is larger than the limit of ${limitBytes} bytes`));
      });
      response.on('end', () => {
        if (!response.complete) return reject(new Error('the answer ended early'));
        const { etag, location, 'last-modified': lastModified, 'www-authenticate': authenticate } = response.headers;
        resolve({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks),
          ...(etag !== undefined && { etag }),
          ...(lastModified !== undefined && { lastModified }),
          ...(authenticate !== undefined && { authenticate }),
          ...(location !== undefined && { location }),
        });
      });
    });
    sent.on('error', reject);
    sent.end();
  });
}
