/**
 * A machine with its runtime, disk and manifest directory, and an agent process on it that can be started, stopped and
 * killed. It has no plan of its own: golden scripts and the simulation drive it.
 */
import type { Cri, RuntimeEvents } from '../../src/cri/port.ts';
import type { Env } from '../../src/kubelet/env.ts';
import { EventRing } from '../../src/kubelet/events.ts';
import { realHooks } from '../../src/kubelet/hooks.ts';
import { Kubelet } from '../../src/kubelet/loop.ts';
import type { Meter } from '../../src/kubelet/meter.ts';
import type { Node } from '../../src/kubelet/node.ts';
import type { ShutdownGroup } from '../../src/kubelet/plan/shutdown.ts';
import type { Prober } from '../../src/kubelet/prober.ts';
import type { Published } from '../../src/kubelet/published.ts';
import { NodeShutdown } from '../../src/kubelet/shutdown.ts';
import type { Verdict } from '../../src/kubelet/verdict.ts';
import { STOPPED } from '../../src/probes/address.ts';
import { probeHandlers } from '../../src/probes/kinds.ts';
import { createProber } from '../../src/probes/prober.ts';
import type { ProbeHandler } from '../../src/probes/types.ts';
import { Verdicts } from '../../src/probes/verdicts.ts';
import { noProber } from '../kubelet/no-prober.ts';
import { Life } from './agent-life.ts';
import { Clock, EPOCH_MS, simEnv, textLog } from './env.ts';
import type { CriHooks } from './fake-cri.ts';
import { fakeCri } from './fake-cri.ts';
import type { StreamFaults } from './fake-events.ts';
import { FakeEvents, NO_STREAM_FAULTS } from './fake-events.ts';
import type { HostFaults } from './fake-host.ts';
import { FakeDisk, fakeHost, NO_HOST_FAULTS } from './fake-host.ts';
import { FakeRuntime } from './fake-runtime.ts';
import type { SourceFaults } from './fake-source.ts';
import { FakeDirectory, FakeSource, NO_SOURCE_FAULTS } from './fake-source.ts';
import type { FaultMix } from './faults.ts';
import { Faults, NO_FAULTS } from './faults.ts';
import type { RuntimeOptions } from './machine.ts';
import { FakePower } from './power.ts';
import { Random } from './random.ts';
import { FakeStorage, runServices } from './services.ts';

export const NODE: Node = {
  name: 'node',
  ips: ['192.0.2.10'],
  rootDir: '/var/lib/rower',
  podLogsDir: '/var/log/pods',
  cgroupDriver: 'cgroupfs',
  cgroupVersion: 2,
  cgroupRoot: '/',
  cpuCFSQuota: true,
  cpuMillis: 4000,
  memoryBytes: 8 * 2 ** 30,
  podPidsLimit: -1,
  seccompDefault: false,
  clusterDomain: 'cluster.local',
  clusterDNS: [],
  kernelVersion: '6.1.0',
  osImage: 'Debian GNU/Linux 12 (bookworm)',
  architecture: 'amd64',
  machineId: '0123456789abcdef0123456789abcdef',
  bootId: '01234567-89ab-cdef-0123-456789abcdef',
};

export interface WorldFaults {
  cri: FaultMix;
  stream: StreamFaults;
  host: HostFaults;
  source: SourceFaults;
}

export const CALM: WorldFaults = {
  cri: NO_FAULTS,
  stream: NO_STREAM_FAULTS,
  host: NO_HOST_FAULTS,
  source: NO_SOURCE_FAULTS,
};

export interface WorldOptions {
  seed: string;
  runtime: RuntimeOptions;
  /** One line per call, answer and log line of the agent. */
  trace?: (line: string) => void;
  onCall?: (call: string, target: string) => void;
  onPublished?: (published: Published) => void;
  /** Default NODE. */
  node?: Node;
  /** Default 110. */
  maxPods?: number;
  /** How many Pods a round planned anew. */
  onRound?: (planned: number) => void;
  /** What a container answers to a probe over the network. Absent: nothing is probed. */
  probe?: ProbeHandler;
  /** How an agent reaches the runtime. Absent: straight, with the faults of this world. */
  connect?: (env: Env) => { cri: Cri; events: RuntimeEvents };
  /** Who is stopped after whom when the machine goes down. None: a shutdown is nothing to the agent. */
  shutdownGroups?: readonly ShutdownGroup[];
}

/** One agent process. */
export interface Agent {
  readonly number: number;
  readonly kubelet: Kubelet;
  readonly events: EventRing;
  readonly life: Life;
  readonly startedAtMs: number;
  readonly abort: AbortController;
  readonly shutdown: NodeShutdown;
  /** Set when the loop ended by itself or by an error: neither may happen. */
  ended?: string;
}

const ON_NODE = { kind: 'Node' as const, namespace: 'default', name: NODE.name, uid: NODE.name };

const METER: Meter = {
  runtimeOperation: () => {},
  relist: () => {},
  round: () => {},
  podWorked: () => {},
  podStarted: () => {},
  podStartFailed: () => {},
  podRejected: () => {},
  containerStarted: () => {},
  containerStartFailed: () => {},
  podStartDuration: () => {},
  imagePulled: () => {},
  imageRefused: () => {},
};

