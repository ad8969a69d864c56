import http from 'node:http';
import * as net from 'node:net';
import * as tls from 'node:tls';
import { afterOwnTime, type Env } from '../kubelet/env.ts';
import { NO_ADDRESS, podHost, probePort, STOPPED } from './address.ts';
import { brokenText, dialText, dialTimeoutText, isOwnShortage, messageOf } from './failures.ts';
import { requestHeaders } from './http-headers.ts';
import type { Answer, ProbeHandler } from './types.ts';
import { type Address, addressOf, urlText } from './url.ts';

/** What is read of a body; what comes after it is not waited for (pkg/probe/http/http.go). */
const MAX_BODY_BYTES = 10 * 1024;
const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

interface Response {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** The request failed before there was an answer (`failure`); its body broke off, or it could not be made (`error`). */
class RequestError extends Error {
  readonly result: 'failure' | 'error';
  constructor(result: 'failure' | 'error', message: string) {
    super(message);
    this.result = result;
  }
}

/** The end of a probe before its time. Cheaper than an AbortSignal for each of its requests. */
class Stop {
  happened = false;
  /** What is under way. */
  running: http.ClientRequest | undefined;

  readonly now = () => {
    this.happened = true;
    this.running?.destroy(new Error('aborted'));
  };
}

/** One GET on a connection of its own; redirects are followed as long as they stay on the host. */
export function httpProbe({ env, lookup }: { env: Env; lookup: net.LookupFunction }): ProbeHandler {
  let secureContext: tls.SecureContext | undefined;

  return async ({ probe, target, timeoutMs, signal }) => {
    const action = probe.httpGet;
    const host = action?.host || podHost(target);
    if (!action || host === undefined) return NO_ADDRESS;
    const stop = new Stop();
    const cancel = afterOwnTime(env, timeoutMs, stop.now);
    signal.addEventListener('abort', stop.now);
    try {
      const address = addressOf(action, host, probePort(target.container, action.port));
      return await follow(address, action.httpHeaders ?? [], stop);
    } catch (error) {
      if (signal.aborted) return STOPPED;
      if (!(error instanceof RequestError)) return { result: 'error', as: 'unknown', output: messageOf(error) };
      const { result, message: output } = error;
      return result === 'failure' ? { result, output } : { result, as: 'failure', output };
    } finally {
      cancel();
      signal.removeEventListener('abort', stop.now);
    }
  };

  async function follow(
    start: Address,
    headers: readonly { name: string; value: string }[],
    stop: Stop,
  ): Promise<Answer> {
    let address = start;
    let referer: string | undefined;
    let keepHost = true;
    for (let redirects = 0; ; redirects += 1) {
      const response = await get(address, requestHeaders(address, headers, { keepHost, referer }), stop);
      const { status, location, body } = response;
      if (status < 200 || status >= 400) {
        return { result: 'failure', output: `HTTP probe failed with statuscode: ${status}` };
      }
      if (status < 300) return { result: 'success', output: body };
      const next = REDIRECTS.has(status) && location ? redirected(address, location) : undefined;
      if (!next || next.host !== start.host) {
        return { result: 'warning', output: `Probe terminated redirects, Response body: ${body}` };
      }
      if (redirects + 1 >= MAX_REDIRECTS) throw failure(next, `stopped after ${MAX_REDIRECTS} redirects`);
      referer = address.scheme === 'https' && next.scheme === 'http' ? undefined : urlText(address);
      keepHost = !/^[a-z][a-z0-9+.-]*:/i.test(location ?? '');
      address = next;
    }
  }

  function get(address: Address, headers: string[], stop: Stop): Promise<Response> {
    const { host, port, target: path } = address;
    return new Promise((resolve, reject) => {
      let connected = false;
      let answered = false;
      const fail = (error: unknown) => {
        // What breaks off from then on is the body, and told by its reader.
        if (answered) return;
        if (stop.happened) reject(failure(address, timeoutText(connected, host, port)));
        else if (isOwnShortage(error)) reject(new RequestError('error', dialText(error, host, port)));
        else reject(failure(address, connected ? brokenText(error) : dialText(error, host, port)));
      };
      let request: http.ClientRequest;
      try {
        // Without an agent: nothing is kept, neither connections nor TLS sessions.
        request = http.request({ path, headers, setHost: false, createConnection: () => connect(address) });
      } catch (error) {
        return fail(error);
      }
      stop.running = request;
      request.on('error', fail);
      request.once('socket', (socket) => socket.once('connect', () => (connected = true)));
      request.once('response', (response) => {
        answered = true;
        read(response, stop).then(resolve, reject);
      });
      request.end();
      if (stop.happened) stop.now();
    });
  }

  /** Any certificate will do, so no authorities are loaded. The Host header has no part in the name that is asked for. */
  function connect({ scheme, host, port }: Address): net.Socket {
    if (scheme === 'http') return net.connect({ host, port, lookup });
    secureContext ??= tls.createSecureContext({ ca: [] });
    const servername = net.isIP(host) ? '' : host;
    return tls.connect({ host, port, lookup, rejectUnauthorized: false, servername, secureContext });
  }
}

function read(response: http.IncomingMessage, stop: Stop): Promise<Response> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = () => {
      const body = Buffer.concat(chunks).subarray(0, MAX_BODY_BYTES).toString('utf8');
      resolve({ status: response.statusCode ?? 0, location: response.headers.location, body });
      response.destroy();
    };
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= MAX_BODY_BYTES) end();
    });
    response.once('end', end);
    const fail = (error: unknown) => {
      const late = 'context deadline exceeded (Client.Timeout or context cancellation while reading body)';
      reject(new RequestError('error', stop.happened ? late : brokenText(error)));
    };
    response.on('error', fail);
    response.once('close', () => fail(new Error('aborted')));
  });
}

function failure(address: Address, text: string): RequestError {
  return new RequestError('failure', `Get "${urlText(address)}": ${text}`);
}

function timeoutText(connected: boolean, host: string, port: number): string {
  const where = connected ? 'context deadline exceeded' : dialTimeoutText(host, port);
  return `${where} (Client.Timeout exceeded while awaiting headers)`;
}

/** Undefined: not a place that a probe goes to. */
function redirected(from: Address, location: string): Address | undefined {
  const url = URL.parse(location, urlText(from));
  const scheme = url?.protocol === 'https:' ? 'https' : url?.protocol === 'http:' ? 'http' : undefined;
  if (!url || !scheme) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const port = url.port ? Number(url.port) : scheme === 'https' ? 443 : 80;
  return { scheme, host, port, target: `${url.pathname}${url.search}` };
}
