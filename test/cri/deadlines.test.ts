import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createCriClient } from '../../src/cri/client.ts';
import { execSyncMs, stopContainerMs } from '../../src/cri/deadlines.ts';
import { type Cri, CriError } from '../../src/cri/port.ts';
import { createClock } from './clock.ts';
import { containerConfig, sandboxConfig } from './configs.ts';
import { failureOf, serve, silence, socketDir, until } from './server.ts';

const second = 1000;
const minute = 60 * second;

const calls: [string, (cri: Cri) => Promise<unknown>, number][] = [
  ['version', (cri) => cri.version(), 30 * second],
  ['status', (cri) => cri.status(), 30 * second],
  ['cgroupDriver', (cri) => cri.cgroupDriver(), 30 * second],
  ['listPodSandboxes', (cri) => cri.listPodSandboxes({}), 30 * second],
  ['podSandboxStatus', (cri) => cri.podSandboxStatus('s'), 30 * second],
  ['runPodSandbox', (cri) => cri.runPodSandbox(sandboxConfig, ''), 4 * minute],
  ['stopPodSandbox', (cri) => cri.stopPodSandbox('s'), 2 * minute],
  ['removePodSandbox', (cri) => cri.removePodSandbox('s'), 2 * minute],
  ['listContainers', (cri) => cri.listContainers({}), 30 * second],
  ['containerStatus', (cri) => cri.containerStatus('c'), 30 * second],
  ['createContainer', (cri) => cri.createContainer('s', containerConfig, sandboxConfig), 2 * minute],
  ['startContainer', (cri) => cri.startContainer('c'), 2 * minute],
  ['stopContainer after 30 s', (cri) => cri.stopContainer('c', 30), 2 * minute + 30 * second],
  ['stopContainer at once', (cri) => cri.stopContainer('c', 0), 2 * minute],
  ['removeContainer', (cri) => cri.removeContainer('c'), 2 * minute],
  ['updateContainerResources', (cri) => cri.updateContainerResources('c', {}), 2 * minute],
  ['reopenContainerLog', (cri) => cri.reopenContainerLog('c'), 2 * minute],
  ['execSync with a timeout', (cri) => cri.execSync('c', ['true'], 5), 35 * second],
  ['imageStatus', (cri) => cri.imageStatus('i'), 30 * second],
  ['listImages', (cri) => cri.listImages(), 30 * second],
  ['pullImage', (cri) => cri.pullImage('i', undefined, undefined), 60 * minute],
  ['removeImage', (cri) => cri.removeImage('i'), 2 * minute],
  ['imageFsInfo', (cri) => cri.imageFsInfo(), 30 * second],
];

test('every call gives up at its deadline, not before, and the server learns of it', async (t) => {
  const server = await serve(t, `${await socketDir(t)}/s`, { unary: silence });
  for (const [name, call, deadlineMs] of calls) {
    await t.test(name, async () => {
      const clock = createClock();
      const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: clock });
      const before = server.calls.length;
      const failure = failureOf(call(client.cri));
      await until('the call arrives', () => server.calls.length > before);
      assert.deepEqual(clock.pending(), [deadlineMs]);
      clock.advance(deadlineMs);
      const error = await failure;
      assert.ok(error instanceof CriError);
      assert.equal(error.code, 'deadline');
      assert.equal(error.message, `no answer from the runtime after ${deadlineMs / 1000} s`);
      await server.calls.at(-1)?.cancelled;
      client.close();
    });
  }
});

test('a command without a timeout has no deadline', () => {
  assert.equal(execSyncMs(0), undefined);
});

test('a grace period beyond what a timer can hold still gives a deadline that a timer can hold', () => {
  assert.equal(stopContainerMs(1e9), 2 ** 31 - 1);
  assert.equal(execSyncMs(1e9), 2 ** 31 - 1);
});

test('an answered call leaves no timer behind', async (t) => {
  const clock = createClock();
  const server = await serve(t, `${await socketDir(t)}/s`, {});
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: clock });
  await client.cri.status();
  assert.deepEqual(clock.pending(), []);
  client.close();
});

test('the cap of a pull can be set', async (t) => {
  const clock = createClock();
  const server = await serve(t, `${await socketDir(t)}/s`, { unary: silence });
  const client = createCriClient({ endpoints: [server.endpoint], imageEndpoint: '', env: clock, pullTimeoutMs: 7 });
  const pull = client.cri.pullImage('i', undefined, undefined);
  await until('the call arrives', () => server.calls.length > 0);
  clock.advance(7);
  await assert.rejects(pull, { code: 'deadline', call: 'PullImage' });
  client.close();
});
