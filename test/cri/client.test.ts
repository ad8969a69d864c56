import assert from 'node:assert/strict';
import { test } from 'node:test';
import { status } from '@grpc/grpc-js';
import { createCriClient } from '../../src/cri/client.ts';
import type { Cri } from '../../src/cri/port.ts';
import { cases } from './calls.ts';
import { createClock } from './clock.ts';
import { containerConfig, sandboxConfig } from './configs.ts';
import { grpcError, serve, silence, socketDir, until } from './server.ts';

test('requests arrive complete and answers are converted', async (t) => {
  let answer: object | undefined;
  const server = await serve(t, `${await socketDir(t)}/s`, { unary: () => answer ?? {} });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  for (const [name, one] of Object.entries(cases)) {
    await t.test(name, async () => {
      answer = one.answer;
      const result = await one.call(client.cri);
      const { method, request } = server.calls.at(-1) as { method: string; request: unknown };
      assert.equal(method, one.method);
      assert.deepEqual(plain(request), one.request);
      assert.deepEqual(plain(result), one.result);
    });
  }
});

test('a state that this version does not know is unknown, and such a sandbox is not ready', async (t) => {
  const server = await serve(t, `${await socketDir(t)}/s`, { unary: () => ({ status: { id: 'x', state: 9 } }) });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  assert.equal((await client.cri.containerStatus('x')).state, 'unknown');
  assert.equal((await client.cri.podSandboxStatus('x')).state, 'notready');
});

test('an answer without its one field is an error that names the call', async (t) => {
  const server = await serve(t, `${await socketDir(t)}/s`, {});
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  const calls: [string, (cri: Cri) => Promise<unknown>][] = [
    ['ContainerStatus', (cri) => cri.containerStatus('x')],
    ['PodSandboxStatus', (cri) => cri.podSandboxStatus('x')],
    ['RunPodSandbox', (cri) => cri.runPodSandbox(sandboxConfig, '')],
    ['CreateContainer', (cri) => cri.createContainer('s', containerConfig, sandboxConfig)],
    ['PullImage', (cri) => cri.pullImage('i', undefined, undefined)],
  ];
  for (const [call, run] of calls) {
    await assert.rejects(run(client.cri), { code: 'other', call, message: `the runtime's answer to ${call} is empty` });
  }
});

test('a runtime without RuntimeConfig does not tell its cgroup driver; other failures are failures', async (t) => {
  let code = status.UNIMPLEMENTED;
  const unary = () => {
    throw grpcError(code, 'no');
  };
  const server = await serve(t, `${await socketDir(t)}/s`, { unary });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  assert.equal(await client.cri.cgroupDriver(), undefined);
  code = status.UNKNOWN;
  await assert.rejects(client.cri.cgroupDriver(), { code: 'other', call: 'RuntimeConfig' });
});

test('the image service may be behind another socket', async (t) => {
  const dir = await socketDir(t);
  const runtime = await serve(t, `${dir}/r`, { without: ['image'] });
  const images = await serve(t, `${dir}/i`, { without: ['runtime'] });
  const client = createCriClient({ endpoints: [runtime.endpoint], imageEndpoint: images.endpoint, env: createClock() });
  t.after(() => client.close());
  await client.cri.status();
  await client.cri.listImages();
  assert.deepEqual(
    [runtime, images].map(({ calls }) => calls.map(({ method }) => method)),
    [['Status'], ['ListImages']],
  );
});

test('every call that ended is reported once, with its duration and whether it failed', async (t) => {
  const clock = createClock();
  const seen: unknown[] = [];
  const unary = ({ method }: { method: string }) => {
    clock.advance(25);
    if (method === 'RemoveContainer') throw grpcError(status.UNKNOWN, 'no');
    return {};
  };
  const server = await serve(t, `${await socketDir(t)}/s`, { unary });
  const onCall = (...report: unknown[]) => seen.push(report);
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: clock, onCall });
  await client.cri.status();
  await client.cri.removeContainer('c').catch(() => {});
  client.close();
  await client.cri.status().catch(() => {});
  assert.deepEqual(seen, [
    ['Status', 25, false],
    ['RemoveContainer', 25, true],
    ['Status', 0, true],
  ]);
});

test('a signal aborts the call here and on the server', async (t) => {
  const clock = createClock();
  const server = await serve(t, `${await socketDir(t)}/s`, { unary: silence });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: clock });
  t.after(() => client.close());
  const calls: ((cri: Cri, signal: AbortSignal) => Promise<unknown>)[] = [
    (cri, signal) => cri.runPodSandbox(sandboxConfig, '', signal),
    (cri, signal) => cri.createContainer('s', containerConfig, sandboxConfig, signal),
    (cri, signal) => cri.startContainer('c', signal),
    (cri, signal) => cri.stopContainer('c', 30, signal),
    (cri, signal) => cri.execSync('c', ['true'], 0, signal),
    (cri, signal) => cri.pullImage('i', undefined, undefined, signal),
  ];
  for (const call of calls) {
    const before = server.calls.length;
    const controller = new AbortController();
    const running = call(client.cri, controller.signal);
    await until('the call arrives', () => server.calls.length > before);
    controller.abort();
    await assert.rejects(running, { name: 'CriError', code: 'cancelled' });
    await server.calls.at(-1)?.cancelled;
    assert.deepEqual(clock.pending(), []);
    const after = server.calls.length;
    await assert.rejects(call(client.cri, controller.signal), { code: 'cancelled' });
    assert.equal(server.calls.length, after, 'an aborted signal starts nothing');
  }
});

test('a list far beyond 4 MiB arrives whole', async (t) => {
  const annotations = { spec: 'x'.repeat(64 * 1024) };
  const items = Array.from({ length: 200 }, (_, index) => ({
    id: `s${index}`,
    metadata: { name: `p${index}` },
    annotations,
  }));
  const server = await serve(t, `${await socketDir(t)}/s`, { unary: () => ({ items }) });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  t.after(() => client.close());
  const sandboxes = await client.cri.listPodSandboxes({});
  assert.deepEqual(
    sandboxes.map(({ id }) => id),
    items.map(({ id }) => id),
  );
  assert.equal(sandboxes.at(-1)?.annotations.spec?.length, 64 * 1024);
});

test('a closed client refuses calls', async (t) => {
  const server = await serve(t, `${await socketDir(t)}/s`, {});
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: createClock() });
  await client.cri.status();
  client.close();
  await assert.rejects(client.cri.status(), { code: 'unavailable', message: 'the client is closed' });
});

/** Decoded messages have prototypes of their own. */
function plain(value: unknown): unknown {
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
}
