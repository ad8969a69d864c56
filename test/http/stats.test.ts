import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CriError } from '../../src/cri/port.ts';
import type { ContainerStats, SandboxStats } from '../../src/cri/stats.ts';
import { podUsages, Stats } from '../../src/http/stats.ts';
import { type TestEnv, testEnv } from './endpoint.ts';
import { NODE_FACTS } from './fixture.ts';
import { containerStats, sandboxStats } from './usage.ts';

interface Runtime {
  env: TestEnv;
  stats: Stats;
  calls: number;
  containers: (nowMs: number) => ContainerStats[];
  sandboxes: () => Promise<SandboxStats[]>;
  error?: CriError;
}

/** A runtime whose one container uses a quarter of a core, and that tells no rates. */
function runtime(): Runtime {
  const env = testEnv();
  const made: Omit<Runtime, 'stats'> = {
    env,
    calls: 0,
    containers: (nowMs) => [
      containerStats('web', 'main', { cpu: { timestampMs: nowMs, usageCoreNanoSeconds: nowMs * 250_000 } }),
    ],
    sandboxes: async () => {
      throw new CriError('unimplemented', 'ListPodSandboxStats', 'unknown method');
    },
  };
  const cri = {
    listContainerStats: async () => {
      made.calls += 1;
      if (made.error) throw made.error;
      return made.containers(env.nowMs());
    },
    listPodSandboxStats: () => made.sandboxes(),
    imageFsInfo: async () => [],
  };
  return Object.assign(made, { stats: new Stats({ env, cri, node: { ...NODE_FACTS, rootDir: '/' } }) });
}

/** Lets time go on until the promise is settled. */
async function settle<T>(env: TestEnv, promise: Promise<T>): Promise<T> {
  let done = false;
  const end = () => {
    done = true;
  };
  promise.then(end, end);
  while (!done) {
    await new Promise((resolve) => setImmediate(resolve));
    env.advance(100);
  }
  return promise;
}

const rateOf = (usage: Awaited<ReturnType<Stats['read']>>) => usage.pods[0]?.containers[0]?.cpu?.usageNanoCores;

test('a rate is taken between two measurements, with a second one only where none is at hand', async () => {
  const made = runtime();
  assert.equal(rateOf(await settle(made.env, made.stats.read(true))), 250_000_000);
  assert.equal(made.calls, 2);
  made.env.advance(30_000);
  assert.equal(rateOf(await made.stats.read(true)), 250_000_000);
  assert.equal(made.calls, 3);
  made.env.advance(300_000);
  assert.equal(rateOf(await settle(made.env, made.stats.read(true))), 250_000_000);
  assert.equal(made.calls, 5);
});

test('who needs no rates does not wait for them', async () => {
  const made = runtime();
  assert.equal(rateOf(await made.stats.read(false)), undefined);
  assert.equal(made.calls, 1);
});

test('askers of the same second share one measurement', async () => {
  const made = runtime();
  await Promise.all([made.stats.read(false), made.stats.read(false), made.stats.read(false)]);
  assert.equal(made.calls, 1);
  made.env.advance(999);
  await made.stats.read(false);
  assert.equal(made.calls, 1);
  made.env.advance(1);
  await made.stats.read(false);
  assert.equal(made.calls, 2);
});

test('who asks while it is measured waits for that measurement, however long it takes', async () => {
  const made = runtime();
  let answer = (_: SandboxStats[]) => {};
  made.sandboxes = () => new Promise((resolve) => (answer = resolve));
  const first = made.stats.read(false);
  made.env.advance(5000);
  const second = made.stats.read(false);
  assert.equal(made.calls, 1);
  answer([]);
  assert.equal(await second, await first);
  made.env.advance(999);
  assert.equal(await made.stats.read(false), await first);
  assert.equal(made.calls, 1);
});

test('a counter that began anew gives no negative rate', async () => {
  const made = runtime();
  await made.stats.read(false);
  made.env.advance(5000);
  made.containers = (timestampMs) => [containerStats('web', 'main', { cpu: { timestampMs, usageCoreNanoSeconds: 1 } })];
  assert.equal(rateOf(await made.stats.read(true)), 0);
});

test('a runtime that is away is an error to try again, at once', async () => {
  const made = runtime();
  made.error = new CriError('unavailable', 'ListContainerStats', 'no socket');
  await assert.rejects(made.stats.read(false), { code: 503, reason: 'ServiceUnavailable' });
  delete made.error;
  assert.equal((await made.stats.read(false)).pods.length, 1);
});

test('Pods are gathered from what runs, the newest attempt of each container', () => {
  const { cpu: _cpu, memory: _memory, ...ended } = containerStats('job', 'main');
  const pods = podUsages(
    [
      containerStats('web', 'side'),
      containerStats('web', 'main', { id: 'old', attempt: 1 }),
      containerStats('web', 'main', { id: 'new', attempt: 2 }),
      containerStats('boot', 'main'),
      containerStats('other', 'main', { labels: {} }),
      ended,
    ],
    [sandboxStats('web'), sandboxStats('nobody')],
  );
  assert.deepEqual(
    pods.map(({ name, containers }) => [name, containers.map(({ id }) => id)]),
    [
      ['boot-node-1', ['boot-main-0']],
      ['web-node-1', ['new', 'web-side-0']],
    ],
  );
  const [boot, web] = pods;
  assert.equal(boot?.cpu?.usageCoreNanoSeconds, 12_500_000_000, 'the sum of the containers');
  assert.equal(web?.cpu?.usageCoreNanoSeconds, 26_000_000_000, 'what the runtime says of the sandbox');
  assert.equal(web?.processCount, 3);
});
