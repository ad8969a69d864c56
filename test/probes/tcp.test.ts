import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { probeLookup } from '../../src/probes/lookup.ts';
import { tcpProbe } from '../../src/probes/tcp.ts';
import { type AttemptOptions, attempt, env } from './attempt.ts';

const handler = tcpProbe({ env, lookup: probeLookup() });
const server = net.createServer();
const sockets = new Set<net.Socket>();
server.on('connection', (socket) => {
  sockets.add(socket);
  socket
    .on('error', () => {})
    .on('close', () => sockets.delete(socket))
    .resume();
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const { port } = server.address() as AddressInfo;
after(() => server.close());

const dial = (to: number | string, host?: string, options?: AttemptOptions) =>
  attempt(handler, { tcpSocket: { port: to, ...(host !== undefined && { host }) } }, options);

/** A clock on which any delay is over before a connection can stand. */
const hastily = (_delayMs: number, fn: () => void) => {
  queueMicrotask(fn);
  return () => {};
};

describe('a tcpSocket probe', () => {
  it('is a success when somebody listens, and leaves no connection', async () => {
    const connection = once(server, 'connection');
    assert.deepEqual(await dial(port), { result: 'success', output: '' });
    const [socket] = (await connection) as [net.Socket];
    if (!socket.destroyed) await once(socket, 'close');
    assert.equal(sockets.size, 0);
  });

  it('goes to a named port, to a host, and to this machine for a Pod on its network', async () => {
    const ports = [{ name: 'web', containerPort: port, protocol: 'TCP' }];
    assert.equal((await dial('web', undefined, { ports })).result, 'success');
    assert.equal((await dial(port, 'localhost', { podIp: '192.0.2.1' })).result, 'success');
    assert.equal((await dial(port, undefined, { podIp: null, hostNetwork: true })).result, 'success');
  });

  it('is a failure when nobody listens', async () => {
    const other = net.createServer();
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const dead = (other.address() as AddressInfo).port;
    await once(other.close(), 'close');
    assert.deepEqual(await dial(dead), {
      result: 'failure',
      output: `dial tcp 127.0.0.1:${dead}: connect: connection refused`,
    });
  });

  it('is a failure when the time is over', async () => {
    const hasty = { ...env, after: hastily };
    const answer = await attempt(tcpProbe({ env: hasty, lookup: probeLookup() }), { tcpSocket: { port } });
    assert.deepEqual(answer, { result: 'failure', output: `dial tcp 127.0.0.1:${port}: i/o timeout` });
  });

  it('says nothing of the container when it is stopped', async () => {
    const stop = new AbortController();
    const answer = dial(port, undefined, { signal: stop.signal });
    stop.abort();
    assert.deepEqual(await answer, { result: 'error', as: 'unknown', output: 'the probe was stopped', away: true });
  });

  for (const [what, to, options, expected] of [
    [
      'there is no such port',
      'nope',
      {},
      { result: 'error', as: 'unknown', output: 'port "nope" is not among the ports of container "main"' },
    ],
    [
      'the Pod has no address yet',
      80,
      { podIp: null },
      { result: 'error', as: 'unknown', output: 'the Pod has no address yet', away: true },
    ],
  ] as const) {
    it(`says nothing of the container when ${what}`, async () =>
      assert.deepEqual(await dial(to, undefined, options), expected));
  }
});
