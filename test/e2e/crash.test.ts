/**
 * The agent dies before or after each of its calls to a real runtime, in a start, a restart and a stop; another one
 * takes over. Whatever the call was, the end is the same, and a Pod that has nothing to do with it is not touched.
 */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import type { Cri } from '../../src/cri/port.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { EventRing } from '../../src/kubelet/events.ts';
import { Kubelet } from '../../src/kubelet/loop.ts';
import { parseManifest } from '../../src/kubelet/manifest/parse.ts';
import type { Snapshot, Source } from '../../src/kubelet/sources/source.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { realHost } from '../../src/kubelet/volumes/host.ts';
import { noProber } from '../kubelet/no-prober.ts';
import { node as nodeWith } from '../kubelet/node.ts';
import { manifest, sleeper, statusOf, waitFor } from './agent.ts';
import { type Machine, skip, useMachine } from './containerd.ts';

/** Calls that change something. To die at one that only asks is to die before the next of these. */
const CHANGES: ReadonlySet<string | symbol> = new Set<keyof Cri>([
  'runPodSandbox',
  'stopPodSandbox',
  'removePodSandbox',
  'createContainer',
  'startContainer',
  'stopContainer',
  'removeContainer',
]);

/** When the agent dies: before the Nth of them is sent, or after its answer has come but before anybody hears of it. */
interface Death {
  readonly call: number;
  readonly when: 'before' | 'after';
}

/** The runtime is killed while it works on the Nth of them, and started again; the agent lives on. */
interface Blow {
  readonly call: number;
  readonly strike: () => Promise<void>;
}

/** The client of a process that dies at one of its calls: from then on nothing is sent and nothing is heard. */
function mortal(
  cri: Cri,
  death: Death | undefined,
  blow: Blow | undefined,
): { cri: Cri; calls: () => string[]; died: Promise<void> } {
  const calls: string[] = [];
  let die = () => {};
  const died = new Promise<void>((resolve) => {
    die = resolve;
  });
  let dead = false;
  const never = new Promise<never>(() => {});
  const handler: ProxyHandler<Cri> = {
    get: (target, name) => {
      const method = target[name as keyof Cri] as (...args: unknown[]) => Promise<unknown>;
      return async (...args: unknown[]) => {
        if (dead) return never;
        if (CHANGES.has(name)) calls.push(String(name));
        const fatal = CHANGES.has(name) && death?.call === calls.length;
        if (fatal && death.when === 'before') {
          dead = true;
          die();
          return never;
        }
        const answer = method.apply(target, args);
        if (CHANGES.has(name) && blow?.call === calls.length) void blow.strike();
        if (fatal) {
          dead = true;
          await answer.catch(() => {});
          die();
        }
        const result = await answer;
        return dead ? never : result;
      };
    },
  };
  return { cri: new Proxy(cri, handler), calls: () => calls, died };
}

let machine: Machine;
const files = new Map<string, string>();
let snapshot: Snapshot = { state: 'known', files: [] };
let poke = () => {};

const source: Source = {
  kind: 'file',
  current: () => snapshot,
  run: (poked, signal) => {
    poke = poked;
    return new Promise((resolve) => signal.addEventListener('abort', () => resolve()));
  },
};

function want(change: Record<string, string | undefined>): void {
  for (const [file, text] of Object.entries(change)) {
    if (text === undefined) files.delete(file);
    else files.set(file, text);
  }
  const results = [...files]
    .sort()
    .map(([file, text]) =>
      parseManifest(Buffer.from(text), { kind: 'file', location: `/etc/pods/${file}` }, { nodeName: 'n1' }),
    );
  snapshot = { state: 'known', files: results };
  poke();
}

/** Runs an agent until `done` holds of its Pods, or until it dies. Returns the changing calls it made. */
async function live(done: (pods: Pod[]) => unknown, death?: Death, blow?: Blow): Promise<string[]> {
  const env = realEnv();
  const { client, dir, containerd } = machine;
  const node = nodeWith({
    ips: ['127.0.0.1'],
    rootDir: join(dir, 'root'),
    podLogsDir: join(dir, 'logs'),
    cgroupRoot: containerd.cgroupRoot,
  });
  const stop = new AbortController();
  const life = mortal(client.cri, death, blow);
  const kubelet = new Kubelet({
    env,
    cri: life.cri,
    events: client.events,
    host: realHost({ rootDir: node.rootDir, podLogsDir: node.podLogsDir, env, node }),
    sources: [source],
    node,
    settings: { maxPods: 110, maxContainerRestartPeriodMs: 1000, maxParallelImagePulls: 3, startConcurrency: 4 },
    resolvConf: async () => ({ servers: ['192.0.2.53'], searches: [], options: [] }),
    meter: createMetrics(env).meter,
    recorder: new EventRing(env),
    runHook: async () => {},
    prober: noProber(),
  });
  void kubelet.run(stop.signal);
  const arrived = waitFor('the scenario to end', async () => {
    const { runtime, pods } = kubelet.published();
    return stop.signal.aborted || (runtime.ready && done(pods.map((view) => view.pod)));
  });
  await (death ? Promise.race([life.died, arrived]) : arrived);
  stop.abort();
  await arrived;
  return life.calls();
}

