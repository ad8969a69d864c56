/**
 * The simulated machine with a real socket in its middle: agent, real client, proxy, real gRPC server, fake runtime. Time
 * is virtual and goes on a little at each turn, so that bytes have the real time they need.
 */
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createCriClient } from '../../src/cri/client.ts';
import { socketDir } from '../cri/server.ts';
import { unsettled } from '../sim/convergence.ts';
import { Desire } from '../sim/desire.ts';
import { isRunning } from '../sim/runtime-state.ts';
import { watch } from '../sim/watch.ts';
import { stamp, World } from '../sim/world.ts';
import { RuntimeServer } from './runtime-server.ts';
import { Wire } from './wire.ts';

const STEP_MS = 20;
/** Virtual. */
const LIMIT_MS = 900_000;
export const IMAGE = 'localhost/busybox:1';

export interface Machine {
  readonly world: World;
  readonly wire: Wire;
  readonly server: RuntimeServer;
  /** What the agent logged, a line each: level, message, fields. */
  readonly said: readonly string[];
  /** Rules that were broken. */
  readonly violations: readonly string[];
  /** Puts a Pod with one container into place. */
  write(name: string, script: string): void;
  /** Containers of a Pod that run. */
  running(name: string): string[];
  pass(ms: number): Promise<void>;
  until(what: string, holds: () => boolean): Promise<void>;
  settle(): Promise<void>;
}

/** With an agent on it that has nothing to do yet. All of it goes when the test ends. */
export async function startMachine(t: TestContext): Promise<Machine> {
  const directory = await socketDir(t);
  const socket = join(directory, 'agent.sock');
  const said: string[] = [];
  const violations: string[] = [];
  const world: World = new World({
    seed: 'socket',
    runtime: { jitter: false, reserveNames: true },
    trace: (line) => said.push(line),
    onPublished: (published) => desire.heard(published),
    connect: (env) => {
      const client = createCriClient({ endpoints: [`unix://${socket}`], imageEndpoint: '', env });
      t.after(() => client.close());
      return client;
    },
  });
  const desire = new Desire(world.directory, () => world.clock.elapsedMs);
  watch(world, desire, (message) => violations.push(`${stamp(world.clock)} ${message}`));
  world.runtime.images.add(IMAGE);
  const server = new RuntimeServer(world.runtime);
  t.after(() => server.close());
  const behind = join(directory, 'runtime.sock');
  await server.listen(behind);
  const wire = new Wire(socket, behind);
  t.after(() => wire.close());
  await wire.open();

  const turn = async () => {
    await world.clock.advance(STEP_MS);
    await delay(1);
  };
  const until = async (what: string, holds: () => boolean) => {
    const limitMs = world.clock.elapsedMs + LIMIT_MS;
    while (!holds()) {
      if (world.clock.elapsedMs > limitMs)
        throw new Error(`not within ${LIMIT_MS} ms: ${what}\n${said.slice(-30).join('\n')}`);
      await turn();
    }
  };
  world.startAgent();
  t.after(async () => {
    world.stopAgent();
    await world.clock.settle();
  });
  return {
    ...{ world, wire, server, said, violations, until },
    write: (name, script) => {
      const containers = [{ name: 'c', image: IMAGE, command: ['sh', '-c', script] }];
      const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers } };
      world.directory.write(`${name}.yaml`, JSON.stringify(manifest));
    },
    running: (name) =>
      [...world.runtime.state.containers.values()]
        .filter((one) => isRunning(one) && one.config.labels['io.kubernetes.pod.name'] === `${name}-node`)
        .map(({ id }) => id),
    pass: async (ms) => {
      const untilMs = world.clock.elapsedMs + ms;
      while (world.clock.elapsedMs < untilMs) await turn();
    },
    settle: async () => {
      let problems: string[] = [];
      const settled = () => {
        problems = unsettled(world, desire);
        return problems.length === 0 && world.agent?.kubelet.published().runtime.message === '';
      };
      await until('everything is as wanted', settled).catch((error: Error) => {
        throw new Error(`${error.message}\n${problems.join('\n')}`);
      });
    },
  };
}
