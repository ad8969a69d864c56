import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServiceDefinition,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { loadServices } from '../../src/cri/services.ts';
import { grpcProbe } from '../../src/probes/grpc.ts';
import { type AttemptOptions, attempt, env } from './attempt.ts';

type Call = ServerUnaryCall<{ service: string }, { status: string }>;
type Reply = sendUnaryData<{ status: string }>;

const handler = grpcProbe({ env });
const { health } = loadServices();

async function serve(
  service: ServiceDefinition | undefined,
  handlers: Record<string, (call: Call, reply: Reply) => void>,
) {
  const server = new Server();
  if (service) server.addService(service, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    ),
  );
  return { server, port };
}

const ask = (port: number, service?: string, options?: AttemptOptions) =>
  attempt(handler, { grpc: { port, ...(service !== undefined && { service }) } }, options);

describe('a grpc probe', () => {
  let real: Awaited<ReturnType<typeof serve>>;
  const agents: unknown[] = [];
  before(async () => {
    real = await serve(health, {
      Check: (call, reply) => {
        const { service } = call.request;
        agents.push(call.metadata.get('user-agent')[0]);
        if (service === 'slow') return;
        if (service === 'unknown') reply({ code: status.NOT_FOUND, details: 'unknown service' });
        else reply(null, { status: service === 'bad' ? 'NOT_SERVING' : 'SERVING' });
      },
    });
  });
  after(() => real.server.forceShutdown());

  for (const [service, expected] of [
    [undefined, { result: 'success', output: 'service healthy' }],
    ['', { result: 'success', output: 'service healthy' }],
    ['good', { result: 'success', output: 'service healthy' }],
    ['bad', { result: 'failure', output: 'service unhealthy (responded with "NOT_SERVING")' }],
    [
      'unknown',
      {
        result: 'failure',
        output: 'error: health rpc probe failed: rpc error: code = NotFound desc = unknown service',
      },
    ],
  ] as const) {
    it(`of service ${JSON.stringify(service)} is a ${expected.result}`, async () =>
      assert.deepEqual(await ask(real.port, service), expected));
  }

  it('says who asks', () => assert.match(String(agents[0]), /^kube-probe\/1\.32$/));

  it('fails when there is no answer in time', async () => {
    const answer = await ask(real.port, 'slow', { timeoutMs: 1000 });
    assert.deepEqual(answer, { result: 'failure', output: 'timeout: health rpc did not complete within 1s' });
  });

  it('fails when the server knows no health checks', async () => {
    const { server, port } = await serve(undefined, {});
    const { result, output } = await ask(port);
    server.forceShutdown();
    assert.equal(result, 'failure');
    assert.match(
      output,
      /^error: this server does not implement the grpc health protocol \(grpc\.health\.v1\.Health\): /,
    );
  });

  it('waits for a server that comes up in time', async () => {
    const { server, port } = await serve(health, {});
    server.forceShutdown();
    const answer = ask(port);
    const late = new Server();
    late.addService(health, { Check: (_: Call, reply: Reply) => reply(null, { status: 'SERVING' }) });
    setTimeout(() => late.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), () => {}), 200);
    assert.deepEqual(await answer, { result: 'success', output: 'service healthy' });
    late.forceShutdown();
  });

  for (const [what, greet] of [
    ['says nothing', () => {}],
    ['speaks something else', (socket: net.Socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['hangs up', (socket: net.Socket) => socket.destroy()],
  ] as const) {
    it(`fails when the server ${what}, and leaves no connection`, async () => {
      const sockets = new Set<net.Socket>();
      const server = net.createServer((socket) => {
        sockets.add(socket);
        socket
          .on('error', () => {})
          .on('close', () => sockets.delete(socket))
          .resume();
        greet(socket);
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const { port } = server.address() as AddressInfo;
      const output = `timeout: failed to connect service "127.0.0.1:${port}" within 1s: context deadline exceeded`;
      assert.deepEqual(await ask(port, '', { timeoutMs: 1000 }), { result: 'failure', output });
      await Promise.all([...sockets].map((socket) => once(socket, 'close')));
      await once(server.close(), 'close');
    });
  }

  it('fails when nobody listens', async () => {
    const { server, port } = await serve(health, {});
    server.forceShutdown();
    const output = `timeout: failed to connect service "127.0.0.1:${port}" within 1s: context deadline exceeded`;
    assert.deepEqual(await ask(port, '', { timeoutMs: 1000 }), { result: 'failure', output });
  });

  it('says nothing of the container without an address, or when it is stopped', async () => {
    const nothing = { result: 'error', as: 'unknown', away: true };
    assert.deepEqual(await ask(real.port, '', { podIp: null }), { ...nothing, output: 'the Pod has no address yet' });
    const stop = new AbortController();
    const answer = ask(real.port, 'slow', { signal: stop.signal });
    stop.abort();
    assert.deepEqual(await answer, { ...nothing, output: 'the probe was stopped' });
  });

  it('leaves no connection after an answer', async () => {
    const connections = new Set<net.Socket>();
    const proxy = net.createServer((socket) => {
      connections.add(socket);
      const upstream = net.connect(real.port, '127.0.0.1');
      socket
        .pipe(upstream)
        .on('error', () => {})
        .pipe(socket);
      socket.on('error', () => {}).on('close', () => connections.delete(socket));
    });
    await once(proxy.listen(0, '127.0.0.1'), 'listening');
    const { port } = proxy.address() as AddressInfo;
    await Promise.all(Array.from({ length: 10 }, () => ask(port)));
    await Promise.all([...connections].map((socket) => once(socket, 'close')));
    await once(proxy.close(), 'close');
  });
});
