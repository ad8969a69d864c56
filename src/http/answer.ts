/**
 * One request and its answer. Sockets and errors are dealt with here, so that handlers are functions of a request and a
 * view. Nothing that a client does, and no handler, can throw into the process.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Env } from '../kubelet/env.ts';
import type { Authenticate } from './access.ts';
import { hostAllowed, originAllowed } from './hosts.ts';
import {
  ANONYMOUS,
  type Answered,
  type Asked,
  json,
  type Reply,
  type Sink,
  type StreamReply,
  type User,
} from './message.ts';
import { refuse } from './refuse.ts';
import { matchRoute, pageNotFound, resolveProxy } from './routes.ts';
import { ApiError, badRequest, bodyTooLarge, forbidden, internalError, unauthorized, unknownPath } from './status.ts';
import type { View } from './view.ts';

const MAX_URL_CHARS = 8 * 1024;
/** A body that is not used; up to this much is read so that the client sees the answer. */
const MAX_DRAINED_BYTES = 4 * 1024 * 1024;
/** A body that is used. */
const MAX_BODY_BYTES = 16 * 1024;
/** Nothing read or written for so long: the connection is cut, unless it is a stream with nothing to say. */
export const STALL_LIMIT_MS = 60_000;
/** As the API server does. On loopback compressing costs more than it saves, so only what is large. */
const GZIP_FROM_BYTES = 128 * 1024;
const GZIP_LEVEL = 1;

const compress = promisify(gzip);

export interface AnswerOptions {
  /** Where the endpoint listens. */
  readonly address: string;
  readonly env: Env;
  /** Told of a request when its route is known, and that it is a stream when that is. Returns how to tell of its end. */
  began?: (asked: Asked) => () => void;
  observe?: (answered: Answered) => void;
  /** Present where one has to say who one is. */
  full?: { readonly authenticate: Authenticate };
}

/** What load balancers and supervisors ask without a login. */
const OPEN_PATHS: ReadonlySet<string> = new Set(['healthz', 'livez']);

/** Answers one request. Never rejects. `look` gives the state as of now. */
export async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: AnswerOptions,
  look: () => View,
): Promise<void> {
  const { env, observe, full } = options;
  const beganMs = env.monotonicMs();
  const method = request.method ?? '';
  let pattern = 'other';
  let user = '';
  let isStream = false;
  let isClosed = false;
  let ended: (() => void) | undefined;
  const serverType = full ? 'readwrite' : 'readonly';
  const count = () => {
    if (isClosed) return;
    ended?.();
    ended = options.began?.({ pattern, method, isStream, serverType });
  };
  response.on('error', () => response.destroy());
  response.on('close', () => {
    const answered = {
      pattern,
      method,
      status: response.statusCode,
      durationMs: env.monotonicMs() - beganMs,
      isStream,
      serverType,
    } as const;
    env.log.debug({ ...answered, user }, 'http request');
    isClosed = true;
    ended?.();
    observe?.(answered);
  });
  const body = readBody(request);
  const resolved = await resolve(request, options, look, body, (found) => {
    pattern = found;
    count();
  });
  const { reply } = resolved;
  ({ pattern, user } = resolved);
  isStream = 'start' in reply;
  if (isStream) count();
  try {
    await send(reply, request, response, env);
  } catch (error) {
    env.log.error({ path: pattern, error: String(error) }, 'an http answer could not be sent');
    response.destroy();
  }
}

export interface Resolved {
  /** Of the route; `other` where there is none. */
  readonly pattern: string;
  readonly reply: Reply | StreamReply;
  /** Who asked; empty: nobody who is known. */
  readonly user: string;
}

/** Checks who asks for what and asks the route's handler. Never rejects: errors are replies. `matched`: told of the route. */
export async function resolve(
  request: IncomingMessage,
  options: AnswerOptions,
  look: () => View,
  body: () => Promise<Buffer>,
  matched: (pattern: string) => void = () => {},
): Promise<Resolved> {
  const method = request.method ?? '';
  let pattern = 'other';
  let name = '';
  try {
    const view = look();
    const { segments, query } = readTarget(request, options, view);
    const user = await identify(request, segments, options.full?.authenticate);
    name = user.name;
    const isRead = method === 'GET' || method === 'HEAD';
    const match = matchRoute(isRead ? resolveProxy(segments, view) : segments, method);
    if (!match) {
      if (!isRead) throw refuse(segments, view);
      if (segments[0] === 'api' || segments[0] === 'apis') throw unknownPath();
      return { pattern, reply: pageNotFound(), user: name };
    }
    pattern = match.route.pattern;
    matched(pattern);
    const { accept = '', 'content-type': type = '' } = request.headers;
    const asked = { params: match.params, query, accept, user };
    const posted = method === 'POST' ? { body: { type, bytes: await body() } } : {};
    return { pattern, reply: await match.route.handle({ ...asked, ...posted }, view), user: name };
  } catch (error) {
    return { pattern, reply: errorReply(error, options.env), user: name };
  }
}

