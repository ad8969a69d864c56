/** A real gRPC server on a unix socket that answers as a test says, and remembers what it was asked. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  type ServiceError,
  type status,
} from '@grpc/grpc-js';
import { fromJSON, type MessageTypeDefinition } from '@grpc/proto-loader';
import descriptor from '../../protos/descriptor.json' with { type: 'json' };

/** Only what was sent is in a message: no defaults. */
const definitions = fromJSON(descriptor as Parameters<typeof fromJSON>[0], { longs: Number, enums: String });

export interface UnaryCall {
  method: string;
  request: unknown;
  /** Resolves when the client has given the call up. */
  cancelled: Promise<void>;
}

export type Stream = ServerWritableStream<unknown, unknown>;

export interface Script {
  /** Answers every unary call of every service. Default: an empty message. */
  unary?: (call: UnaryCall) => unknown;
  /** Takes every stream; absent: streams are UNIMPLEMENTED. */
  stream?: (method: string, stream: Stream) => void;
  /** Services that are not offered at all. */
  without?: readonly ('runtime' | 'image' | 'events')[];
}

export interface TestServer {
  endpoint: string;
  calls: UnaryCall[];
  /** Ends every connection at once, as a killed process does. The socket file stays. */
  kill(): void;
}

/** A failure with a gRPC status, to be thrown from a script. */
export function grpcError(code: status, details: string): Error {
  return Object.assign(new Error(details), { code, details });
}

/** Bytes of a declared message, e.g. `containerd.events.TaskExit`. */
export function encode(typeName: string, message: object): Buffer {
  return (definitions[typeName] as MessageTypeDefinition<object, object>).serialize(message);
}

/** A directory for sockets that goes when the test ends. */
export async function socketDir(t: TestContext): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'cri-'));
  t.after(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Listens on `socket`, replacing what a killed server left there, until the test ends. */
export async function serve(t: TestContext, socket: string, script: Script): Promise<TestServer> {
  const calls: UnaryCall[] = [];
  const server = new Server({ 'grpc.max_send_message_length': -1, 'grpc.max_receive_message_length': -1 });
  const services = {
    runtime: 'runtime.v1.RuntimeService',
    image: 'runtime.v1.ImageService',
    events: 'containerd.services.events.v1.Events',
  } as const;
  for (const [key, name] of Object.entries(services)) {
    if (script.without?.includes(key as keyof typeof services)) continue;
    const service = definitions[name] as ServiceDefinition;
    const handlers: Record<string, handleUnaryCall<unknown, unknown> | handleServerStreamingCall<unknown, unknown>> =
      {};
    for (const [method, { responseStream }] of Object.entries(service)) {
      if (!responseStream) handlers[method] = unaryHandler(method, calls, script.unary ?? (() => ({})));
      else if (script.stream) handlers[method] = (stream: Stream) => script.stream?.(method, stream);
    }
    server.addService(service, handlers);
  }
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.bindAsync(`unix://${socket}`, ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    );
  });
  t.after(() => server.forceShutdown());
  return { endpoint: `unix://${socket}`, calls, kill: () => server.forceShutdown() };
}

function unaryHandler(
  method: string,
  calls: UnaryCall[],
  answer: (call: UnaryCall) => unknown,
): handleUnaryCall<unknown, unknown> {
  return (grpcCall, callback) => {
    const call: UnaryCall = {
      method,
      request: grpcCall.request,
      cancelled: new Promise((resolve) => grpcCall.once('cancelled', () => resolve())),
    };
    calls.push(call);
    Promise.resolve()
      .then(() => answer(call))
      .then(
        (value) => callback(null, value as object),
        (error: ServiceError) => callback(error),
      );
  };
}

/** Resolves when `holds` does; `what` names it when the test's own time limit is reached. */
export async function until(what: string, holds: () => boolean): Promise<void> {
  const limitMs = 20_000;
  for (const start = Date.now(); !holds(); ) {
    if (Date.now() - start > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** What a promise rejects with. */
export function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => error,
  );
}

/** Never answers. */
export const silence = () => new Promise<never>(() => {});
