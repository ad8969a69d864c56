/**
 * One unary health call on one HTTP/2 connection. Not through a gRPC channel: those are made to last, cost milliseconds,
 * and leave the socket of a server open that accepts a connection and then says nothing.
 */
import { type ClientHttp2Stream, connect, constants, type IncomingHttpHeaders } from 'node:http2';
import { connect as connectSocket } from 'node:net';
import { type MethodDefinition, type ServiceDefinition, status } from '@grpc/grpc-js';
import { fromJSON } from '@grpc/proto-loader';
import descriptor from '../../protos/descriptor.json' with { type: 'json' };
import { hostPort } from './address.ts';
import { isOwnShortage, messageOf } from './failures.ts';
import { USER_AGENT } from './http-headers.ts';

const MAX_MESSAGE_BYTES = 10 * 1024;
/** A compression flag and a length come before each message (grpc/grpc doc/PROTOCOL-HTTP2.md). */
const PREFIX_BYTES = 5;
/** grpc/grpc doc/http-grpc-status-mapping.md. */
const HTTP_CODES: Readonly<Record<number, status>> = {
  400: status.INTERNAL,
  401: status.UNAUTHENTICATED,
  403: status.PERMISSION_DENIED,
  404: status.UNIMPLEMENTED,
  429: status.UNAVAILABLE,
  502: status.UNAVAILABLE,
  503: status.UNAVAILABLE,
  504: status.UNAVAILABLE,
};

/** The gRPC status; `text` is its message, or the serving status when it is OK. */
export interface HealthAnswer {
  readonly code: number;
  readonly text: string;
}

export interface HealthCall {
  /** The server has shown itself to speak HTTP/2. */
  connected(): boolean;
  /** Ends it and closes the connection; `done` is not called any more. */
  cancel(): void;
}

/** The method `Check` of grpc.health.v1.Health. */
export type HealthCheck = MethodDefinition<{ service: string }, { status: string }>;

export interface HealthRequest {
  readonly host: string;
  readonly port: number;
  readonly service: string;
  readonly check: HealthCheck;
}

/** Calls `done` once; with an error when this process has nothing left to make a connection with. */
export function healthCall(
  { host, port, service, check }: HealthRequest,
  done: (answer: HealthAnswer | 'no connection' | Error) => void,
): HealthCall {
  let connected = false;
  let ended = false;
  const socket = connectSocket({ host, port });
  const session = connect(`http://${hostPort(host, port)}`, {
    createConnection: () => socket,
    settings: { enablePush: false },
  });
  const cancel = () => {
    ended = true;
    session.destroy();
    socket.destroy();
  };
  const end = (answer: HealthAnswer | 'no connection' | Error) => {
    if (ended) return;
    cancel();
    done(answer);
  };
  const broke = (error: Error) => {
    if (connected) end({ code: status.UNAVAILABLE, text: messageOf(error) });
    else end(isOwnShortage(error) ? error : 'no connection');
  };
  session.on('error', broke);
  socket.on('error', broke);
  session.once('close', () => broke(new Error('the connection was closed')));
  session.once('remoteSettings', () => {
    if (ended) return;
    connected = true;
    const stream = session.request(requestHeaders(hostPort(host, port), check.path));
    ask(stream, frame(check.requestSerialize({ service })), check, end);
  });
  return { connected: () => connected, cancel };
}

function requestHeaders(authority: string, path: string) {
  return {
    [constants.HTTP2_HEADER_METHOD]: 'POST',
    [constants.HTTP2_HEADER_SCHEME]: 'http',
    [constants.HTTP2_HEADER_AUTHORITY]: authority,
    [constants.HTTP2_HEADER_PATH]: path,
    [constants.HTTP2_HEADER_CONTENT_TYPE]: 'application/grpc',
    [constants.HTTP2_HEADER_TE]: 'trailers',
    [constants.HTTP2_HEADER_USER_AGENT]: USER_AGENT,
  };
}

function frame(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function ask(
  stream: ClientHttp2Stream,
  request: Buffer,
  check: HealthCheck,
  end: (answer: HealthAnswer) => void,
): void {
  let headers: IncomingHttpHeaders = {};
  let trailers: IncomingHttpHeaders = {};
  let body = Buffer.alloc(0);
  stream.on('response', (received) => {
    headers = received;
    const httpStatus = received[':status'] ?? 0;
    if (httpStatus === 200) return;
    end({
      code: HTTP_CODES[httpStatus] ?? status.UNKNOWN,
      text: `unexpected HTTP status code received from server: ${httpStatus}`,
    });
  });
  stream.on('trailers', (received) => {
    trailers = received;
  });
  stream.on('data', (chunk: Buffer) => {
    body = Buffer.concat([body, chunk]);
    if (body.length > MAX_MESSAGE_BYTES)
      end({ code: status.RESOURCE_EXHAUSTED, text: `the answer has more than ${MAX_MESSAGE_BYTES} bytes` });
  });
  stream.on('error', (error) => end({ code: status.UNAVAILABLE, text: messageOf(error) }));
  stream.once('end', () => end(answerOf(check, body, { ...headers, ...trailers })));
  stream.end(request);
}

function answerOf(check: HealthCheck, body: Buffer, fields: IncomingHttpHeaders): HealthAnswer {
  const code = Number(fields['grpc-status'] ?? Number.NaN);
  if (fields[':status'] === undefined) return { code: status.UNAVAILABLE, text: 'the connection was closed' };
  if (Number.isNaN(code)) return { code: status.UNKNOWN, text: 'the answer has no gRPC status' };
  if (code !== status.OK) return { code, text: decodedMessage(String(fields['grpc-message'] ?? '')) };
  try {
    if (body[0] !== 0 || body.length !== PREFIX_BYTES + body.readUInt32BE(1)) throw new Error('not one plain message');
    return { code, text: check.responseDeserialize(body.subarray(PREFIX_BYTES)).status };
  } catch (error) {
    return { code: status.INTERNAL, text: `the answer cannot be read: ${messageOf(error)}` };
  }
}

/** Percent-encoded UTF-8. */
function decodedMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** From protos/. */
export function loadHealthCheck(): HealthCheck {
  const root = { nested: { grpc: descriptor.nested.grpc } } as Parameters<typeof fromJSON>[0];
  const definitions = fromJSON(root, { enums: String, defaults: true });
  return (definitions['grpc.health.v1.Health'] as ServiceDefinition).Check as HealthCheck;
}
