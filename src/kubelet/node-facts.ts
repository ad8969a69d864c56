/** Looks at the machine once: what `Node` holds. All paths are below `root`, so that tests can give a tree of their own. */
import { readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import type { Config } from '../config/types.ts';
import type { Node } from './node.ts';
import { formatPageSize } from './sandbox/huge-pages.ts';
import { bytesOf, milliOf } from './sandbox/quantities.ts';
import { readLimited } from './volumes/files.ts';

const LIMIT_BYTES = 1024 * 1024;

/** Go's names of architectures where they differ from Node's. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  ppc64: 'ppc64le',
  mipsel: 'mipsle',
};

type Interfaces = NodeJS.Dict<os.NetworkInterfaceInfo[]>;

export interface Machine {
  root: string;
  interfaces: () => Interfaces;
  cpus: number;
  memoryBytes: number;
}

function thisMachine(): Machine {
  return { root: '/', interfaces: os.networkInterfaces, cpus: os.cpus().length, memoryBytes: os.totalmem() };
}

/** What cannot be found out is left empty; never rejects. `cgroupDriver` is the configured one: ask the runtime too. */
export async function gatherNode(config: Config, machine: Machine = thisMachine()): Promise<Node> {
  const { root, memoryBytes } = machine;
  const cpuMillis = machine.cpus * 1000;
  const cgroupVersion = (await exists(join(root, 'sys/fs/cgroup/cgroup.controllers'))) ? 2 : 1;
  const reserved = [config.systemReserved, config.kubeReserved];
  return {
    name: config.nodeName,
    ips: await addresses(config.nodeIp, machine),
    rootDir: config.rootDir,
    podLogsDir: config.podLogsDir,
    cgroupDriver: config.cgroupDriver,
    cgroupVersion,
    cgroupRoot: config.cgroupRoot,
    cpuCFSQuota: config.cpuCFSQuota,
    cpuMillis,
    memoryBytes,
    allocatable: {
      cpuMillis: Math.max(0, cpuMillis - sum(reserved.map((list) => milliOf(list, 'cpu')))),
      memoryBytes: Math.max(0, memoryBytes - sum(reserved.map((list) => bytesOf(list, 'memory')))),
    },
    hugePageSizes: await hugePageSizes(root),
    swapAccounting: await swapAccounting(root, cgroupVersion),
    maskedPaths: await throttlePaths(root),
    podPidsLimit: config.podPidsLimit,
    seccompDefault: config.seccompDefault,
    clusterDomain: config.clusterDomain,
    clusterDNS: config.clusterDNS,
    kernelVersion: await text(root, 'proc/sys/kernel/osrelease'),
    osImage: await osImage(root),
    architecture: ARCHITECTURES[process.arch] ?? process.arch,
    machineId: (await text(root, 'etc/machine-id')) || (await text(root, 'var/lib/dbus/machine-id')),
    bootId: await text(root, 'proc/sys/kernel/random/boot_id'),
  };
}

/**
 * Addresses of this machine, the preferred one first: `nodeIp` (may be `v4,v6`) when it is set, else the first global
 * address of the interface with the default route per family, IPv4 first, else any global address. Never rejects.
 */
export async function addresses(nodeIp: string, machine: Machine = thisMachine()): Promise<readonly string[]> {
  const asked = nodeIp.split(',').map((ip) => ip.trim());
  if (nodeIp !== '') return asked.filter((ip) => ip !== '');
  const interfaces = machine.interfaces();
  const routes = [
    { family: 'IPv4', name: defaultRoute4(await text(machine.root, 'proc/net/route')) },
    { family: 'IPv6', name: defaultRoute6(await text(machine.root, 'proc/net/ipv6_route')) },
  ];
  const found = routes.flatMap(({ family, name }) => {
    const usable = name === undefined ? [] : usableAddresses(interfaces[name]);
    return usable.filter((one) => one.family === family).slice(0, 1);
  });
  const any = Object.values(interfaces).flatMap(usableAddresses).slice(0, 1);
  return (found.length > 0 ? found : any).map((one) => one.address);
}

function usableAddresses(list: os.NetworkInterfaceInfo[] | undefined): os.NetworkInterfaceInfo[] {
  return (list ?? []).filter(({ internal, address }) => !internal && !/^(169\.254\.|fe[89ab])/i.test(address));
}

/** Lines of `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, hexadecimal; the smallest metric wins. */
export function defaultRoute4(table: string): string | undefined {
  const routes = table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, destination, , flags, , , , mask]) => destination === '00000000' && mask === '00000000' && isUp(flags))
    .map(([name, , , , , , metric]) => ({ name, metric: Number(metric) }));
  return smallestMetric(routes);
}