export class World {
  readonly clock = new Clock();
  readonly random: Random;
  readonly runtime: FakeRuntime;
  readonly disk = new FakeDisk();
  readonly directory = new FakeDirectory(NODE.name);
  readonly storage = new FakeStorage();
  readonly power = new FakePower();
  readonly #options: WorldOptions;
  readonly criFaults: Faults;
  #faults: WorldFaults = CALM;
  /** What the agents wrote down of their probes. */
  #verdicts: ReadonlyMap<string, Verdict> = new Map();
  agents = 0;
  agent: Agent | undefined;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.random = new Random(options.seed);
    this.runtime = new FakeRuntime(this.clock, this.random.child('runtime'), options.runtime);
    this.criFaults = new Faults(this.random.child('cri'), NO_FAULTS, options.runtime.jitter);
  }

  /** From now on this goes wrong, and nothing else. */
  setFaults(faults: WorldFaults): void {
    this.#faults = faults;
    this.criFaults.mix = faults.cri;
  }

  trace(line: string): void {
    this.#options.trace?.(`${stamp(this.clock)} ${line}`);
  }

  startAgent(): Agent {
    if (this.agent) throw new Error('an agent is running already');
    this.agents += 1;
    const number = this.agents;
    const random = this.random.child(`agent-${number}`);
    const life = new Life();
    const { clock, runtime } = this;
    const write = (line: string) => this.trace(`#${number} ${line}`);
    const env = simEnv(clock, random, textLog(this.#options.trace ? write : () => {}), () => life.alive);
    const { onCall } = this.#options;
    const hooks: CriHooks = { ...(onCall && { onCall }), ...(this.#options.trace && { trace: write }) };
    const recorder = new EventRing(env);
    const { cri, events } = this.#options.connect?.(env) ?? {
      cri: fakeCri(runtime, this.criFaults, life, hooks),
      events: new FakeEvents({ runtime, random: random.child('events'), faults: () => this.#faults.stream, life, env }),
    };
    const shutdown = new NodeShutdown(
      env,
      this.#options.shutdownGroups ?? [],
      () => kubelet.poke(),
      this.storage.shutdownMemory(life),
    );
    const kubelet: Kubelet = new Kubelet({
      env,
      cri,
      events,
      host: fakeHost({
        disk: this.disk,
        rootDir: NODE.rootDir,
        node: NODE,
        clock,
        random: random.child('host'),
        faults: () => this.#faults.host,
        life,
      }),
      sources: [
        new FakeSource({
          directory: this.directory,
          env,
          random: random.child('source'),
          faults: () => this.#faults.source,
          life,
        }),
      ],
      node: this.#options.node ?? NODE,
      settings: {
        maxContainerRestartPeriodMs: 300_000,
        maxParallelImagePulls: 3,
        maxPods: this.#options.maxPods ?? 110,
        startConcurrency: 4,
      },
      resolvConf: () => life.guard(async () => ({ servers: ['192.0.2.53'], searches: [], options: [] })),
      meter: { ...METER, round: (_durationMs, planned) => this.#options.onRound?.(planned) },
      recorder,
      runHook: realHooks({ env, cri, record: () => {} }),
      prober: this.#options.probe ? this.#prober(env, cri, life, recorder) : noProber(),
      shutdown,
    });
    const agent: Agent = {
      number,
      kubelet,
      events: recorder,
      life,
      startedAtMs: clock.elapsedMs,
      abort: new AbortController(),
      shutdown,
    };
    this.agent = agent;
    life.onDeath(() => {
      if (this.agent === agent) this.agent = undefined;
    });
    const { onPublished } = this.#options;
    if (onPublished) kubelet.onPublished((published) => life.alive && onPublished(published));
    this.trace(`#${number} starts`);
    const machine = {
      storage: this.storage,
      power: this.power,
      images: runtime.images,
      faults: () => this.#faults.host,
    };
    runServices(
      {
        ...{ env, cri, clock, life, kubelet, shutdown, ...machine },
        random: random.child('services'),
        guard: (this.#options.shutdownGroups ?? []).length > 0,
        name: `agent-${number}`,
        record: (type, reason, message) => recorder.record(ON_NODE, type, reason, message),
      },
      agent.abort.signal,
    );
    kubelet.run(agent.abort.signal).then(
      () => {
        if (!agent.abort.signal.aborted) agent.ended = 'the loop ended by itself';
        if (this.agent === agent) this.agent = undefined;
      },
      (error: unknown) => {
        agent.ended = error instanceof Error ? (error.stack ?? error.message) : String(error);
      },
    );
    return agent;
  }

  /** A real prober. What it wrote down outlives the agent. */
  #prober(env: Env, cri: Cri, life: Life, recorder: EventRing): Prober {
    const answer: ProbeHandler = (attempt) => life.guard(async () => (await this.#options.probe?.(attempt)) ?? STOPPED);
    const mirror = {
      write: (verdicts: ReadonlyMap<string, Verdict>) =>
        life.guard(async () => {
          this.#verdicts = verdicts;
        }),
    };
    return createProber({
      env,
      handlers: { ...probeHandlers({ env, cri }), httpGet: answer, tcpSocket: answer, grpc: answer },
      verdicts: new Verdicts({ env, mirror, known: this.#verdicts }),
      record: recorder.record,
      meter: { ended: () => {}, late: () => {} },
      execsAtOnce: 4,
    });
  }

  /** kill -9. */
  killAgent(): void {
    if (this.agent) this.trace(`#${this.agent.number} is killed`);
    this.agent?.life.kill();
  }

  /** SIGTERM. */
  stopAgent(): void {
    this.agent?.abort.abort();
  }
}

/** Virtual time since the start, e.g. `0d00:01:02.345`. */
export function stamp(clock: Clock): string {
  const ms = clock.elapsedMs;
  const text = new Date(EPOCH_MS + (ms % 86_400_000)).toISOString().slice(11, 23);
  return `${Math.floor(ms / 86_400_000)}d${text}`;
}
