import assert from 'node:assert/strict';
import { once } from 'node:events';
import http, { type IncomingMessage } from 'node:http';
import net, { type AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { attempt } from './attempt.ts';
import { type Action, answered, get, handler, listen, status } from './web-servers.ts';

/** A port that nobody listens on. */
async function deadPort(): Promise<number> {
  const server = net.createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await once(server.close(), 'close');
  return port;
}

/** What a server is asked. */
async function asked(action: Partial<Action>): Promise<{ url: string | undefined; headers: string[] }> {
  let seen: IncomingMessage | undefined;
  const port = await listen(
    http.createServer((request, response) => {
      seen = request;
      response.end();
    }),
  );
  assert.equal((await get(port, action)).result, 'success');
  assert.equal(seen?.method, 'GET');
  const headers = (seen?.rawHeaders ?? []).map((text) => text.replace(String(port), 'PORT'));
  return {
    url: seen?.url,
    headers: headers.flatMap((text, index) => (index % 2 ? [] : `${text}: ${headers[index + 1]}`)),
  };
}

describe('the request of an httpGet probe', () => {
  const own = ['Host: 127.0.0.1:PORT', 'User-Agent: kube-probe/1.32'];

  it('is a plain GET on a connection of its own', async () => {
    assert.deepEqual(await asked({}), { url: '/', headers: [...own, 'Accept: */*', 'Connection: close'] });
  });

  it('has the headers of the manifest, repeated ones too, as their bytes are', async () => {
    const httpHeaders = [
      { name: 'x-two', value: 'b' },
      { name: 'X-Two', value: 'a' },
      { name: 'X-One', value: 'Grüße' },
    ];
    const { headers } = await asked({ httpHeaders });
    const bytes = Buffer.from('Grüße').toString('latin1');
    assert.deepEqual(headers, [...own, 'Accept: */*', `X-One: ${bytes}`, 'X-Two: b', 'X-Two: a', 'Connection: close']);
  });

  for (const [what, httpHeaders, expected] of [
    [
      'another Host',
      [{ name: 'host', value: 'shop.example' }],
      ['Host: shop.example', 'User-Agent: kube-probe/1.32', 'Accept: */*'],
    ],
    [
      'another User-Agent',
      [{ name: 'user-agent', value: 'me' }],
      ['Host: 127.0.0.1:PORT', 'User-Agent: me', 'Accept: */*'],
    ],
    ['no User-Agent', [{ name: 'User-Agent', value: '' }], ['Host: 127.0.0.1:PORT', 'Accept: */*']],
    ['another Accept', [{ name: 'accept', value: 'text/plain' }], [...own, 'Accept: text/plain']],
    ['no Accept', [{ name: 'Accept', value: '' }], own],
    ['a length of its own, which is not sent', [{ name: 'Content-Length', value: '7' }], [...own, 'Accept: */*']],
  ] as const) {
    it(`may have ${what}`, async () => {
      assert.deepEqual((await asked({ httpHeaders: [...httpHeaders] })).headers, [...expected, 'Connection: close']);
    });
  }

  for (const [path, expected] of [
    ['/healthz?full=1&x=%20', '/healthz?full=1&x=%20'],
    ['healthz', '/healthz'],
    ['', '/'],
    ['?x=1', '/?x=1'],
    ['/a b/ü#part', '/a%20b/%C3%BC'],
    ['/100%?x', '/100%25%3Fx'],
    ['http://elsewhere.example/x', '/x'],
    ['/a/../b', '/a/../b'],
  ] as const) {
    it(`asks for ${expected} when the path is ${JSON.stringify(path)}`, async () =>
      assert.equal((await asked({ path })).url, expected));
  }

  it('goes to a named port, to a number in quotes, and to no other', async () => {
    const port = await listen(http.createServer(status(200)));
    const ports = [{ name: 'web', containerPort: port, protocol: 'TCP' }];
    const to = (named: string | number) => attempt(handler, { httpGet: { port: named } }, { ports });
    assert.equal((await to('web')).result, 'success');
    assert.equal((await to(String(port))).result, 'success');
    assert.deepEqual(await to('wep'), {
      result: 'error',
      as: 'unknown',
      output: 'port "wep" is not among the ports of container "main"',
    });
    assert.deepEqual(await to(70_000), { result: 'error', as: 'unknown', output: 'invalid port number: 70000' });
  });

  it('goes to the Pod, to the host it is told, or to this machine for a Pod on its network', async () => {
    const port = await listen(http.createServer(status(200)));
    assert.equal((await get(port, { host: 'localhost' }, { podIp: '192.0.2.1' })).result, 'success');
    assert.equal((await get(port, {}, { podIp: null, hostNetwork: true })).result, 'success');
    assert.deepEqual(await get(port, {}, { podIp: null }), {
      result: 'error',
      as: 'unknown',
      output: 'the Pod has no address yet',
      away: true,
    });
  });
});

describe('the answer to an httpGet probe', () => {
  for (const [code, expected] of [
    [200, { result: 'success', output: 'body' }],
    [204, { result: 'success', output: '' }],
    [304, { result: 'warning', output: 'Probe terminated redirects, Response body: ' }],
    [399, { result: 'warning', output: 'Probe terminated redirects, Response body: body' }],
    [400, { result: 'failure', output: 'HTTP probe failed with statuscode: 400' }],
    [503, { result: 'failure', output: 'HTTP probe failed with statuscode: 503' }],
  ] as const) {
    it(`${code} is a ${expected.result}`, async () => assert.deepEqual(await answered(status(code)), expected));
  }

  it('is read up to 10 KiB, and the connection is closed', async () => {
    let sent = 0;
    let closed: Promise<unknown> | undefined;
    const answer = await answered((_, response) => {
      closed = once(response, 'close');
      response.on('error', () => {});
      const block = Buffer.alloc(64 * 1024, 'x');
      const more = () => {
        while (sent < 10_000_000 && !response.destroyed) {
          sent += block.length;
          if (!response.write(block)) return void response.once('drain', more);
        }
        response.end();
      };
      more();
    });
    assert.deepEqual(answer, { result: 'success', output: 'x'.repeat(10_240) });
    await closed;
    assert.ok(sent < 10_000_000, `${sent} bytes were sent`);
  });

  it('is a success when it streams for ever, once enough was read', async () => {
    const answer = await answered((_, response) => {
      const beat = setInterval(() => response.write('tick '.repeat(100)), 1);
      response.on('close', () => clearInterval(beat));
    });
    assert.deepEqual([answer.result, answer.output.length], ['success', 10_240]);
  });

  it('is an error, which counts for nothing, when the body drips on past the timeout', async () => {
    const answer = await answered((_, response) => response.write('x'), {}, { timeoutMs: 200 });
    const output = 'context deadline exceeded (Client.Timeout or context cancellation while reading body)';
    assert.deepEqual(answer, { result: 'error', as: 'failure', output });
  });

  it('is an error when the body breaks off', async () => {
    const answer = await answered((_, response) => {
      response.writeHead(200, { 'Content-Length': 100 }).write('x');
      setTimeout(() => response.destroy(), 20);
    });
    assert.deepEqual(answer, { result: 'error', as: 'failure', output: 'unexpected EOF' });
  });

  it('is a failure when none comes in time', async () => {
    const answer = await answered(() => {}, { path: '/slow' }, { timeoutMs: 100 });
    const output =
      'Get "http://127.0.0.1:PORT/slow": context deadline exceeded (Client.Timeout exceeded while awaiting headers)';
    assert.deepEqual(answer, { result: 'failure', output });
  });

  it('is a failure when the server hangs up', async () => {
    const answer = await answered((request) => void request.socket.end());
    assert.deepEqual(answer, { result: 'failure', output: 'Get "http://127.0.0.1:PORT/": EOF' });
  });

  it('is a failure when the connection is reset', async () => {
    const answer = await answered((request) => void request.socket.resetAndDestroy());
    assert.deepEqual(answer, {
      result: 'failure',
      output: 'Get "http://127.0.0.1:PORT/": read: connection reset by peer',
    });
  });

  it('is a failure when nobody listens', async () => {
    const port = await deadPort();
    const output = `Get "http://127.0.0.1:${port}/x?y=1": dial tcp 127.0.0.1:${port}: connect: connection refused`;
    assert.deepEqual(await get(port, { path: '/x?y=1' }), { result: 'failure', output });
  });

  it('is a failure when a name leads nowhere', async () => {
    const { result, output } = await get(80, { host: 'nowhere.invalid' });
    assert.equal(result, 'failure');
    assert.match(output, /^Get "http:\/\/nowhere\.invalid:80\/": dial tcp: lookup nowhere\.invalid: /);
  });

  it('is a failure when it is no HTTP', async () => {
    const port = await listen(net.createServer((socket) => socket.end('SSH-2.0-dropbear\r\n')));
    const { result, output } = await get(port);
    assert.equal(result, 'failure');
    assert.match(output, /: malformed HTTP response: /);
  });

  it('is none when the probe is stopped', async () => {
    const stop = new AbortController();
    const answer = answered(() => stop.abort(), {}, { signal: stop.signal });
    assert.deepEqual(await answer, { result: 'error', as: 'unknown', output: 'the probe was stopped', away: true });
  });
});
