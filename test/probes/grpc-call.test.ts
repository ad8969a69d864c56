import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Http2Server, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { type HealthAnswer, healthCall, loadHealthCheck } from '../../src/probes/grpc-call.ts';

const check = loadHealthCheck();
const servers: Http2Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

/** What is made of a server that answers like this. */
async function answered(serve: (stream: ServerHttp2Stream) => void): Promise<HealthAnswer | 'no connection' | Error> {
  const server = createServer();
  server.on('stream', (stream) => {
    stream.on('error', () => {});
    serve(stream);
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  return new Promise((resolve) => healthCall({ host: '127.0.0.1', port, service: '', check }, resolve));
}

const GRPC = { ':status': 200, 'content-type': 'application/grpc' };
const SERVING = Buffer.from([0, 0, 0, 0, 2, 8, 1]);

/** Headers, a message and trailers, as a gRPC server sends them. */
function reply(body: Buffer, trailers: Record<string, string>) {
  return (stream: ServerHttp2Stream) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  };
}

describe('healthCall', () => {
  for (const [what, serve, expected] of [
    ['a whole answer', reply(SERVING, { 'grpc-status': '0' }), { code: 0, text: 'SERVING' }],
    [
      'an empty message, which is the default',
      reply(Buffer.alloc(5), { 'grpc-status': '0' }),
      { code: 0, text: 'UNKNOWN' },
    ],
    [
      'a status with a message in percent signs',
      reply(Buffer.alloc(0), { 'grpc-status': '5', 'grpc-message': 'no %E2%82%AC' }),
      { code: 5, text: 'no €' },
    ],
    [
      'a message that is spoilt',
      reply(Buffer.alloc(0), { 'grpc-status': '5', 'grpc-message': '100%' }),
      { code: 5, text: '100%' },
    ],
    [
      'a status without a body',
      (stream: ServerHttp2Stream) =>
        stream.respond({ ...GRPC, 'grpc-status': '12', 'grpc-message': 'what?' }, { endStream: true }),
      { code: 12, text: 'what?' },
    ],
    [
      'no status',
      (stream: ServerHttp2Stream) => stream.respond(GRPC, { endStream: true }),
      { code: 2, text: 'the answer has no gRPC status' },
    ],
    [
      'half a message',
      reply(SERVING.subarray(0, 6), { 'grpc-status': '0' }),
      { code: 13, text: 'the answer cannot be read: not one plain message' },
    ],
    [
      'a compressed message',
      reply(Buffer.from([1, 0, 0, 0, 0]), { 'grpc-status': '0' }),
      { code: 13, text: 'the answer cannot be read: not one plain message' },
    ],
    [
      'a page of a web server',
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 404 });
        stream.end('not here');
      },
      { code: 12, text: 'unexpected HTTP status code received from server: 404' },
    ],
    [
      '10 MB',
      (stream: ServerHttp2Stream) => {
        stream.respond(GRPC);
        stream.end(Buffer.alloc(10_000_000));
      },
      { code: 8, text: 'the answer has more than 10240 bytes' },
    ],
  ] as const) {
    it(`reads ${what}`, async () => assert.deepEqual(await answered(serve), expected));
  }

  it('says so when the server goes away under it', async () => {
    const { code } = (await answered((stream) => stream.session?.destroy())) as HealthAnswer;
    assert.equal(code, 14);
  });

  it('tells nothing after it was cancelled', async () => {
    let told = false;
    let seen: (stream: ServerHttp2Stream) => void = () => {};
    const stream = new Promise<ServerHttp2Stream>((resolve) => {
      seen = resolve;
    });
    const server = createServer().on('stream', (found) => seen(found.on('error', () => {})));
    servers.push(server);
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const call = healthCall({ host: '127.0.0.1', port, service: '', check }, () => {
      told = true;
    });
    const closed = once(await stream, 'close');
    assert.equal(call.connected(), true);
    call.cancel();
    await closed;
    assert.equal(told, false);
  });
});
