/** Web servers for one test file, and probes of them. */
import { once } from 'node:events';
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { after } from 'node:test';
import type { Probe } from '../../src/kubelet/types.ts';
import { httpProbe } from '../../src/probes/http.ts';
import { probeLookup } from '../../src/probes/lookup.ts';
import type { Answer } from '../../src/probes/types.ts';
import { type AttemptOptions, attempt, env } from './attempt.ts';

export type Action = NonNullable<Probe['httpGet']>;

export const handler = httpProbe({ env, lookup: probeLookup() });
const servers: Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** On a port of loopback, until the tests of the file are over. */
export async function listen(server: Server): Promise<number> {
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
}

export function get(port: number, action: Partial<Action> = {}, options: AttemptOptions = {}): Promise<Answer> {
  return attempt(handler, { httpGet: { path: '/', port, scheme: 'HTTP', ...action } }, options);
}

/** What is made of a server that answers like this. Its port is `PORT`. */
export async function answered(answer: RequestListener, action: Partial<Action> = {}, options: AttemptOptions = {}) {
  const port = await listen(http.createServer(answer));
  const result = await get(port, action, options);
  return JSON.parse(JSON.stringify(result).replaceAll(String(port), 'PORT')) as Answer;
}

export function status(code: number, headers: http.OutgoingHttpHeaders = {}, body = 'body'): RequestListener {
  return (_: IncomingMessage, response: ServerResponse) => void response.writeHead(code, headers).end(body);
}