/** Throws 401 for somebody unknown where that matters. */
async function identify(
  request: IncomingMessage,
  [first = '']: readonly string[],
  authenticate: Authenticate | undefined,
): Promise<User> {
  if (!authenticate) return ANONYMOUS;
  const user = await authenticate(request);
  if (!user && !OPEN_PATHS.has(first)) throw unauthorized();
  return user ?? ANONYMOUS;
}

/** Path and query, after the checks that come before any route. Throws ApiError. */
function readTarget(
  request: IncomingMessage,
  { address, full }: AnswerOptions,
  view: View,
): { segments: string[]; query: URLSearchParams } {
  const { host, origin } = request.headers;
  const target = request.url ?? '';
  const { name: nodeName, ips } = view.published.node;
  // A page that rebinds a name has no token and does not get past the certificate.
  if (!full && !hostAllowed(host, { address, nodeName, ips })) {
    throw forbidden(
      `this endpoint does not answer to the host ${JSON.stringify(host)}: use localhost or an address of the machine`,
    );
  }
  if (!originAllowed(origin, host, full ? 'https' : 'http'))
    throw forbidden('this endpoint does not answer to pages of other origins');
  if (target.length > MAX_URL_CHARS)
    throw new ApiError(414, 'RequestURITooLong', `the URL is longer than ${MAX_URL_CHARS} characters`);
  if (!target.startsWith('/')) throw badRequest('the request target must be a path');
  const [path = '', ...rest] = target.split('?');
  return { segments: splitPath(path), query: new URLSearchParams(rest.join('?')) };
}

/** Decodes each segment once. One trailing slash is taken as none; an empty segment elsewhere means nothing here. */
function splitPath(path: string): string[] {
  const raw = path.split('/').slice(1);
  if (raw.at(-1) === '') raw.pop();
  return raw.map((part) => {
    let segment: string;
    try {
      segment = decodeURIComponent(part);
    } catch {
      throw badRequest('the path is not valid percent-encoding');
    }
    if (segment === '' || segment === '.' || segment === '..' || /[/\0]/.test(segment)) throw unknownPath();
    return segment;
  });
}

function errorReply(error: unknown, env: Env): Reply {
  if (!(error instanceof ApiError))
    env.log.error({ error: error instanceof Error ? error.stack : String(error) }, 'an http handler failed');
  const known = error instanceof ApiError ? error : internalError('the agent failed to answer: its log tells why');
  return json(known.body(), known.code, known.headers);
}

async function send(
  reply: Reply | StreamReply,
  request: IncomingMessage,
  response: ServerResponse,
  env: Env,
): Promise<void> {
  const headers: Record<string, string | number> = {
    ...reply.headers,
    'Cache-Control': 'no-cache, private',
    'X-Content-Type-Options': 'nosniff',
    Vary: 'Accept, Accept-Encoding',
  };
  const isHead = request.method === 'HEAD';
  if ('start' in reply) {
    response.writeHead(reply.status, headers);
    if (isHead) return void response.end();
    response.flushHeaders();
    response.socket?.setTimeout(0);
    reply.start(sinkOf(response, env));
    return;
  }
  let body = reply.bytes ?? Buffer.from(reply.body);
  if (body.length >= GZIP_FROM_BYTES && takesGzip(request.headers['accept-encoding'])) {
    body = Buffer.from(await compress(body, { level: GZIP_LEVEL }));
    headers['Content-Encoding'] = 'gzip';
  }
  response.writeHead(reply.status, { ...headers, 'Content-Length': body.length });
  response.end(isHead ? undefined : body);
}

function sinkOf(response: ServerResponse, env: Env): Sink {
  return {
    write: (chunk) => void (response.writableEnded || response.destroyed || response.write(chunk)),
    pendingBytes: () => response.writableLength,
    drained: () =>
      new Promise((resolve) => {
        if (!response.writableNeedDrain || response.destroyed) return resolve();
        const cancel = env.after(STALL_LIMIT_MS, () => response.destroy());
        const done = () => {
          cancel();
          response.off('drain', done).off('close', done);
          resolve();
        };
        response.on('drain', done).on('close', done);
      }),
    end: () => {
      if (!response.writableEnded) response.end();
      response.socket?.setTimeout(STALL_LIMIT_MS);
    },
    destroy: () => void response.destroy(),
    // Not the request's: that one closes as soon as its empty body is read.
    onClose: (listener) => void response.once('close', listener),
  };
}

function takesGzip(header: string | string[] | undefined): boolean {
  const clauses = String(header ?? '')
    .toLowerCase()
    .split(',');
  return clauses.some((clause) => /^\s*gzip\s*(;|$)/.test(clause) && !/;\s*q=0(\.0*)?\s*$/.test(clause));
}

/** Reads the body at once, whether it is used or not. What is returned gives it, or rejects with 413. */
function readBody(request: IncomingMessage): () => Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  const ended = new Promise<void>((resolve) => request.on('end', resolve).on('close', resolve));
  request.on('error', () => request.destroy());
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk);
    if (bytes > MAX_DRAINED_BYTES) request.destroy();
  });
  return async () => {
    await ended;
    if (bytes > MAX_BODY_BYTES) throw bodyTooLarge(MAX_BODY_BYTES);
    return Buffer.concat(chunks);
  };
}