/** Lines of `destination length source length next-hop metric refcount use flags interface`, hexadecimal. */
export function defaultRoute6(table: string): string | undefined {
  const routes = table
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, length, , , , , , , flags, name]) => length === '00' && isUp(flags) && name !== 'lo')
    .map((fields) => ({ name: fields[9], metric: Number.parseInt(fields[5] ?? '', 16) }));
  return smallestMetric(routes);
}

const RTF_UP = 1;
const RTF_REJECT = 0x200;

function isUp(flags: string | undefined): boolean {
  return (Number.parseInt(flags ?? '', 16) & (RTF_UP | RTF_REJECT)) === RTF_UP;
}

function smallestMetric(routes: { name: string | undefined; metric: number }[]): string | undefined {
  return routes.sort((a, b) => a.metric - b.metric)[0]?.name;
}

async function osImage(root: string): Promise<string> {
  const release = (await text(root, 'etc/os-release')) || (await text(root, 'usr/lib/os-release'));
  const value = /^PRETTY_NAME=(.*)$/m.exec(release)?.[1]?.trim() ?? '';
  return value.replace(/^(["'])(.*)\1$/, '$2');
}

/** From directories such as `hugepages-2048kB`, smallest first. */
async function hugePageSizes(root: string): Promise<string[]> {
  const names = await list(root, 'sys/kernel/mm/hugepages');
  const sizes = names.flatMap((name) => {
    const kibibytes = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    return kibibytes === undefined ? [] : [Number(kibibytes) * 1024];
  });
  return sizes.sort((a, b) => a - b).map(formatPageSize);
}

async function swapAccounting(root: string, cgroupVersion: 1 | 2): Promise<boolean> {
  if (cgroupVersion === 1) return exists(join(root, 'sys/fs/cgroup/memory/memory.memsw.limit_in_bytes'));
  // The root group has no such file: our own group has one, unless it is the root.
  const own = /^0::\/(.+)$/m.exec(await text(root, 'proc/self/cgroup'))?.[1];
  if (own === undefined) return (await text(root, 'proc/swaps')).includes('\n');
  return exists(join(root, 'sys/fs/cgroup', own, 'memory.swap.max'));
}

/** Counters that tell one container of another's load (k8s.io/kubernetes pkg/securitycontext). */
async function throttlePaths(root: string): Promise<string[]> {
  const cpus = (await list(root, 'sys/devices/system/cpu')).filter((name) => /^cpu\d+$/.test(name));
  const paths = cpus.sort().map((name) => `/sys/devices/system/cpu/${name}/thermal_throttle`);
  const present = await Promise.all(paths.map((path) => exists(join(root, path))));
  return paths.filter((_, index) => present[index]);
}

const sum = (numbers: number[]) => numbers.reduce((total, one) => total + one, 0);

/** Trimmed; empty when there is no such file. */
async function text(root: string, path: string): Promise<string> {
  return (await readLimited(join(root, path), LIMIT_BYTES).catch(() => '')).toString().trim();
}

async function list(root: string, path: string): Promise<string[]> {
  return readdir(join(root, path)).catch(() => []);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
