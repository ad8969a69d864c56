import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { type Answer, AS_TABLE, type Call, call, serve, type TestEndpoint } from './endpoint.ts';

let endpoint: TestEndpoint;
before(async () => {
  endpoint = await serve();
});
after(() => endpoint.close());

const get = (path: string, options?: Call) => call(endpoint, path, options);
const status = (answer: Answer) => {
  const { kind, code, reason, message } = JSON.parse(answer.text);
  assert.equal(kind, 'Status');
  assert.equal(code, answer.status);
  return { code, reason, message };
};

test('headers, URLs and bodies have limits', async () => {
  assert.equal((await get('/pods', { headers: { X: 'x'.repeat(17 * 1024) } })).status, 431);
  assert.equal(status(await get(`/pods?${'x'.repeat(9 * 1024)}`)).code, 414);
  assert.equal(status(await get('/pods', { method: 'POST', body: Buffer.alloc(1024 * 1024) })).code, 405);
});

test('a body that does not end is cut off', async () => {
  const socket = net.connect(endpoint.port, '127.0.0.1');
  socket.on('error', () => undefined);
  // Not events.once: that rejects on the reset which is to be expected here.
  const closed = new Promise((resolve) => socket.resume().on('close', resolve));
  socket.write('POST /pods HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n');
  const chunk = Buffer.alloc(1024 * 1024);
  const feed = () => {
    while (!socket.destroyed && socket.write(chunk));
  };
  socket.on('drain', feed);
  feed();
  await closed;
  assert.ok(socket.bytesWritten < 100_000_000);
});

test('more connections than allowed are closed, and the rest goes on', async () => {
  const crowded = await serve();
  const sockets: net.Socket[] = [];
  const connect = async () => {
    const socket = net.connect(crowded.port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  try {
    for (let count = 0; count < 256; count += 1) await connect();
    const late = await connect();
    late.on('error', () => undefined);
    await new Promise((resolve) => late.resume().on('close', resolve));
    const [first] = sockets;
    assert.ok(first);
    first.write('GET /healthz/ping HTTP/1.1\r\nHost: localhost\r\n\r\n');
    const [chunk] = await once(first, 'data');
    assert.match(String(chunk), /^HTTP\/1\.1 200 OK/);
  } finally {
    for (const socket of sockets) socket.destroy();
    await crowded.close();
  }
});

async function raw(bytes: Buffer): Promise<string> {
  const socket = net.connect(endpoint.port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.end(bytes);
  await new Promise((resolve) => socket.on('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

test('garbage gets an error or nothing, and the endpoint lives on', async () => {
  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    fc
      .string({ unit: 'binary', maxLength: 80 })
      .map((text) => Buffer.from(`GET /${text} HTTP/1.1\r\nHost: localhost\r\n\r\n`)),
    fc.string({ maxLength: 80 }).map((text) => Buffer.from(`GET / HTTP/1.1\r\n${text}\r\n\r\n`)),
    fc
      .constantFrom(
        '\r\n\r\n',
        'GET\r\n',
        'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'GET http://x/pods HTTP/1.1\r\nHost: localhost\r\n\r\n',
        'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
        'CONNECT x:1 HTTP/1.1\r\nHost: localhost\r\n\r\n',
      )
      .map((text) => Buffer.from(text)),
  );
  await fc.assert(
    fc.asyncProperty(garbage, async (bytes) => {
      const answer = await raw(bytes);
      assert.match(answer, /^(?:$|HTTP\/1\.1 (?:200|4\d\d) )/);
    }),
    { numRuns: 150 },
  );
  assert.equal((await get('/healthz')).text, 'ok');
  assert.deepEqual(
    endpoint.env.lines.filter(({ level }) => level === 'error'),
    [],
  );
});

test('any path and query is answered without a fault of ours', async () => {
  const part = fc.oneof(
    fc.constantFrom(
      'api',
      'v1',
      'pods',
      'namespaces',
      'default',
      'web-node-1',
      'status',
      'log',
      '..',
      '',
      '%00',
      '%',
      'healthz',
      'constructor',
    ),
    fc.string({ maxLength: 8 }).map(encodeURIComponent),
  );
  const name = fc.constantFrom(
    'labelSelector',
    'fieldSelector',
    'limit',
    'continue',
    'includeObject',
    'resourceVersion',
    'exclude',
  );
  const request = fc.record({
    path: fc.array(part, { maxLength: 8 }),
    query: fc.array(fc.tuple(name, fc.string({ maxLength: 12 })), { maxLength: 3 }),
    accept: fc.constantFrom('*/*', AS_TABLE.Accept, 'application/json', 'text/html', ';=,'),
  });
  await fc.assert(
    fc.asyncProperty(request, async ({ path, query, accept }) => {
      const answer = await get(`/${path.join('/')}?${new URLSearchParams(query)}`, { headers: { Accept: accept } });
      assert.ok(answer.status < 500, answer.text);
    }),
    { numRuns: 200 },
  );
});
