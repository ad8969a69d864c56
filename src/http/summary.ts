/** `/stats/summary`: what Telegraf, OpenTelemetry and Datadog read. Source: staging kubelet/pkg/apis/stats/v1alpha1. */
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ContainerStats, CpuUsage, InterfaceUsage, MemoryUsage } from '../cri/stats.ts';
import type { Published } from '../kubelet/published.ts';
import { rfc3339 } from './duration.ts';
import type { FilesystemSpace } from './node-usage.ts';
import type { PodUsage, Usage } from './stats.ts';
import type { VolumeUsage } from './volume-usage.ts';

/** More files than this in one log directory are not counted. */
const MAX_LOG_FILES = 1000;

export interface SummaryInput {
  readonly usage: Usage;
  readonly published: Published;
  /** When a container started, by its id, ms. */
  readonly startedMs: ReadonlyMap<string, number>;
  readonly onlyCpuAndMemory: boolean;
  readonly volumes: readonly VolumeUsage[];
}

export async function summary(input: SummaryInput): Promise<object> {
  const { usage, published, onlyCpuAndMemory } = input;
  const { node, fs, imageFs, atMs } = usage;
  const time = rfc3339(atMs);
  return {
    node: {
      nodeName: published.node.name,
      startTime: rfc3339(published.startedAtMs),
      ...cpuAndMemory(node),
      ...(!onlyCpuAndMemory && {
        ...(node.network && { network: network(node.network, [node.network], time) }),
        ...(fs && { fs: filesystem(fs, fs.capacityBytes - fs.availableBytes, fs.inodes - fs.inodesFree, time) }),
        ...(imageFs && { runtime: { imageFs: filesystem(imageFs, imageFs.usedBytes, imageFs.inodesUsed, time) } }),
        ...(node.processes && { rlimit: { time, maxpid: node.processes.limit, curproc: node.processes.now } }),
        ...(node.swapUsageBytes !== undefined && { swap: { time, swapUsageBytes: node.swapUsageBytes } }),
      }),
    },
    pods: await Promise.all(usage.pods.map((pod) => podSummary(pod, input))),
  };
}

async function podSummary(pod: PodUsage, input: SummaryInput): Promise<object> {
  const { usage, published, onlyCpuAndMemory } = input;
  const time = rfc3339(usage.atMs);
  const startTime = published.pods.find((one) => one.pod.metadata.uid === pod.uid)?.pod.status?.startTime;
  const [first] = pod.network?.interfaces ?? [];
  const containers = await Promise.all(pod.containers.map((one) => containerSummary(one, pod, input)));
  const volumes = input.volumes.filter(({ uid }) => uid === pod.uid);
  return {
    podRef: { name: pod.name, namespace: pod.namespace, uid: pod.uid },
    ...(startTime && { startTime }),
    containers,
    ...cpuAndMemory(pod),
    ...(!onlyCpuAndMemory && {
      ...(first && { network: network(first, pod.network?.interfaces ?? [], time) }),
      ...(volumes.length > 0 && { volume: volumes.map((one) => volumeSummary(one, pod.namespace, time)) }),
      ...(usage.fs && { 'ephemeral-storage': ephemeralStorage(usage.fs, containers, volumes, time) }),
      ...(pod.processCount !== undefined && { process_stats: { process_count: pod.processCount } }),
    }),
  };
}

function volumeSummary(volume: VolumeUsage, namespace: string, time: string): object {
  const { name, claim, usedBytes, inodesUsed } = volume;
  return {
    ...filesystem(volume, usedBytes, inodesUsed, time),
    name,
    ...(claim !== undefined && { pvcRef: { name: claim, namespace } }),
  };
}

/** What a Pod takes of the machine's disk: layers, logs and emptyDirs (pkg/kubelet/stats calcEphemeralStorage). */
function ephemeralStorage(
  fs: FilesystemSpace,
  containers: readonly ContainerSummary[],
  volumes: readonly VolumeUsage[],
  time: string,
): object {
  const parts = [
    ...containers.flatMap(({ rootfs, logs }) => [rootfs, logs]),
    ...volumes.filter(({ isScratch }) => isScratch),
  ];
  const sum = (key: 'usedBytes' | 'inodesUsed') => parts.reduce((total, part) => total + (part?.[key] ?? 0), 0);
  return filesystem(fs, sum('usedBytes'), sum('inodesUsed'), time);
}

interface ContainerSummary {
  readonly rootfs?: FilesystemSummary | undefined;
  readonly logs?: FilesystemSummary | undefined;
}

async function containerSummary(
  container: ContainerStats,
  pod: PodUsage,
  input: SummaryInput,
): Promise<ContainerSummary & { name: string }> {
  const { usage, published, startedMs, onlyCpuAndMemory } = input;
  const { imageFs, fs } = usage;
  const time = rfc3339(usage.atMs);
  const { writableLayer: layer } = container;
  const begun = startedMs.get(container.id);
  const logs = onlyCpuAndMemory
    ? undefined
    : await sizeOf(join(published.node.podLogsDir, `${pod.namespace}_${pod.name}_${pod.uid}`, container.name));
  return {
    name: container.name,
    ...(begun !== undefined && { startTime: rfc3339(begun) }),
    ...cpuAndMemory(container),
    ...(!onlyCpuAndMemory && {
      ...(layer && imageFs && { rootfs: filesystem(imageFs, layer.usedBytes ?? 0, layer.inodesUsed ?? 0, time) }),
      ...(logs && fs && { logs: filesystem(fs, logs.bytes, logs.files, time) }),
      ...(container.swapUsageBytes !== undefined && { swap: { time, swapUsageBytes: container.swapUsageBytes } }),
    }),
  };
}

function cpuAndMemory({ cpu, memory }: { cpu?: CpuUsage; memory?: MemoryUsage }): object {
  const [cpuAt, memoryAt] = [cpu, memory].map((one) => (one ? rfc3339(one.timestampMs) : ''));
  const { timestampMs: _cpu, ...cpuRest } = cpu ?? { timestampMs: 0 };
  const { timestampMs: _memory, ...memoryRest } = memory ?? { timestampMs: 0 };
  return {
    ...(cpu && { cpu: { time: cpuAt, ...cpuRest } }),
    ...(memory && { memory: { time: memoryAt, ...memoryRest } }),
  };
}

/** The kubelet's type has bytes and errors; packets are in the metrics. */
function network(main: InterfaceUsage, interfaces: readonly InterfaceUsage[], time: string): object {
  const told = ({ name, rxBytes, rxErrors, txBytes, txErrors }: InterfaceUsage) => ({
    name,
    rxBytes,
    rxErrors,
    txBytes,
    txErrors,
  });
  return { time, ...told(main), interfaces: interfaces.map(told) };
}

type FilesystemSummary = FilesystemSpace & { time: string; usedBytes: number; inodesUsed: number };

function filesystem(space: FilesystemSpace, usedBytes: number, inodesUsed: number, time: string): FilesystemSummary {
  const { availableBytes, capacityBytes, inodes, inodesFree } = space;
  return { time, availableBytes, capacityBytes, usedBytes, inodesFree, inodes, inodesUsed };
}

async function sizeOf(directory: string): Promise<{ bytes: number; files: number } | undefined> {
  const names = await readdir(directory).catch(() => undefined);
  if (!names) return undefined;
  const sizes = await Promise.all(
    names.slice(0, MAX_LOG_FILES).map((name) =>
      stat(join(directory, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return { bytes: sizes.reduce((sum, size) => sum + size, 0), files: sizes.length };
}
