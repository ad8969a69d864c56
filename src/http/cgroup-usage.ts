/** What the kernel counts of a container and CRI does not tell, from its cgroup's files, version 1 and 2. */
import type { Node } from '../kubelet/node.ts';
import { podCgroupPath } from '../kubelet/sandbox/cgroups.ts';
import type { QosClass } from '../kubelet/sandbox/qos.ts';
import { readKernelFile } from './kernel-file.ts';

export const CGROUP_ROOT = '/sys/fs/cgroup';
/** Of the largest number of 64 bits. */
const MAX_DIGITS = 20;

/** Absent: not counted here. */
export interface CgroupUsage {
  readonly cpuPeriods?: number;
  readonly cpuThrottledPeriods?: number;
  readonly cpuThrottledSeconds?: number;
  readonly cpuUserSeconds?: number;
  readonly cpuSystemSeconds?: number;
  readonly memoryCacheBytes?: number;
  readonly memorySwapBytes?: number;
  readonly processes?: number;
  readonly io: readonly DeviceUsage[];
}

export interface DeviceUsage {
  /** `major:minor`. */
  readonly device: string;
  readonly readBytes: number;
  readonly writtenBytes: number;
  readonly reads: number;
  readonly writes: number;
}

// Paths are put together as text: `path.join` looks at each character, which an interpreter feels over hundreds of files.

/** The container's cgroup as containerd and CRI-O name it, relative to the root of the hierarchy. */
export function containerCgroups(uid: string, qos: QosClass, id: string, node: Node): string[] {
  const pod = podCgroupPath(uid, qos, node);
  if (node.cgroupDriver === 'cgroupfs') return [`${pod}/${id}`, `${pod}/crio-${id}`];
  return [`${pod}/cri-containerd-${id}.scope`, `${pod}/crio-${id}.scope`];
}

/** `root`: where the cgroup file system is mounted. */
export function cgroupUsage(paths: readonly string[], version: 1 | 2, root = CGROUP_ROOT): CgroupUsage {
  for (const path of paths) {
    const found = version === 2 ? readV2(`${root}/${path}`) : readV1(root, path);
    if (found) return found;
  }
  return { io: [] };
}

function readV2(group: string): CgroupUsage | undefined {
  const files = ['cpu.stat', 'memory.stat', 'memory.swap.current', 'pids.current', 'io.stat'];
  const [cpuText, memoryText, swap, pids, io] = files.map((name) => readKernelFile(`${group}/${name}`));
  if (cpuText === undefined) return undefined;
  return {
    ...defined('cpuPeriods', field(cpuText, 'nr_periods')),
    ...defined('cpuThrottledPeriods', field(cpuText, 'nr_throttled')),
    ...defined('cpuThrottledSeconds', scaled(field(cpuText, 'throttled_usec'), 1e-6)),
    ...defined('cpuUserSeconds', scaled(field(cpuText, 'user_usec'), 1e-6)),
    ...defined('cpuSystemSeconds', scaled(field(cpuText, 'system_usec'), 1e-6)),
    ...defined('memoryCacheBytes', field(memoryText, 'file')),
    ...defined('memorySwapBytes', number(swap)),
    ...defined('processes', number(pids)),
    io: (io ?? '').split('\n').flatMap(ioOfV2),
  };
}

/** `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`. */
function ioOfV2(line: string): DeviceUsage[] {
  const [device = '', ...pairs] = line.trim().split(' ');
  const values = Object.fromEntries(pairs.map((pair) => pair.split('=')));
  if (!/^\d+:\d+$/.test(device) || values.rbytes === undefined) return [];
  const [readBytes, writtenBytes, reads, writes] = ['rbytes', 'wbytes', 'rios', 'wios'].map((name) =>
    Number(values[name]),
  );
  return [
    { device, readBytes: readBytes ?? 0, writtenBytes: writtenBytes ?? 0, reads: reads ?? 0, writes: writes ?? 0 },
  ];
}

const V1_FILES = [
  ['cpu', 'cpu.stat'],
  ['cpuacct', 'cpuacct.stat'],
  ['memory', 'memory.stat'],
  ['pids', 'pids.current'],
  ['blkio', 'blkio.throttle.io_service_bytes'],
  ['blkio', 'blkio.throttle.io_serviced'],
] as const;

function readV1(root: string, path: string): CgroupUsage | undefined {
  const [cpuText, accountText, memoryText, pids, bytes, operations] = V1_FILES.map(([controller, name]) =>
    readKernelFile(`${root}/${controller}/${path}/${name}`),
  );
  if (cpuText === undefined && memoryText === undefined) return undefined;
  return {
    ...defined('cpuPeriods', field(cpuText, 'nr_periods')),
    ...defined('cpuThrottledPeriods', field(cpuText, 'nr_throttled')),
    ...defined('cpuThrottledSeconds', scaled(field(cpuText, 'throttled_time'), 1e-9)),
    // Ticks of a hundredth of a second (USER_HZ).
    ...defined('cpuUserSeconds', scaled(field(accountText, 'user'), 1e-2)),
    ...defined('cpuSystemSeconds', scaled(field(accountText, 'system'), 1e-2)),
    ...defined('memoryCacheBytes', field(memoryText, 'total_cache')),
    ...defined('memorySwapBytes', field(memoryText, 'total_swap')),
    ...defined('processes', number(pids)),
    io: ioOfV1(bytes ?? '', operations ?? ''),
  };
}

/** Lines of `8:0 Read 4096`, one file for bytes and one for operations. */
function ioOfV1(bytes: string, operations: string): DeviceUsage[] {
  const count = (lines: string) => {
    const counts = new Map<string, number>();
    for (const [, device, kind, value] of lines.matchAll(/^(\d+:\d+) (Read|Write) (\d+)$/gm))
      counts.set(`${device} ${kind}`, Number(value));
    return counts;
  };
  const [sizes, numbers] = [count(bytes), count(operations)];
  const devices = [...new Set([...sizes.keys()].map((key) => key.split(' ')[0] ?? ''))];
  return devices.map((device) => ({
    device,
    readBytes: sizes.get(`${device} Read`) ?? 0,
    writtenBytes: sizes.get(`${device} Write`) ?? 0,
    reads: numbers.get(`${device} Read`) ?? 0,
    writes: numbers.get(`${device} Write`) ?? 0,
  }));
}

/** The value of a name in lines of `name number`. */
function field(lines: string | undefined, name: string): number | undefined {
  if (lines === undefined) return undefined;
  const begin = lines.startsWith(`${name} `) ? 0 : lines.indexOf(`\n${name} `) + 1;
  const from = begin + name.length + 1;
  if (begin === 0 && lines.slice(0, from) !== `${name} `) return undefined;
  const value = Number.parseInt(lines.slice(from, from + MAX_DIGITS), 10);
  return Number.isNaN(value) ? undefined : value;
}

function number(line: string | undefined): number | undefined {
  return line !== undefined && /^\d+\s*$/.test(line) ? Number(line) : undefined;
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}

function defined<K extends string>(key: K, value: number | undefined): { [P in K]?: number } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: number };
}
