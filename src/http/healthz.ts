/** The kubelet's third port: `/healthz` and nothing else, for whoever restarts the agent (node-problem-detector, systemd). */
import type { Env } from '../kubelet/env.ts';
import { closeServer, limitedServer, listen } from './listen.ts';
import type { HttpEndpoint } from './server.ts';

export interface HealthzOptions {
  readonly address: string;
  /** 0: any free port. */
  readonly port: number;
  readonly healthz: () => string[];
  readonly env: Env;
}

/** Rejects with ListenError. It tells no secrets, so it may be on any address. */
export async function startHealthz({
  address,
  port,
  healthz,
  env,
}: HealthzOptions): Promise<Pick<HttpEndpoint, 'address' | 'port' | 'close'>> {
  const server = limitedServer((request, response) => {
    request.resume();
    response.on('error', () => response.destroy());
    const known = request.url?.split('?')[0] === '/healthz';
    const sick = known && healthz().length > 0;
    response.writeHead(known ? (sick ? 500 : 200) : 404, {
      'Content-Type': 'text/plain; charset=utf-8',
      'X-Content-Type-Options': 'nosniff',
    });
    response.end(known ? (sick ? 'healthz check failed\n' : 'ok') : '404 page not found\n');
  });
  const flags = { port: '--healthz-port', address: '--healthz-bind-address' };
  const bound = await listen(server, address, port, flags);
  server.on('error', (error) => env.log.error({ error: error.message }, 'the health port failed'));
  return { address: bound.address, port: bound.port, close: () => closeServer(server, env) };
}