const isRunning =
  (name: string, restarts = 0) =>
  (pods: Pod[]) => {
    const { container } = statusOf(pods, name);
    return container?.state?.running && container.restartCount === restarts;
  };

async function containersOf(name: string): Promise<string[]> {
  const all = await machine.client.cri.listContainers({ 'io.kubernetes.pod.name': `${name}-n1` });
  return all.filter((container) => container.state === 'running').map((container) => container.id);
}

const x = (container: object = {}) =>
  manifest('x', { terminationGracePeriodSeconds: 0, containers: [sleeper(container)] });
const gone = (pods: Pod[]) => statusOf(pods, 'x').pod === undefined;
const once = {
  command: ['/bin/busybox', 'sh', '-c', 'test -e /data/ran && exec sleep 100000; touch /data/ran'],
  volumeMounts: [{ name: 'data', mountPath: '/data' }],
};
const exitsOnce = manifest('x', {
  terminationGracePeriodSeconds: 0,
  volumes: [{ name: 'data', emptyDir: {} }],
  containers: [sleeper(once)],
});

/** From nothing: what is wanted, and when it has been reached. */
const scenarios: { name: string; text: string; from?: string; done: (pods: Pod[]) => unknown; running: number }[] = [
  { name: 'a start and a restart', text: exitsOnce, done: isRunning('x', 1), running: 1 },
  {
    name: 'an edit: a stop and a start',
    from: x(),
    text: x({ env: [{ name: 'A', value: '1' }] }),
    done: (pods) => isRunning('x')(pods) && statusOf(pods, 'x').pod?.spec.containers[0]?.env,
    running: 1,
  },
];

describe('an agent that dies at each of its calls', { skip }, () => {
  machine = useMachine();
  before(async () => {
    machine.cleanUps.push(async () => {
      want({ 'bystander.yaml': undefined, 'x.yaml': undefined });
      await live((pods) => pods.length === 0);
    });
    want({ 'bystander.yaml': manifest('bystander', { containers: [sleeper()] }) });
    await live(isRunning('bystander'));
  });

  for (const scenario of scenarios) {
    it(`in ${scenario.name}`, async () => {
      const [bystander] = await containersOf('bystander');
      for (let call = 1, reached = true; reached; call += 1) {
        for (const when of ['before', 'after'] as const) {
          if (scenario.from) {
            want({ 'x.yaml': scenario.from });
            await live(isRunning('x'));
          }
          want({ 'x.yaml': scenario.text });
          const calls = await live(scenario.done, { call, when });
          reached = calls.length >= call;
          await live(scenario.done);
          const name = `${scenario.name}: died ${when} call ${call} (${calls[call - 1]})`;
          assert.equal((await containersOf('x')).length, scenario.running, `${name}: running containers of x`);
          assert.deepEqual(await containersOf('bystander'), [bystander], `${name}: the bystander`);
          want({ 'x.yaml': undefined });
          await live(gone);
        }
      }
    });
  }

  it('goes on when it is the runtime that is killed, during each call of a start and a restart', async () => {
    const [bystander] = await containersOf('bystander');
    for (let call = 1, reached = true; reached; call += 1) {
      want({ 'x.yaml': exitsOnce });
      let struck: Promise<void> | undefined;
      const strike = async () => {
        await machine.containerd.kill9();
        await machine.containerd.restart();
      };
      const calls = await live((pods) => isRunning('x', 1)(pods), undefined, {
        call,
        strike: () => {
          struck = strike();
          return struck;
        },
      });
      await struck;
      reached = struck !== undefined;
      assert.equal(
        (await containersOf('x')).length,
        1,
        `killed during call ${call} (${calls[call - 1]}): running containers of x`,
      );
      assert.deepEqual(await containersOf('bystander'), [bystander], `killed during call ${call}: the bystander`);
      want({ 'x.yaml': undefined });
      await live(gone);
    }
  });
});
