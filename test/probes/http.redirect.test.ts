import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { describe, it } from 'node:test';
import type { TLSSocket } from 'node:tls';
import { selfSigned } from './certificate.ts';
import { answered, get, listen, status } from './web-servers.ts';

describe('a redirected httpGet probe', () => {
  it('follows on the same host, over ports and schemes, and keeps its headers', async () => {
    const certificate = selfSigned('any');
    const seen: string[] = [];
    const note = (request: IncomingMessage) =>
      seen.push(`${request.url} ${request.headers.host} ${request.headers['x-key']} ${request.headers.referer ?? '-'}`);
    const secure = await listen(
      https.createServer(certificate, (request, response) => {
        note(request);
        if (request.url === '/first') response.writeHead(302, { Location: '/second?x=1' }).end();
        else response.end('there');
      }),
    );
    const port = await listen(
      http.createServer((request, response) => {
        note(request);
        response.writeHead(301, { Location: `https://127.0.0.1:${secure}/first` }).end();
      }),
    );
    const httpHeaders = [
      { name: 'Host', value: 'shop.example' },
      { name: 'X-Key', value: 'k' },
    ];
    assert.deepEqual(await get(port, { httpHeaders }), { result: 'success', output: 'there' });
    assert.deepEqual(seen, [
      '/ shop.example k -',
      `/first 127.0.0.1:${secure} k http://127.0.0.1:${port}/`,
      `/second?x=1 shop.example k https://127.0.0.1:${secure}/first`,
    ]);
  });

  it('stops before another host, which is a warning', async () => {
    const answer = await answered(status(302, { Location: 'http://elsewhere.example/' }, 'over there'));
    assert.deepEqual(answer, { result: 'warning', output: 'Probe terminated redirects, Response body: over there' });
  });

  for (const location of ['ftp://127.0.0.1/', 'http://[', '']) {
    it(`stops at the location ${JSON.stringify(location)}`, async () => {
      const answer = await answered(status(302, { Location: location }, 'odd'));
      assert.deepEqual(answer, { result: 'warning', output: 'Probe terminated redirects, Response body: odd' });
    });
  }

  it('gives up after ten', async () => {
    let requests = 0;
    const answer = await answered((_, response) => {
      requests += 1;
      response.writeHead(307, { Location: `/${requests}` }).end();
    });
    assert.deepEqual(answer, {
      result: 'failure',
      output: 'Get "http://127.0.0.1:PORT/10": stopped after 10 redirects',
    });
    assert.equal(requests, 10);
  });

  it('has one timeout for the whole way', async () => {
    const answer = await answered(
      (_, response) => void setTimeout(() => response.writeHead(302, { Location: '/' }).end(), 60),
      {},
      { timeoutMs: 300 },
    );
    assert.equal(answer.result, 'failure');
    assert.match(answer.output, /Client\.Timeout exceeded while awaiting headers/);
  });
});

describe('an httpGet probe over TLS', () => {
  it('takes any certificate, and names no server but the one it goes to', async () => {
    const names: unknown[] = [];
    const server = https.createServer(selfSigned('someone else', { expired: true }), (request, response) => {
      names.push((request.socket as TLSSocket).servername, request.headers.host);
      response.end('secret');
    });
    const port = await listen(server);
    const httpHeaders = [{ name: 'Host', value: 'shop.example' }];
    assert.deepEqual(await get(port, { scheme: 'HTTPS', httpHeaders }), { result: 'success', output: 'secret' });
    assert.deepEqual(await get(port, { scheme: 'HTTPS', host: 'localhost' }), { result: 'success', output: 'secret' });
    assert.deepEqual(names, [false, 'shop.example', 'localhost', `localhost:${port}`]);
  });

  it('says so when the server speaks no TLS', async () => {
    const answer = await answered(status(200), { scheme: 'HTTPS' });
    const output = 'Get "https://127.0.0.1:PORT/": http: server gave HTTP response to HTTPS client';
    assert.deepEqual(answer, { result: 'failure', output });
  });

  it('fails in time when the handshake hangs', async () => {
    const port = await listen(net.createServer((socket) => void socket.on('error', () => {}).resume()));
    const { result, output } = await get(port, { scheme: 'HTTPS' }, { timeoutMs: 100 });
    assert.equal(result, 'failure');
    assert.match(output, /Client\.Timeout exceeded while awaiting headers/);
  });
});

describe('the connections of httpGet probes', () => {
  it('are all gone afterwards', async () => {
    const sockets = new Set<net.Socket>();
    const server = http.createServer((request, response) =>
      request.url === '/hang' ? undefined : response.end('x'.repeat(50_000)),
    );
    server.on('connection', (socket) => {
      sockets.add(socket);
      socket.on('close', () => sockets.delete(socket));
    });
    const port = await listen(server);
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => get(port, { path: index % 2 ? '/hang' : '/' }, { timeoutMs: 300 })),
    );
    const [open] = sockets;
    if (open) await Promise.all([...sockets].map((socket) => once(socket, 'close')));
    assert.equal(sockets.size, 0);
  });
});
