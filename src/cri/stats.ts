/**
 * What containers use, as the runtime measures it: ListContainerStats and ListPodSandboxStats of CRI v1. Apart from the
 * port, since only the status endpoint asks. What a runtime does not measure is absent.
 */
import { milliseconds } from './convert.ts';

/** Cumulative since the start, and a rate where the runtime computes one. */
export interface CpuUsage {
  timestampMs: number;
  usageCoreNanoSeconds?: number;
  usageNanoCores?: number;
}

export interface MemoryUsage {
  timestampMs: number;
  workingSetBytes?: number;
  availableBytes?: number;
  usageBytes?: number;
  rssBytes?: number;
  pageFaults?: number;
  majorPageFaults?: number;
}

/** One row of ListContainerStats. A container that does not run has neither cpu nor memory. */
export interface ContainerStats {
  id: string;
  name: string;
  attempt: number;
  labels: Record<string, string>;
  cpu?: CpuUsage;
  memory?: MemoryUsage;
  swapUsageBytes?: number;
  writableLayer?: { timestampMs: number; mountpoint: string; usedBytes?: number; inodesUsed?: number };
}

export interface InterfaceUsage {
  name: string;
  rxBytes?: number;
  rxErrors?: number;
  txBytes?: number;
  txErrors?: number;
  /** CRI does not tell these; the kernel does. */
  rxPackets?: number;
  rxDropped?: number;
  txPackets?: number;
  txDropped?: number;
}

/** One row of ListPodSandboxStats: the Pod as a whole. */
export interface SandboxStats {
  id: string;
  labels: Record<string, string>;
  cpu?: CpuUsage;
  memory?: MemoryUsage;
  network?: { timestampMs: number; interfaces: InterfaceUsage[] };
  processCount?: number;
}

/** Both reject with CriError; not every runtime has the second one (`unimplemented`). */
export interface CriStats {
  listContainerStats(labels: Record<string, string>): Promise<ContainerStats[]>;
  listPodSandboxStats(labels: Record<string, string>): Promise<SandboxStats[]>;
}

type Wrapped = { value: number } | null;
type WireCpu = { timestamp: number; usageCoreNanoSeconds: Wrapped; usageNanoCores: Wrapped } | null;
type WireMemory = ({ timestamp: number } & Record<Exclude<keyof MemoryUsage, 'timestampMs'>, Wrapped>) | null;
type WireInterface = { name: string; rxBytes: Wrapped; rxErrors: Wrapped; txBytes: Wrapped; txErrors: Wrapped };

export interface WireContainerStats {
  attributes: { id: string; metadata: { name: string; attempt: number } | null; labels: Record<string, string> } | null;
  cpu: WireCpu;
  memory: WireMemory;
  writableLayer: {
    timestamp: number;
    fsId: { mountpoint: string } | null;
    usedBytes: Wrapped;
    inodesUsed: Wrapped;
  } | null;
  swap: { swapUsageBytes: Wrapped } | null;
}

export interface WireSandboxStats {
  attributes: { id: string; labels: Record<string, string> } | null;
  linux: {
    cpu: WireCpu;
    memory: WireMemory;
    network: { timestamp: number; defaultInterface: WireInterface | null; interfaces: WireInterface[] } | null;
    process: { processCount: Wrapped } | null;
  } | null;
}

export function toContainerStats({ attributes, cpu, memory, writableLayer, swap }: WireContainerStats): ContainerStats {
  return {
    id: attributes?.id ?? '',
    name: attributes?.metadata?.name ?? '',
    attempt: attributes?.metadata?.attempt ?? 0,
    labels: attributes?.labels ?? {},
    ...usage(cpu, memory),
    ...given('swapUsageBytes', swap?.swapUsageBytes),
    ...(writableLayer && {
      writableLayer: {
        timestampMs: milliseconds(writableLayer.timestamp),
        mountpoint: writableLayer.fsId?.mountpoint ?? '',
        ...given('usedBytes', writableLayer.usedBytes),
        ...given('inodesUsed', writableLayer.inodesUsed),
      },
    }),
  };
}

export function toSandboxStats({ attributes, linux }: WireSandboxStats): SandboxStats {
  const network = linux?.network;
  const interfaces = network ? [network.defaultInterface, ...network.interfaces] : [];
  return {
    id: attributes?.id ?? '',
    labels: attributes?.labels ?? {},
    ...usage(linux?.cpu ?? null, linux?.memory ?? null),
    ...(network && {
      network: {
        timestampMs: milliseconds(network.timestamp),
        interfaces: interfaces.flatMap((one) => (one ? [toInterface(one)] : [])),
      },
    }),
    ...given('processCount', linux?.process?.processCount),
  };
}

function toInterface({ name, rxBytes, rxErrors, txBytes, txErrors }: WireInterface): InterfaceUsage {
  return {
    name,
    ...given('rxBytes', rxBytes),
    ...given('rxErrors', rxErrors),
    ...given('txBytes', txBytes),
    ...given('txErrors', txErrors),
  };
}

/** A runtime sends an empty message for a container that does not run. */
function usage(cpu: WireCpu, memory: WireMemory): { cpu?: CpuUsage; memory?: MemoryUsage } {
  return {
    ...(cpu?.timestamp && {
      cpu: {
        timestampMs: milliseconds(cpu.timestamp),
        ...given('usageCoreNanoSeconds', cpu.usageCoreNanoSeconds),
        ...given('usageNanoCores', cpu.usageNanoCores),
      },
    }),
    ...(memory?.timestamp && {
      memory: {
        timestampMs: milliseconds(memory.timestamp),
        ...given('workingSetBytes', memory.workingSetBytes),
        ...given('availableBytes', memory.availableBytes),
        ...given('usageBytes', memory.usageBytes),
        ...given('rssBytes', memory.rssBytes),
        ...given('pageFaults', memory.pageFaults),
        ...given('majorPageFaults', memory.majorPageFaults),
      },
    }),
  };
}

function given<K extends string>(key: K, wrapped: Wrapped | undefined): { [P in K]?: number } {
  return (wrapped ? { [key]: wrapped.value } : {}) as { [P in K]?: number };
}
