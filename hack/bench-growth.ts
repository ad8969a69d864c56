/**
 * How the agent's own work grows with the number of Pods: the real loop over the fake runtime, in virtual time. Figures
 * are ratios between machines with many and with few Pods, so they hold on any machine.
 */
import { Life } from '../test/sim/agent-life.ts';
import { fakeCri } from '../test/sim/fake-cri.ts';
import { FakeEvents, NO_STREAM_FAULTS } from '../test/sim/fake-events.ts';
import { Faults, NO_FAULTS } from '../test/sim/faults.ts';
import { Random } from '../test/sim/random.ts';
import { isRunning } from '../test/sim/runtime-state.ts';
import { World } from '../test/sim/world.ts';
import { atMost, type Figure } from './bench-report.ts';
import { median } from './bench-stats.ts';

const IMAGE = 'localhost/busybox:1';
const FOREVER = 'while :; do sleep 0.1; done';

/** What one number of Pods costs, of processor time. */
export interface Growth {
  readonly pods: number;
  /** All of them from nothing to Running, per Pod, ms. */
  readonly startMs: number;
  /** A round in which nothing changed, ms and KiB. */
  readonly quietMs: number;
  readonly quietKiB: number;
  /** One container of one Pod ends and runs again, ms; and how many Pods were planned for it. */
  readonly exitMs: number;
  readonly exitPlanned: number;
  /** One manifest is edited and the Pod runs anew. */
  readonly editMs: number;
  readonly editPlanned: number;
  /** One container turns ready. */
  readonly verdictMs: number;
  readonly verdictPlanned: number;
}

export async function measureGrowth(pods: number, rounds: number): Promise<Growth> {
  let planned = 0;
  let ready = true;
  const world: World = new World({
    seed: 'growth',
    runtime: { jitter: false, reserveNames: true },
    maxPods: pods,
    onRound: (count) => {
      planned += count;
    },
    probe: async ({ target }) =>
      target.pod.metadata.name !== 'pod-0-node' || ready
        ? { result: 'success', output: '' }
        : { result: 'failure', output: 'no' },
    connect: (env) => {
      const { runtime } = world;
      const life = new Life();
      const random = new Random('growth');
      const cri = fakeCri(runtime, new Faults(random, NO_FAULTS, false), life);
      const events = new FakeEvents({ ...{ runtime, random, life, env }, faults: () => NO_STREAM_FAULTS });
      return { cri: { ...cri, ...remembered(world, cri) }, events };
    },
  });
  world.runtime.images.add(IMAGE);
  const write = (index: number, revision: number) => {
    const probe =
      index === 0 ? { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 1 } } : {};
    const env = [{ name: 'REVISION', value: String(revision) }];
    const containers = ['a', 'b'].map((name) => ({
      name,
      image: IMAGE,
      env,
      command: ['sh', '-c', FOREVER],
      ...probe,
    }));
    const spec = { terminationGracePeriodSeconds: 1, containers };
    world.directory.write(
      `pod-${index}.yaml`,
      JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: `pod-${index}` }, spec }),
    );
  };
  const running = () => [...world.runtime.state.containers.values()].filter(isRunning).length;
  const view = () => world.agent?.kubelet.published().pods.find(({ key }) => key === 'default/pod-0-node')?.pod;
  const shown = () => view()?.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True');
  const settled = (done: () => boolean) => world.clock.until(done, 3_600_000);
  /** Processor time until `done`, and what was planned for it. */
  const cost = async (what: () => void, done: () => boolean) => {
    const before = planned;
    const began = process.cpuUsage();
    what();
    if (!(await settled(done))) throw new Error('it does not come to its end');
    await world.clock.advance(300);
    return { ms: cpuMs(began), planned: planned - before };
  };

  for (let index = 0; index < pods; index += 1) write(index, 0);
  const start = await cost(
    () => void world.startAgent(),
    () => running() === 2 * pods && shown() === true && world.agent?.kubelet.published().pods.length === pods,
  );
  await world.clock.advance(20_000);

  const quiet: { ms: number; kib: number }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const heap = process.memoryUsage().heapUsed;
    const began = process.cpuUsage();
    world.agent?.kubelet.poke();
    await world.clock.advance(201);
    quiet.push({ ms: cpuMs(began), kib: (process.memoryUsage().heapUsed - heap) / 1024 });
  }
  const exit = await average(rounds / 5, async () => {
    const [one] = [...world.runtime.state.containers.values()].filter(isRunning);
    if (!one) throw new Error('nothing runs');
    const count = world.runtime.state.containers.size;
    await world.clock.advance(700_000);
    return cost(
      () => world.runtime.endProcess(one, 1),
      () => running() === 2 * pods && world.runtime.state.containers.size >= count,
    );
  });
  let revision = 0;
  const edit = await average(rounds / 5, async () => {
    revision += 1;
    const uid = view()?.metadata.uid;
    return cost(
      () => write(0, revision),
      () => view()?.metadata.uid !== uid && running() === 2 * pods && shown() === true,
    );
  });
  const verdict = await average(rounds / 5, async () => {
    const before = shown();
    return cost(
      () => {
        ready = !ready;
      },
      () => shown() !== before,
    );
  });
  world.killAgent();
  return {
    pods,
    startMs: start.ms / pods,
    quietMs: median(quiet.map(({ ms }) => ms)),
    quietKiB: median(quiet.map(({ kib }) => kib).filter((kib) => kib > 0)),
    exitMs: exit.ms,
    exitPlanned: exit.planned,
    editMs: edit.ms,
    editPlanned: edit.planned,
    verdictMs: verdict.ms,
    verdictPlanned: verdict.planned,
  };
}

