import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import { connectBus, type Method, systemBusSocket } from '../../../src/kubelet/dbus/bus.ts';
import type { Env } from '../../../src/kubelet/env.ts';
import { type BusServer, startBus } from './bus-server.ts';

const METHOD: Method = { destination: 'org.example', path: '/o', interface: 'org.example.I', member: 'M' };

async function connected(...options: Parameters<typeof startBus>) {
  const server: BusServer = await startBus(...options);
  const bus = await connectBus(realEnv(), server.socketPath);
  after(async () => {
    bus.close();
    await server.stop();
  });
  return { server, bus };
}

describe('the system bus', () => {
  const usual = '/run/dbus/system_bus_socket';
  for (const [address, socket] of [
    [undefined, usual],
    ['', usual],
    ['unix:path=/run/x/bus', '/run/x/bus'],
    ['tcp:host=h;unix:path=/a,guid=1', '/a'],
    ['unix:abstract=/a', usual],
  ] as const)
    it(`is at ${socket} for ${address}`, () => assert.equal(systemBusSocket(address), socket));
});

describe('a connection to the message bus', () => {
  it('calls methods, several at a time, and gets each its own answer', async () => {
    const { bus } = await connected((call) => ({ signature: 's', body: [`${call.member}:${call.body?.[0]}`] }));
    const answers = await Promise.all(['a', 'b', 'c'].map((text) => bus.call(METHOD, 's', text)));
    assert.deepEqual(answers, [['M:a'], ['M:b'], ['M:c']]);
  });

  it('tells the error of a method', async () => {
    const { bus } = await connected();
    await assert.rejects(bus.call(METHOD), { message: 'org.example.None: no' });
  });

  it('hears the signals that it asked for', async () => {
    const { server, bus } = await connected();
    const heard = new Promise(
      (resolve) =>
        void bus
          .subscribe("type='signal'", (signal) => resolve(signal.member))
          .then(() => server.signal({ member: 'Ping' })),
    );
    assert.equal(await heard, 'Ping');
    assert.deepEqual(server.rules, ["type='signal'"]);
  });

  it('ends with its calls when the bus does', async () => {
    const { server, bus } = await connected(() => 'none');
    const call = bus.call(METHOD);
    server.disconnect();
    await assert.rejects(call);
    await bus.ended;
    await assert.rejects(bus.call(METHOD), /the connection to the D-Bus ended/);
  });

  it('does not wait for ever', async () => {
    const server = await startBus(() => 'none');
    const timers: (() => void)[] = [];
    const after: Env['after'] = (_, fn) => {
      timers.push(fn);
      return () => {};
    };
    const env: Env = { ...realEnv(), after };
    const bus = await connectBus(env, server.socketPath);
    const call = bus.call(METHOD);
    timers.at(-1)?.();
    await assert.rejects(call, /no answer from the D-Bus within 25 s/);
    bus.close();
    await server.stop();
  });

  it('is not made when nobody is there, or when the bus refuses', async () => {
    await assert.rejects(connectBus(realEnv(), '/no/such/socket'), /ENOENT/);
    const server = await startBus(undefined, 'REJECTED EXTERNAL');
    await assert.rejects(connectBus(realEnv(), server.socketPath), /refuses this user: REJECTED/);
    await server.stop();
  });
});
