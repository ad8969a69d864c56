/** One bounded HTTP request to a metadata service: no proxy, no redirects, link-local addresses with their interface. */
import http from 'node:http';
import https from 'node:https';
import type { Env } from '../kubelet/env.ts';
import { MAX_RAW_BYTES } from './ingest/types.ts';

export interface MetadataRequest {
  method?: 'GET' | 'PUT';
  /** `http://169.254.169.254`, `http://[fe80::a9fe:a9fe%eth0]`, `unix:/dev/lxd/sock`. */
  base: string;
  path: string;
  headers?: Readonly<Record<string, string>>;
  /** Sent with PUT. */
  content?: string;
  /** The source port; absent: any. */
  localPort?: number;
  connectTimeoutMs?: number;
  /** For everything. */
  timeoutMs?: number;
  /** The answer goes on without end: its first piece is what is waited for. */
  firstPiece?: boolean;
  env: Env;
  signal: AbortSignal;
}

export interface MetadataResponse {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Uint8Array;
}

const CONNECT_TIMEOUT_MS = 2000;
const TIMEOUT_MS = 10_000;

/** There was no whole answer. */
export class NoAnswer extends Error {
  override name = 'NoAnswer';
  readonly code: string | undefined;
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.code = (cause as NodeJS.ErrnoException | undefined)?.code;
  }
}

/** Rejects with NoAnswer; any status is an answer. */
export function request(options: MetadataRequest): Promise<MetadataResponse> {
  const { base, env, signal, connectTimeoutMs = CONNECT_TIMEOUT_MS, timeoutMs = TIMEOUT_MS } = options;
  const { secure, target, host } = targetOf(base);
  return new Promise((resolve, reject) => {
    const headers: http.OutgoingHttpHeaders = { host, 'user-agent': 'rower', accept: '*/*', ...options.headers };
    if (options.content !== undefined) headers['content-length'] = Buffer.byteLength(options.content);
    const sent = (secure ? https : http).request({
      ...target,
      method: options.method ?? 'GET',
      path: options.path,
      headers,
      // An agent of its own never asks the environment for a proxy.
      agent: false,
      // Such an answer of LXD and Incus has no carriage returns in its head.
      insecureHTTPParser: options.firstPiece ?? false,
      ...(options.localPort !== undefined && { localPort: options.localPort }),
    });
    const stop = () => sent.destroy(new NoAnswer('stopped'));
    const cancels = [
      env.after(timeoutMs, () => sent.destroy(new NoAnswer(`no answer within ${timeoutMs} ms`))),
      env.after(connectTimeoutMs, () => {
        if (sent.socket?.connecting !== false)
          sent.destroy(new NoAnswer(`no connection within ${connectTimeoutMs} ms`));
      }),
    ];
    const finish = () => {
      for (const cancel of cancels) cancel();
      signal.removeEventListener('abort', stop);
    };
    const fail = (error: unknown) => {
      finish();
      reject(
        error instanceof NoAnswer ? error : new NoAnswer(error instanceof Error ? error.message : String(error), error),
      );
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    sent.on('error', fail);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('error', fail);
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        chunks.push(chunk);
        if (options.firstPiece) {
          finish();
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: chunk });
          sent.destroy();
        }
        if (length > MAX_RAW_BYTES)
          sent.destroy(
            new NoAnswer(`the answer is larger than ${MAX_RAW_BYTES} bytes: give less, in gzip, or with #include`),
          );
      });
      response.on('end', () => {
        if (!response.complete) return;
        finish();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
      response.on('close', () => {
        if (!response.complete) fail(new NoAnswer('the answer ended early'));
      });
    });
    sent.end(options.content);
  });
}

/** `URL` refuses addresses with an interface: taken apart by hand. */
function targetOf(base: string): { secure: boolean; target: http.RequestOptions; host: string } {
  if (base.startsWith('unix:'))
    return { secure: false, target: { socketPath: base.slice('unix:'.length) }, host: 'localhost' };
  const match = /^(https?):\/\/(\[[^\]]+\]|[^:/[\]]+)(?::(\d+))?\/?$/.exec(base);
  const [, scheme, name = '', port] = match ?? [];
  if (!match) throw new NoAnswer(`${base} is no base URL`);
  const address = name.replace(/^\[|\]$/g, '');
  const shown = name.startsWith('[') ? `[${address.replace(/%.*$/, '')}]` : name;
  return {
    secure: scheme === 'https',
    target: { host: address, ...(port !== undefined && { port: Number(port) }) },
    host: port === undefined ? shown : `${shown}:${port}`,
  };
}
