/**
 * What Pods and the machine use, measured when somebody asks. Who asks while it is measured, or within a second after,
 * shares the measurement: with a hundred Pods a runtime may take longer than that second. A rate needs two: where none
 * is at hand a second one is taken after a moment, so that an idle agent measures nothing.
 */
import { type Cri, CriError } from '../cri/port.ts';
import type { ContainerStats, CpuUsage, CriStats, InterfaceUsage, MemoryUsage, SandboxStats } from '../cri/stats.ts';
import { type Env, sleep } from '../kubelet/env.ts';
import { ownerLabels, POD_NAME, POD_NAMESPACE, POD_UID } from '../kubelet/labels.ts';
import type { Node } from '../kubelet/node.ts';
import { type FilesystemSpace, type NodeUsage, nodeUsage, spaceOf } from './node-usage.ts';
import { PodNetworks } from './pod-network.ts';
import { unavailable } from './status.ts';

const SHARED_MS = 1000;
/** The least time between two measurements that gives a fair rate, and the longest that is still about now. */
const MIN_RATE_MS = 500;
const MAX_RATE_MS = 60_000;

export interface PodUsage {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly sandboxId: string;
  /** Of the Pod as a whole; the sum of its containers where the runtime does not tell. */
  readonly cpu?: CpuUsage;
  readonly memory?: MemoryUsage;
  readonly network?: { readonly timestampMs: number; readonly interfaces: readonly InterfaceUsage[] };
  readonly processCount?: number;
  /** Running ones, by name. */
  readonly containers: readonly ContainerStats[];
}

export interface Usage {
  readonly atMs: number;
  readonly node: NodeUsage;
  /** Running Pods in the order of namespace and name. */
  readonly pods: readonly PodUsage[];
  /** The file system of the root directory. */
  readonly fs?: FilesystemSpace;
  readonly imageFs?: FilesystemSpace & { usedBytes: number; inodesUsed: number };
}

export interface StatsOptions {
  readonly env: Env;
  readonly node: Node;
  readonly cri: Pick<Cri, 'imageFsInfo'> & CriStats;
  /** The machine's own by default. */
  readonly networks?: Pick<PodNetworks, 'read'>;
}

interface Measurement {
  readonly hasRates: boolean;
  readonly usage: Promise<Usage>;
  /** Monotonic; absent: it is under way. */
  endedMs?: number;
}

export class Stats {
  readonly #o: StatsOptions;
  #current: Measurement | undefined;
  /** Cumulative CPU of one or two earlier measurements, the newest last. */
  #samples: CpuSample[] = [];
  #hasSandboxStats = true;
  readonly #networks: Pick<PodNetworks, 'read'>;

  constructor(options: StatsOptions) {
    this.#o = options;
    this.#networks = options.networks ?? new PodNetworks({ node: options.node });
  }

  /** With rates it may take half a second longer. Throws 503 when the runtime does not answer. */
  read(hasRates: boolean): Promise<Usage> {
    const { env } = this.#o;
    const known = this.#current;
    const isFresh = known && (known.endedMs === undefined || env.monotonicMs() - known.endedMs < SHARED_MS);
    if (isFresh && (known.hasRates || !hasRates)) return known.usage;
    const current: Measurement = { hasRates, usage: this.#measure(hasRates) };
    this.#current = current;
    current.usage.then(
      () => {
        current.endedMs = env.monotonicMs();
      },
      () => {
        if (this.#current === current) this.#current = undefined;
      },
    );
    return current.usage;
  }

  async #measure(hasRates: boolean): Promise<Usage> {
    const { env } = this.#o;
    const first = await this.#look();
    const earlier = this.#samples.findLast(({ atMs }) => isFair(env.monotonicMs() - atMs));
    this.#remember(first);
    if (earlier) return withRates(first, earlier);
    if (!hasRates) return first;
    const began = sampleOf(first, env.monotonicMs());
    await sleep(env, MIN_RATE_MS);
    const second = await this.#look();
    this.#remember(second);
    return withRates(second, began);
  }

  #remember(usage: Usage): void {
    const nowMs = this.#o.env.monotonicMs();
    const last = this.#samples.at(-1);
    if (last && nowMs - last.atMs < MIN_RATE_MS) return;
    this.#samples = [...this.#samples.slice(-1), sampleOf(usage, nowMs)];
  }

