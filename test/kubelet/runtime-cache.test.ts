import assert from 'node:assert/strict';
import { test } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { type Container, type ContainerStatus, type Cri, CriError, type Sandbox } from '../../src/cri/port.ts';
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
function machine(annotations: Record<string, string> = {}) {
  const shown = { status: running as ContainerStatus | Error, failure: undefined as Error | undefined, asked: 0 };
  const cri = {
    listPodSandboxes: async () => [],
    listContainers: async () => [
      { ...row, annotations, state: shown.status instanceof Error ? 'exited' : shown.status.state },
    ],
    containerStatus: async () => {
      shown.asked += 1;
      if (shown.failure) throw shown.failure;
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

test('the resources of what runs are asked for, and again after somebody changed them', async () => {
  const { shown, cache, container } = machine();
  const before = { cpuShares: 2 };
  shown.status = { ...running, resources: before };
  const first = await container();
  assert.deepEqual(first?.resources, before);
  cache.resized('c1', { cpuShares: 512 });
  assert.equal(await container(), first, 'what did not change keeps its object');
  assert.equal(shown.asked, 2);
  shown.status = { ...running, resources: { cpuShares: 1024 } };
  assert.equal(await container(), first, 'nobody said that it changed');
  cache.resized('c1');
  assert.deepEqual((await container())?.resources, { cpuShares: 1024 });
  assert.equal(shown.asked, 3);
});

test('what was stopped to start anew with other amounts says so, heard early or listed', async () => {
  const { shown, cache, container } = machine();
  await container();
  cache.stoppedToResize('c1');
  assert.equal((await container())?.stoppedToResize, undefined, 'it still runs');
  assert.equal(cache.ended('c1', { exitCode: 0, finishedAtMs: 5000 }), true);
  assert.equal((await container())?.stoppedToResize, true);
  shown.status = { ...exited, exitCode: 0 };
  assert.equal((await container())?.stoppedToResize, true);
});

test('a runtime that does not tell resources is believed to have taken what it was given', async () => {
  const { cache, container } = machine();
  assert.equal((await container())?.resources, undefined);
  cache.resized('c1', { cpuShares: 512 });
  assert.deepEqual((await container())?.resources, { cpuShares: 512 });
});

test('a status that could not be read after a change is asked for again', async () => {
  const { shown, cache, container } = machine();
  await container();
  cache.resized('c1');
  shown.failure = new CriError('deadline', 'ContainerStatus', 'late');
  const listing = await cache.relist();
  assert.ok(listing.unsure.has(KEY));
  shown.failure = undefined;
  shown.status = { ...running, resources: { cpuShares: 7 } };
  assert.deepEqual((await container())?.resources, { cpuShares: 7 });
});

test('a change is asked for again when the runtime went away in the middle of a listing', async () => {
  const { shown, cache, container } = machine();
  await container();
  cache.resized('c1');
  shown.failure = new CriError('unavailable', 'ContainerStatus', 'connection refused');
  await assert.rejects(cache.relist(), { code: 'unavailable' });
  shown.failure = undefined;
  shown.status = { ...running, resources: { cpuShares: 7 } };
  assert.deepEqual((await container())?.resources, { cpuShares: 7 });
});

test('an end is not believed before the listing when the log has the message', async () => {
  const { cache } = machine({ 'io.kubernetes.container.terminationMessagePolicy': 'FallbackToLogsOnError' });
  await cache.relist();
  assert.equal(cache.ended('c1', { exitCode: 1, finishedAtMs: 5000 }), false);
  assert.equal(cache.ended('c1', { exitCode: 0, finishedAtMs: 5000 }), true);
});

test('a container that somebody removed stays as a record of its end until there is a newer one, or its sandbox goes', async () => {
  const sandboxRow: Sandbox = {
    ...{ id: 's1', metadata: { name: 'a-n1', namespace: 'default', uid: 'u1', attempt: 0 }, state: 'notready' },
    ...{ createdAtMs: 900, labels: row.labels, annotations: {} },
  };
  const shown = { sandboxes: [sandboxRow], containers: [row] };
  const cri = {
    listPodSandboxes: async () => shown.sandboxes,
    listContainers: async () => shown.containers,
    containerStatus: async (id: string) => (id === 'c1' ? running : { ...exited, id }),
  } as Partial<Cri> as Cri;
  const host = { readTerminationLog: async () => '' } as Partial<Host> as Host;
  const cache = new RuntimeCache({ env: realEnv(), cri, host, rootDir: ROOT });
  const containers = async () =>
    ((await cache.relist()).pods.get(KEY)?.containers ?? []).map(({ id, state, exitCode, reason }) =>
      [id, state, exitCode, reason].join(' '),
    );
  const gone = 'c1 exited 137 ContainerStatusUnknown';
  assert.deepEqual(await containers(), ['c1 running 0 ']);
  shown.containers = [];
  assert.deepEqual(await containers(), [gone]);
  const before = (await cache.relist()).pods.get(KEY);
  assert.equal((await cache.relist()).pods.get(KEY), before);
  const next = { ...row, id: 'c2', metadata: { name: 'main', attempt: 1 }, state: 'created' as const };
  shown.containers = [next];
  assert.deepEqual(await containers(), ['c2 created 0 ', gone]);
  shown.containers = [{ ...next, state: 'exited' }];
  assert.deepEqual(await containers(), ['c2 exited 137 OOMKilled']);
  shown.containers = [{ ...next, id: 'c1', state: 'running' }];
  shown.sandboxes = [];
  await containers();
  shown.containers = [];
  assert.deepEqual(await containers(), []);
});
