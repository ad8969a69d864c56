import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { type Container, type ContainerStatus, type Cri, CriError } from '../../src/cri/port.ts';
import type { Host } from '../../src/kubelet/host.ts';
import { CONTAINER_NAME, ownerLabels, POD_NAME, POD_NAMESPACE, POD_UID } from '../../src/kubelet/labels.ts';
import { RuntimeCache } from '../../src/kubelet/runtime-cache.ts';
import { podKey } from '../../src/kubelet/types.ts';

const ROOT = '/var/lib/rower';
const KEY = podKey('default', 'a-n1');

const row: Container = {
  id: 'c1',
  sandboxId: 's1',
  metadata: { name: 'main', attempt: 0 },
  state: 'running',
  createdAtMs: 1000,
  image: 'i',
  imageRef: 'i',
  labels: {
    ...ownerLabels(ROOT),
    [POD_NAMESPACE]: 'default',
    [POD_NAME]: 'a-n1',
    [POD_UID]: 'u1',
    [CONTAINER_NAME]: 'main',
  },
  annotations: {},
};

const running: ContainerStatus = {
  ...{ id: 'c1', state: 'running', createdAtMs: 1000, startedAtMs: 1100, exitCode: 0 },
  ...{ reason: '', message: '', image: 'i', imageRef: 'i', logPath: '/l' },
};

const exited: ContainerStatus = { ...running, state: 'exited', finishedAtMs: 5000, exitCode: 137, reason: 'OOMKilled' };

/** One container, as the runtime's listing and its status have it. */
function machine() {
  const shown = { status: running as ContainerStatus | Error, asked: 0 };
  const cri = {
    listPodSandboxes: async () => [],
    listContainers: async () => [{ ...row, state: shown.status instanceof Error ? 'exited' : shown.status.state }],
    containerStatus: async () => {
      shown.asked += 1;
      if (shown.status instanceof Error) throw shown.status;
      return shown.status;
    },
  } as Partial<Cri> as Cri;
  const host = { readTerminationLog: async () => 'last words' } as Partial<Host> as Host;
  const cache = new RuntimeCache({ env: realEnv(), cri, host, rootDir: ROOT });
  const container = async () => (await cache.relist()).pods.get(KEY)?.containers[0];
  return { shown, cache, container };
}

test('a status is asked for once, and an unchanged Pod stays the same object', async () => {
  const { shown, cache } = machine();
  const before = (await cache.relist()).pods.get(KEY);
  assert.equal(before?.containers[0]?.startedAtMs, 1100);
  assert.equal((await cache.relist()).pods.get(KEY), before);
  assert.equal(shown.asked, 1);
});

test('an end that was told is in the next listing with what the container left, until the runtime shows its reason', async () => {
  const { shown, cache, container } = machine();
  assert.equal((await container())?.state, 'running');
  assert.equal(cache.ended('c1', { exitCode: 137, finishedAtMs: 5000 }), true);
  const early = await container();
  assert.deepEqual(
    [early?.state, early?.exitCode, early?.finishedAtMs, early?.reason, early?.message, early?.startedAtMs],
    ['exited', 137, 5000, 'Error', 'last words', 1100],
  );
  assert.equal(await container(), early);
  assert.equal(shown.asked, 1);
  shown.status = exited;
  const final = await container();
  assert.deepEqual([final?.state, final?.reason, final?.message], ['exited', 'OOMKilled', 'last words']);
  assert.equal(await container(), final);
  assert.equal(shown.asked, 2);
});

test('a status that cannot be read leaves the early end, and is asked for again', async () => {
  const { shown, cache, container } = machine();
  await container();
  cache.ended('c1', { exitCode: 1, finishedAtMs: 5000 });
  shown.status = new CriError('other', 'ContainerStatus', 'no');
  assert.equal((await container())?.state, 'exited');
  shown.status = exited;
  assert.equal((await container())?.reason, 'OOMKilled');
});

test('an end of what is unknown, or known to be over, is not taken', async () => {
  const { shown, cache, container } = machine();
  const end = { exitCode: 1, finishedAtMs: 5000 };
  assert.equal(cache.ended('c1', end), false);
  shown.status = exited;
  await container();
  assert.equal(cache.ended('c1', end), false);
  assert.equal((await container())?.exitCode, 137);
});