/** Lists are made anew only when something happened: what is measured is the agent. */
function remembered({ runtime }: World, cri: ReturnType<typeof fakeCri>) {
  const known = new Map<string, Promise<unknown>>();
  runtime.state.onFact(() => known.clear());
  runtime.onHint(() => known.clear());
  const once = <T>(name: string, list: () => Promise<T>): Promise<T> => {
    const answer = (known.get(name) as Promise<T> | undefined) ?? list();
    known.set(name, answer);
    return answer;
  };
  return {
    listPodSandboxes: (labels: Record<string, string>) => once('sandboxes', () => cri.listPodSandboxes(labels)),
    listContainers: (labels: Record<string, string>) => once('containers', () => cri.listContainers(labels)),
  };
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}

async function average(times: number, run: () => Promise<{ ms: number; planned: number }>) {
  const all: { ms: number; planned: number }[] = [];
  for (let time = 0; time < times; time += 1) all.push(await run());
  return { ms: median(all.map(({ ms }) => ms)), planned: median(all.map((one) => one.planned)) };
}

/** Two rows for each number of Pods but the smallest, which warms the program up and is what the others are held against. */
export async function growthFigures({ pods, rounds }: { pods: readonly number[]; rounds: number }): Promise<Figure[]> {
  const [few = 10, ...more] = pods;
  await measureGrowth(few, rounds);
  const base = await measureGrowth(few, rounds);
  const figures: Figure[] = [];
  for (const many of more) {
    const one = await measureGrowth(many, rounds);
    const times = (value: number, before: number) => `${(value / before).toFixed(1)} ×`;
    const planned = [one.exitPlanned, one.editPlanned, one.verdictPlanned];
    const before = [base.exitPlanned, base.editPlanned, base.verdictPlanned];
    figures.push(
      {
        what: `Pods planned for an exit, an edit and a probe that turns, with ${many} Pods (with ${few})`,
        measured: `${planned.join(', ')} (${before.join(', ')})`,
        promise: atMost(Math.max(...planned.map((count, index) => count - (before[index] ?? 0))), 0, 'as many'),
      },
      {
        what: `processor time with ${many} Pods against ${few}: round without a change, start per Pod, exit, edit, probe`,
        measured: [
          `${times(one.quietMs, base.quietMs)} (${one.quietMs.toFixed(1)} ms, ${one.quietKiB.toFixed(0)} KiB)`,
          times(one.startMs, base.startMs),
          times(one.exitMs, base.exitMs),
          times(one.editMs, base.editMs),
          times(one.verdictMs, base.verdictMs),
        ].join(', '),
      },
    );
  }
  return figures;
}
