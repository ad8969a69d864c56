/** Sockets of the listeners: limits on what a client can hold on to, and errors that name the flag. */

import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer, type Server, type ServerOptions, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { createSecureContext, type SecureContextOptions, Server as TlsServer } from 'node:tls';
import type { Env } from '../kubelet/env.ts';
import { STALL_LIMIT_MS } from './answer.ts';

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_CONNECTIONS = 256;
const HEADERS_LIMIT_MS = 10_000;
const HANDSHAKE_LIMIT_MS = 10_000;
const REQUEST_LIMIT_MS = 30_000;
/** Longer than kubectl and Prometheus keep an idle connection, so that it is they who close. */
const KEEP_ALIVE_MS = 100_000;
/** How long answers that are under way may still take when the agent stops. */
const CLOSE_LIMIT_MS = 1000;

/** The address cannot be had; the message names the flag to change. */
export class ListenError extends Error {
  override name = 'ListenError';
}

export interface Tls {
  /** PEM. */
  readonly key: string;
  /** PEM, the chain. */
  readonly cert: string;
  /** PEM; whoever shows a certificate signed by one of these is who it says. */
  readonly clientCa?: string;
}

export interface Upgrades {
  accepts(request: IncomingMessage): boolean;
  handle(request: IncomingMessage, socket: Socket): void;
}

/** Plain HTTP, or TLS 1.2 and later. */
export function limitedServer(handle: RequestListener, tls?: Tls, upgrades?: Upgrades): Server {
  const options: ServerOptions = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_LIMIT_MS,
    requestTimeout: REQUEST_LIMIT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: HEADERS_LIMIT_MS,
    // Whatever is not upgraded stays a request, and gets a proper answer.
    shouldUpgradeCallback: (request) => upgrades?.accepts(request) ?? false,
  };
  const server = tls
    ? createTlsServer(
        {
          ...options,
          ...contextOf(tls),
          handshakeTimeout: HANDSHAKE_LIMIT_MS,
          // Whoever has no certificate may still have the token.
          ...(tls.clientCa && { requestCert: true, rejectUnauthorized: false }),
        },
        handle,
      )
    : createServer(options, handle);
  server.maxConnections = MAX_CONNECTIONS;
  server.timeout = STALL_LIMIT_MS;
  if (upgrades)
    server.on('upgrade', (request, socket, head) => {
      // What came behind the request is read with the rest.
      if (head.length > 0) socket.unshift(head);
      upgrades.handle(request, socket as Socket);
    });
  server.on('clientError', refuseGarbage);
  return server as Server;
}

function contextOf({ key, cert, clientCa }: Tls): SecureContextOptions {
  return { key, cert, minVersion: 'TLSv1.2', ...(clientCa && { ca: clientCa }) };
}

/** For connections from now on. Throws for a key or certificate that cannot be used. */
export function replaceTls(servers: readonly Server[], tls: Tls): void {
  const context = contextOf(tls);
  createSecureContext(context);
  for (const server of servers) if (server instanceof TlsServer) server.setSecureContext(context);
}

/** The flags to name when the address cannot be had. */
export interface Flags {
  readonly port: string;
  readonly address: string;
}

/** Rejects with ListenError. */
export function listen(server: Server, address: string, port: number, flags: Flags): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const remedy =
        cause.code === 'EADDRINUSE'
          ? `the port is in use: choose another with ${flags.port}, or 0 for none`
          : `${cause.message}: check ${flags.address} and ${flags.port}`;
      reject(new ListenError(`cannot serve on ${address}:${port}: ${remedy}`, { cause }));
    });
    server.listen(port, address, () => {
      server.removeAllListeners('error');
      // A connection that could not be taken, for want of descriptors or memory, is its client's loss alone.
      server.on('error', () => {});
      resolve(server.address() as AddressInfo);
    });
  });
}

/** Answers that are under way get a moment. */
export function closeServer(server: Server, env: Env): Promise<void> {
  return new Promise((resolve) => {
    const cancel = env.after(CLOSE_LIMIT_MS, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
  });
}

const GARBAGE_CODES: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** What is not HTTP gets the shortest answer that is. */
function refuseGarbage(error: NodeJS.ErrnoException, socket: Socket): void {
  const code = GARBAGE_CODES[error.code ?? ''] ?? 400;
  if (socket.writable && error.code !== 'ECONNRESET') {
    socket.end(`HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  } else {
    socket.destroy();
  }
}
