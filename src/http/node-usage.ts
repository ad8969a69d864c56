/** What this machine uses, from procfs and statfs, under cgroup version 1 and 2 alike. */
import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { CpuUsage, InterfaceUsage, MemoryUsage } from '../cri/stats.ts';
import { defaultRoute4 } from '../kubelet/node-facts.ts';
import { readLimited } from '../kubelet/volumes/files.ts';
import { parseNetDev } from './net-dev.ts';

const LIMIT_BYTES = 1024 * 1024;
/** Clock ticks of /proc/stat; 100 a second on every Linux that Node runs on (USER_HZ). */
const NANOSECONDS_PER_TICK = 1e7;

export interface FilesystemSpace {
  capacityBytes: number;
  availableBytes: number;
  inodes: number;
  inodesFree: number;
}

export interface NodeUsage {
  cpu?: CpuUsage;
  memory?: MemoryUsage;
  swapUsageBytes?: number;
  /** Of the interface with the default route. */
  network?: InterfaceUsage;
  processes?: { now: number; limit: number };
}

/** What cannot be read is absent; never rejects. `root`: where procfs is found under `proc`. */
export async function nodeUsage(nowMs: number, root = '/'): Promise<NodeUsage> {
  const [stat, meminfo, net, route, loadavg, pidMax] = await Promise.all(
    ['stat', 'meminfo', 'net/dev', 'net/route', 'loadavg', 'sys/kernel/pid_max'].map((name) => text(root, name)),
  );
  const memory = memoryOf(meminfo ?? '');
  const main = defaultRoute4(route ?? '');
  const network = parseNetDev(net ?? '').find(({ name }) => name === main);
  const busyTicks = busyOf(stat ?? '');
  const now = Number(/\d+\/(\d+)/.exec(loadavg ?? '')?.[1] ?? Number.NaN);
  return {
    ...(busyTicks !== undefined && {
      cpu: { timestampMs: nowMs, usageCoreNanoSeconds: busyTicks * NANOSECONDS_PER_TICK },
    }),
    ...(memory && {
      memory: {
        timestampMs: nowMs,
        availableBytes: memory.availableBytes,
        usageBytes: memory.totalBytes - memory.freeBytes,
        workingSetBytes: memory.totalBytes - memory.availableBytes,
        rssBytes: memory.anonymousBytes,
      },
      swapUsageBytes: memory.swapBytes,
    }),
    ...(network && { network }),
    ...(!Number.isNaN(now) && { processes: { now, limit: Number(pidMax ?? '0') } }),
  };
}

/** The file system that `path` is on; undefined when there is no such path. */
export async function spaceOf(path: string): Promise<FilesystemSpace | undefined> {
  try {
    const { bsize, blocks, bavail, files, ffree } = await statfs(path);
    return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize, inodes: files, inodesFree: ffree };
  } catch {
    return undefined;
  }
}

/** `cpu user nice system idle iowait irq softirq steal guest guest_nice`: guest time is in user time already. */
function busyOf(stat: string): number | undefined {
  const ticks = /^cpu +(.+)$/m.exec(stat)?.[1]?.trim().split(/\s+/).map(Number);
  if (!ticks || ticks.length < 4) return undefined;
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks;
  return user + nice + system + irq + softirq + steal;
}

function memoryOf(meminfo: string) {
  const bytes = (name: string) =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? Number.NaN) * 1024;
  const [totalBytes, freeBytes, availableBytes] = [bytes('MemTotal'), bytes('MemFree'), bytes('MemAvailable')];
  if (Number.isNaN(totalBytes) || Number.isNaN(availableBytes)) return undefined;
  const swapBytes = bytes('SwapTotal') - bytes('SwapFree');
  return { totalBytes, freeBytes, availableBytes, anonymousBytes: bytes('AnonPages') || 0, swapBytes: swapBytes || 0 };
}

async function text(root: string, name: string): Promise<string> {
  return (await readLimited(join(root, 'proc', name), LIMIT_BYTES).catch(() => '')).toString();
}
