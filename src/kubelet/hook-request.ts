import http from 'node:http';
import https from 'node:https';
import { probePort } from '../probes/address.ts';
import { requestHeaders } from '../probes/http-headers.ts';
import { type Address, addressOf, urlText } from '../probes/url.ts';
import { KUBERNETES_MINOR } from '../version.ts';
import type { Container, LifecycleHandler } from './types.ts';

/** Bytes read of an answer; what comes after them is not waited for (pkg/kubelet/lifecycle/handlers.go). */
const MAX_BODY_BYTES = 10 * 1024;
const MAX_REDIRECTS = 10;
const USER_AGENT = `kube-lifecycle/1.${KUBERNETES_MINOR}`;

export interface HookRequest {
  readonly action: NonNullable<LifecycleHandler['httpGet']>;
  readonly container: Container;
  /** Where to go when the action names no host. */
  readonly podHost: string;
  readonly signal: AbortSignal;
  /** HTTPS was asked for, and plain HTTP answered: called with the place. */
  readonly onFallback: (place: string) => void;
}

/**
 * One GET as the kubelet's hooks make it: whatever the status is, an answer is a success. Redirects are followed within
 * the host; a server that speaks plain HTTP where HTTPS is asked for is asked again in plain HTTP.
 */
export async function hookRequest({ action, container, podHost, signal, onFallback }: HookRequest): Promise<void> {
  const start = addressOf(action, action.host || podHost, probePort(container, action.port));
  const headers = [...(action.httpHeaders ?? []), { name: 'User-Agent', value: USER_AGENT }];
  let address = start;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects += 1) {
    let location: string | undefined;
    try {
      location = await get(address, requestHeaders(address, headers, { keepHost: true, referer: undefined }), signal);
    } catch (error) {
      if (address.scheme !== 'https' || !isPlainHttp(error)) throw error;
      address = { ...address, scheme: 'http' };
      const plain = headers.filter(({ name }) => name.toLowerCase() !== 'authorization');
      location = await get(address, requestHeaders(address, plain, { keepHost: true, referer: undefined }), signal);
      onFallback(`${address.host}:${address.port}`);
    }
    const next = location === undefined ? undefined : redirected(address, location);
    if (!next || next.host !== start.host) return;
    address = next;
  }
  throw new Error(`stopped after ${MAX_REDIRECTS} redirects`);
}

/** Resolves to where the answer redirects, if it does. */
function get(
  { scheme, host, port, target }: Address,
  headers: string[],
  signal: AbortSignal,
): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const options = { host, port, path: target, headers, setHost: false, agent: false, signal };
    const onAnswer = (answer: http.IncomingMessage) => {
      let bytes = 0;
      const redirects = answer.statusCode !== undefined && answer.statusCode >= 300 && answer.statusCode < 400;
      const finish = () => {
        resolve(redirects ? answer.headers.location : undefined);
        answer.destroy();
      };
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes >= MAX_BODY_BYTES) finish();
      });
      answer.on('end', finish).on('error', reject);
    };
    const request =
      scheme === 'https'
        ? https.request({ ...options, rejectUnauthorized: false }, onAnswer)
        : http.request(options, onAnswer);
    request.on('error', reject);
    request.end();
  });
}

function isPlainHttp(error: unknown): boolean {
  return /wrong version number|packet length too long|http request/i.test(String((error as Error).message));
}

function redirected(from: Address, location: string): Address | undefined {
  const url = URL.parse(location, urlText(from));
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const port = url.port ? Number(url.port) : scheme === 'https' ? 443 : 80;
  return { scheme, host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, target: `${url.pathname}${url.search}` };
}