  async #look(): Promise<Usage> {
    const { env, node, cri } = this.#o;
    const labels = ownerLabels(node.rootDir);
    try {
      const [machine, containers, sandboxes, fs, images] = await Promise.all([
        nodeUsage(env.nowMs()),
        cri.listContainerStats(labels),
        this.#sandboxes(labels),
        spaceOf(node.rootDir),
        cri.imageFsInfo().catch(() => []),
      ]);
      const [image] = images;
      const imageSpace = image && (await spaceOf(image.mountpoint));
      return {
        atMs: env.nowMs(),
        node: machine,
        pods: this.#withNetworks(podUsages(containers, sandboxes)),
        ...(fs && { fs }),
        ...(image &&
          imageSpace && { imageFs: { ...imageSpace, usedBytes: image.usedBytes, inodesUsed: image.inodesUsed } }),
      };
    } catch (error) {
      if (error instanceof CriError)
        throw unavailable(`the container runtime does not tell what is used: ${error.message}`);
      throw error;
    }
  }

  /** The kernel's counters where they can be read: they are more than CRI has. */
  #withNetworks(pods: PodUsage[]): PodUsage[] {
    const atMs = this.#o.env.nowMs();
    const subjects = pods.map(({ uid, sandboxId, containers }) => ({
      uid,
      id: sandboxId || (containers[0]?.id ?? ''),
    }));
    const found = this.#networks.read(subjects);
    return pods.map((pod) => {
      const interfaces = found.get(pod.uid);
      return interfaces ? { ...pod, network: { timestampMs: atMs, interfaces } } : pod;
    });
  }

  async #sandboxes(labels: Record<string, string>): Promise<SandboxStats[]> {
    if (!this.#hasSandboxStats) return [];
    try {
      return await this.#o.cri.listPodSandboxStats(labels);
    } catch (error) {
      // Some fail as a whole for one sandbox that is going away.
      if (error instanceof CriError && error.code === 'unimplemented') this.#hasSandboxStats = false;
      return [];
    }
  }
}

/** Running containers gathered by Pod; the newest attempt of each name. */
export function podUsages(containers: readonly ContainerStats[], sandboxes: readonly SandboxStats[]): PodUsage[] {
  const pods = new Map<string, { labels: Record<string, string>; containers: Map<string, ContainerStats> }>();
  for (const one of containers) {
    const uid = one.labels[POD_UID];
    if (uid === undefined || !one.cpu || !one.memory) continue;
    const pod = pods.get(uid) ?? { labels: one.labels, containers: new Map() };
    pods.set(uid, pod);
    if ((pod.containers.get(one.name)?.attempt ?? -1) < one.attempt) pod.containers.set(one.name, one);
  }
  const byUid = new Map(sandboxes.filter(({ cpu }) => cpu).map((one) => [one.labels[POD_UID], one]));
  const usages = [...pods].map(([uid, pod]): PodUsage => {
    const own = byUid.get(uid);
    const list = [...pod.containers.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    const { cpu = sumCpu(list), memory = sumMemory(list) } = own ?? {};
    return {
      namespace: pod.labels[POD_NAMESPACE] ?? '',
      name: pod.labels[POD_NAME] ?? '',
      uid,
      sandboxId: own?.id ?? '',
      cpu,
      memory,
      ...(own?.network && { network: own.network }),
      ...(own?.processCount !== undefined && { processCount: own.processCount }),
      containers: list,
    };
  });
  return usages.sort((a, b) => (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1));
}

function sumCpu(containers: readonly ContainerStats[]): CpuUsage {
  return {
    timestampMs: Math.max(0, ...containers.map(({ cpu }) => cpu?.timestampMs ?? 0)),
    usageCoreNanoSeconds: total(containers.map(({ cpu }) => cpu?.usageCoreNanoSeconds)),
  };
}

function sumMemory(containers: readonly ContainerStats[]): MemoryUsage {
  return {
    timestampMs: Math.max(0, ...containers.map(({ memory }) => memory?.timestampMs ?? 0)),
    workingSetBytes: total(containers.map(({ memory }) => memory?.workingSetBytes)),
    usageBytes: total(containers.map(({ memory }) => memory?.usageBytes)),
    rssBytes: total(containers.map(({ memory }) => memory?.rssBytes)),
  };
}

function total(values: readonly (number | undefined)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

interface CpuSample {
  /** Monotonic. */
  readonly atMs: number;
  readonly cpu: ReadonlyMap<string, CpuUsage>;
}

const isFair = (gapMs: number) => gapMs >= MIN_RATE_MS && gapMs <= MAX_RATE_MS;

function sampleOf({ node, pods }: Usage, atMs: number): CpuSample {
  const cpu = new Map<string, CpuUsage>();
  if (node.cpu) cpu.set('', node.cpu);
  for (const pod of pods) {
    if (pod.cpu) cpu.set(pod.uid, pod.cpu);
    for (const container of pod.containers) if (container.cpu) cpu.set(container.id, container.cpu);
  }
  return { atMs, cpu };
}

/** Rates between the sample and now, where the runtime gave none. */
function withRates(usage: Usage, { cpu: before }: CpuSample): Usage {
  const rated = (id: string, now: CpuUsage | undefined): { cpu?: CpuUsage } => {
    const then = before.get(id);
    if (!now || now.usageNanoCores !== undefined || !then) return now ? { cpu: now } : {};
    const seconds = (now.timestampMs - then.timestampMs) / 1000;
    const used = (now.usageCoreNanoSeconds ?? 0) - (then.usageCoreNanoSeconds ?? 0);
    return { cpu: seconds > 0 ? { ...now, usageNanoCores: Math.max(0, Math.round(used / seconds)) } : now };
  };
  return {
    ...usage,
    node: { ...usage.node, ...rated('', usage.node.cpu) },
    pods: usage.pods.map((pod) => ({
      ...pod,
      ...rated(pod.uid, pod.cpu),
      containers: pod.containers.map((one) => ({ ...one, ...rated(one.id, one.cpu) })),
    })),
  };
}
