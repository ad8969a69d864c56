/**
 * Watches and logs over WebSockets, as browsers' dashboards ask for them (apiserver pkg/util/wsstream and
 * endpoints/handlers/watch.go): each event of a watch is a text message; a log comes in binary messages, or base64 under
 * the protocols that say so. Every other upgrade is answered as the plain request that it also is.
 */
import type { IncomingMessage } from 'node:http';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Env } from '../kubelet/env.ts';
import { BEARER_PROTOCOL } from './access.ts';
import { type AnswerOptions, resolve, STALL_LIMIT_MS } from './answer.ts';
import { isTrue, json, type Reply, type Sink, type StreamReply } from './message.ts';
import { badRequest } from './status.ts';
import type { View } from './view.ts';
import { acceptOf, CLOSE_NORMAL, CLOSE_PROTOCOL_ERROR, closeFrame, FrameReader, frame } from './websocket.ts';

const VERSION = '13';
/** A client that does not close its end after ours is cut off. */
const CLOSE_LIMIT_MS = 1000;
const KEEP_ALIVE_MS = 60_000;

/** Whether this request may become a WebSocket: the others have to stay requests, since their answers are errors. */
export function isStreamUpgrade({ method, url = '', headers }: IncomingMessage): boolean {
  if (method !== 'GET' || headers.upgrade?.toLowerCase() !== 'websocket' || !url.startsWith('/api/v1/')) return false;
  const [path = '', query] = url.split('?');
  return path.endsWith('/log') || isTrue(new URLSearchParams(query).get('watch'));
}

/** Never rejects. */
export async function answerUpgrade(
  request: IncomingMessage,
  socket: Socket,
  options: AnswerOptions,
  look: () => View,
): Promise<void> {
  const { env, observe, full } = options;
  const beganMs = env.monotonicMs();
  let [pattern, user, status] = ['other', '', 0];
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    const durationMs = env.monotonicMs() - beganMs;
    const serverType = full ? ('readwrite' as const) : ('readonly' as const);
    const answered = { pattern, method: 'GET', status, durationMs, isStream: status === 101, serverType };
    env.log.debug({ ...answered, user }, 'http request');
    observe?.(answered);
  });
  const resolved = await resolve(request, options, look, async () => Buffer.alloc(0));
  ({ pattern, user } = resolved);
  const key = request.headers['sec-websocket-key'] ?? '';
  const isHandshake = request.headers['sec-websocket-version'] === VERSION && /^[A-Za-z0-9+/]{22}==$/.test(key);
  const reply =
    'start' in resolved.reply && !isHandshake ? errorOf('this is no WebSocket handshake of RFC 6455') : resolved.reply;
  if (!('start' in reply)) {
    status = reply.status;
    return sendPlain(socket, reply);
  }
  status = 101;
  const protocol = protocolOf(request);
  socket.write(
    [
      'HTTP/1.1 101 Switching Protocols',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${acceptOf(key)}`,
      ...(protocol === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocol}`]),
      '\r\n',
    ].join('\r\n'),
  );
  socket.setTimeout(0);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  talk(socket, reply, protocol ?? '', env);
}

function errorOf(message: string): Reply {
  const error = badRequest(message);
  return json(error.body(), error.code);
}

/** The first that the client offers, but for the one that carries its token. */
function protocolOf({ headers }: IncomingMessage): string | undefined {
  const offered = String(headers['sec-websocket-protocol'] ?? '').split(',');
  return offered.map((one) => one.trim()).find((one) => /^[\w.-]{1,64}$/.test(one) && !one.startsWith(BEARER_PROTOCOL));
}

function sendPlain(socket: Socket, { status, headers, body: text, bytes }: Reply): void {
  const body = bytes ?? Buffer.from(text);
  const lines = Object.entries({
    ...headers,
    'Cache-Control': 'no-cache, private',
    'X-Content-Type-Options': 'nosniff',
    'Content-Length': String(body.length),
    Connection: 'close',
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n`);
  socket.end(body);
}

function talk(socket: Socket, reply: StreamReply, protocol: string, env: Env): void {
  const isText = (reply.headers['Content-Type'] ?? '').startsWith('application/json');
  const encode = (chunk: Buffer): Buffer => {
    if (isText) return frame('text', chunk);
    return protocol.startsWith('base64.')
      ? frame('text', Buffer.from(chunk.toString('base64')))
      : frame('binary', chunk);
  };
  const end = (code: number) => {
    if (socket.writableEnded || socket.destroyed) return;
    socket.end(closeFrame(code));
    const cancel = env.after(CLOSE_LIMIT_MS, () => socket.destroy());
    socket.once('close', cancel);
  };
  const sink: Sink = {
    write: (chunk) => void (socket.writableEnded || socket.destroyed || socket.write(encode(Buffer.from(chunk)))),
    pendingBytes: () => socket.writableLength,
    drained: () =>
      new Promise((done) => {
        if (!socket.writableNeedDrain || socket.destroyed) return done();
        const cancel = env.after(STALL_LIMIT_MS, () => socket.destroy());
        const go = () => {
          cancel();
          socket.off('drain', go).off('close', go);
          done();
        };
        socket.on('drain', go).on('close', go);
      }),
    end: () => end(CLOSE_NORMAL),
    destroy: () => void socket.destroy(),
    onClose: (listener) => void socket.once('close', listener),
  };
  const reader = new FrameReader();
  socket.on('data', (chunk: Buffer) => {
    if (socket.writableEnded) return;
    try {
      for (const { kind, payload } of reader.push(chunk)) {
        if (kind === 'ping') socket.write(frame('pong', payload));
        else if (kind === 'close') end(CLOSE_NORMAL);
      }
    } catch {
      end(CLOSE_PROTOCOL_ERROR);
    }
  });
  socket.on('end', () => socket.end());
  reply.start(sink);
}
