/**
 * Servers for probes to look at, as a program that runs in a container: well-behaved ones and others.
 *
 *     node test/e2e/probe-servers.ts FILE     `/file` is found as long as FILE exists
 */
import { existsSync } from 'node:fs';
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import { createServer } from 'node:net';
import { Server, ServerCredentials, type ServerUnaryCall, type sendUnaryData } from '@grpc/grpc-js';
import { loadServices } from '../../src/cri/services.ts';
import { selfSigned } from '../probes/certificate.ts';

export const PORTS = { http: 8080, https: 8443, tcp: 9000, grpc: 9001 };

/** By path. */
function pages(file: string): Record<string, RequestListener> {
  return {
    '/ok': (_, response) => response.end('fine'),
    '/broken': (_, response) => response.writeHead(500).end('broken'),
    '/file': (_, response) => response.writeHead(existsSync(file) ? 200 : 404).end(),
    '/hang': () => {},
    '/big': (_, response) => response.end(Buffer.alloc(10_000_000, 'x')),
    '/stream': (_, response) => {
      const beat = setInterval(() => response.write('x'.repeat(1000)), 10);
      response.on('close', () => clearInterval(beat));
    },
    '/away': (_, response) => response.writeHead(302, { Location: 'http://elsewhere.invalid/' }).end(),
  };
}

export function serve(file: string): void {
  const routes = pages(file);
  const listener: RequestListener = (request, response) => {
    const page = routes[request.url ?? ''];
    if (page) page(request, response);
    else response.writeHead(404).end();
  };
  http.createServer(listener).listen(PORTS.http);
  https.createServer(selfSigned('nobody', { expired: true }), listener).listen(PORTS.https);
  createServer((socket) => socket.on('error', () => {}).end()).listen(PORTS.tcp);
  const grpc = new Server();
  grpc.addService(loadServices().health, {
    Check: ({ request }: ServerUnaryCall<{ service: string }, unknown>, reply: sendUnaryData<unknown>) => {
      if (request.service !== 'hang') reply(null, { status: request.service === 'bad' ? 'NOT_SERVING' : 'SERVING' });
    },
  });
  grpc.bindAsync(`0.0.0.0:${PORTS.grpc}`, ServerCredentials.createInsecure(), (error) => {
    if (error) throw error;
  });
}

if (import.meta.main) {
  process.on('SIGTERM', () => process.exit(0));
  serve(process.argv[2] ?? '');
}
