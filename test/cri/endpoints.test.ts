import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { realEnv } from '../../hack/env.ts';
import { createCriClient } from '../../src/cri/client.ts';
import { CriError } from '../../src/cri/port.ts';
import { createClock } from './clock.ts';
import { grpcError, serve, socketDir } from './server.ts';

/** A script whose Version tells which server answered. */
const named = (runtimeName: string) => ({
  unary: ({ method }: { method: string }) => (method === 'Version' ? { runtimeName } : {}),
});

/** Asks until an answer comes; the transport needs real time to connect anew. */
async function answered<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      assert.ok(error instanceof CriError && error.code === 'unavailable', String(error));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

test('nobody there: the call fails as unavailable and names the socket', async (t) => {
  const dir = await socketDir(t);
  const client = createCriClient({ endpoints: [`unix://${dir}/none`], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  await assert.rejects(client.cri.status(), (error: CriError) => {
    assert.deepEqual([error.code, error.call], ['unavailable', 'Status']);
    assert.match(error.message, new RegExp(`ENOENT ${dir}/none`));
    return true;
  });
});

test('the same client works as soon as the runtime appears, and again after it was killed', async (t) => {
  const socket = `${await socketDir(t)}/s`;
  const client = createCriClient({ endpoints: [`unix://${socket}`], imageEndpoint: '', env: realEnv() });
  t.after(() => client.close());
  await assert.rejects(client.cri.version(), { code: 'unavailable' });
  const first = await serve(t, socket, named('first'));
  assert.equal((await answered(() => client.cri.version())).runtimeName, 'first');
  first.kill();
  await assert.rejects(client.cri.version(), { code: 'unavailable' });
  await serve(t, socket, named('second'));
  assert.equal((await answered(() => client.cri.version())).runtimeName, 'second');
});

test('a call that is running when the runtime is killed fails as unavailable', async (t) => {
  const socket = `${await socketDir(t)}/s`;
  const server = await serve(t, socket, { unary: () => new Promise(() => setImmediate(() => server.kill())) });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  await assert.rejects(client.cri.startContainer('c'), { code: 'unavailable', call: 'StartContainer' });
});

test('of several sockets the first that answers CRI is used', async (t) => {
  const dir = await socketDir(t);
  const names = ['absent', 'without-cri', 'starting', 'good', 'later'] as const;
  const endpoints = names.map((name) => `unix://${dir}/${name}`);
  await serve(t, `${dir}/without-cri`, { without: ['runtime', 'image'] });
  const unary = () => {
    throw grpcError(status.UNKNOWN, 'server is not initialized yet');
  };
  await serve(t, `${dir}/starting`, { unary });
  await serve(t, `${dir}/good`, named('good'));
  const later = await serve(t, `${dir}/later`, named('later'));
  const client = createCriClient({ endpoints, imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  assert.equal(client.endpoint(), endpoints[0], 'before the first call');
  assert.equal((await client.cri.version()).runtimeName, 'good');
  assert.equal(client.endpoint(), `unix://${dir}/good`);
  await client.cri.listImages();
  assert.equal(later.calls.length, 0);
});

test('when none of several answers, the error says why for each, and later calls look again', async (t) => {
  const dir = await socketDir(t);
  const endpoints = [`unix://${dir}/a`, `unix://${dir}/b`];
  await serve(t, `${dir}/a`, { without: ['runtime', 'image'] });
  const client = createCriClient({ endpoints, imageEndpoint: '', env: realEnv() });
  t.after(() => client.close());
  await assert.rejects(client.cri.status(), (error: CriError) => {
    assert.deepEqual([error.code, error.call], ['unavailable', 'Status']);
    assert.match(error.message, /^no container runtime answers \(unix:.*\/a: .*not implement.*; unix:.*\/b: .*ENOENT/);
    return true;
  });
  await serve(t, `${dir}/b`, named('b'));
  assert.equal((await answered(() => client.cri.version())).runtimeName, 'b');
});

test('calls that begin together look for a runtime once', async (t) => {
  const dir = await socketDir(t);
  const server = await serve(t, `${dir}/b`, {});
  const client = createCriClient({
    endpoints: [`unix://${dir}/a`, server.endpoint],
    imageEndpoint: '',
    env: createClock(),
  });
  t.after(() => client.close());
  await Promise.all([client.cri.status(), client.cri.status(), client.cri.status()]);
  assert.deepEqual(server.calls.map(({ method }) => method).sort(), ['Status', 'Status', 'Status', 'Version']);
});

test('a runtime that was in use is waited for before another one is taken', async (t) => {
  const dir = await socketDir(t);
  const clock = createClock();
  const [a, b] = [`${dir}/a`, `${dir}/b`];
  const first = await serve(t, a, named('a'));
  await serve(t, b, named('b'));
  const client = createCriClient({ endpoints: [`unix://${a}`, `unix://${b}`], imageEndpoint: '', env: clock });
  t.after(() => client.close());
  assert.equal((await client.cri.version()).runtimeName, 'a');

  first.kill();
  await assert.rejects(client.cri.version(), { code: 'unavailable' });
  clock.advance(59_999);
  await assert.rejects(
    client.cri.version(),
    { code: 'unavailable' },
    'it may be restarting, with its containers running',
  );
  const second = await serve(t, a, named('a again'));
  assert.equal((await answered(() => client.cri.version())).runtimeName, 'a again');

  second.kill();
  await assert.rejects(client.cri.version(), { code: 'unavailable' });
  clock.advance(60_000);
  assert.equal((await client.cri.version()).runtimeName, 'b');
  assert.equal(client.endpoint(), `unix://${b}`);
});
