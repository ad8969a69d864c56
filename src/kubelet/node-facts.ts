/** Looks at the machine once: what `Node` holds. All paths are below `root`, so that tests can give a tree of their own. */
import { readdir, stat, statfs } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import type { Config } from '../config/types.ts';
import { canonicalQuantity } from './manifest/quantity.ts';
import type { Node, NodeAmounts } from './node.ts';
import type { Policy } from './policy.ts';
import { formatPageSize } from './sandbox/huge-pages.ts';
import { bytesOf, milliOf } from './sandbox/quantities.ts';
import { isMissing, readLimited } from './volumes/files.ts';

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
  /** Of the file system that holds a path, or will when it is made. */
  fileSystemBytes: (path: string) => Promise<number | undefined>;
}

function thisMachine(): Machine {
  return {
    root: '/',
    interfaces: os.networkInterfaces,
    cpus: os.cpus().length,
    memoryBytes: os.totalmem(),
    fileSystemBytes,
  };
}

/** What cannot be found out is left empty; never rejects. `cgroupDriver` is the configured one: ask the runtime too. */
export async function gatherNode(config: Config, machine: Machine = thisMachine()): Promise<Node> {
  const { root } = machine;
  const capacity = await machineAmounts(config.rootDir, machine);
  const cgroupVersion = (await exists(join(root, 'sys/fs/cgroup/cgroup.controllers'))) ? 2 : 1;
  return {
    name: config.nodeName,
    ips: await addresses(config.nodeIp, machine),
    rootDir: config.rootDir,
    podLogsDir: config.podLogsDir,
    cgroupDriver: config.cgroupDriver,
    cgroupVersion,
    cgroupRoot: config.cgroupRoot,
    cpuCFSQuota: config.cpuCFSQuota,
    ...capacity,
    allocatable: allocatable(capacity, [config.systemReserved, config.kubeReserved]),
    hugePageSizes: await hugePageSizes(root),
    swapAccounting: await swapAccounting(root, cgroupVersion),
    maskedPaths: await throttlePaths(root),
    ...liveFacts(config),
    appArmor: (await text(root, 'sys/module/apparmor/parameters/enabled')).startsWith('Y'),
    runtimeClasses: config.runtimeClasses,
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

/** What of a Node a reload of the configuration changes. */
export function liveFacts(config: Config): { policy: Policy; maxPods: number } {
  return { policy: policyOf(config), maxPods: config.maxPods };
}

/** What the owner of the machine lets Pods do. */
export function policyOf(config: Config): Policy {
  return {
    allowPrivileged: config.allowPrivileged,
    allowHostNetwork: config.allowHostNetwork,
    allowHostPID: config.allowHostPID,
    allowHostIPC: config.allowHostIPC,
    allowUnconfined: config.allowUnconfined,
    allowedCapabilities: config.allowedCapabilities,
    allowedHostPaths: config.allowedHostPaths,
    requireImageDigest: config.requireImageDigest,
    allowedUnsafeSysctls: config.allowedUnsafeSysctls,
  };
}

async function machineAmounts(rootDir: string, machine: Machine): Promise<NodeAmounts> {
  const { root, cpus, memoryBytes } = machine;
  const storageBytes = await machine.fileSystemBytes(rootDir);
  return {
    cpuMillis: cpus * 1000,
    memoryBytes,
    ...(storageBytes !== undefined && { ephemeralStorageBytes: storageBytes }),
    hugePages: await hugePages(root),
  };
}

/**
 * What is left for Pods (pkg/kubelet/cm/node_container_manager_linux.go GetNodeAllocatableReservation; memory set aside
 * for huge pages cannot be used otherwise).
 */
function allocatable(capacity: NodeAmounts, reserved: readonly Record<string, string>[]): NodeAmounts {
  const { cpuMillis, memoryBytes, ephemeralStorageBytes, hugePages = {} } = capacity;
  const left = (amount: number, resource: string, amountOf = bytesOf) =>
    Math.max(0, amount - sum(reserved.map((list) => amountOf(list, resource))));
  return {
    cpuMillis: left(cpuMillis, 'cpu', milliOf),
    memoryBytes: left(memoryBytes - sum(Object.values(hugePages)), 'memory'),
    ...(ephemeralStorageBytes !== undefined && {
      ephemeralStorageBytes: left(ephemeralStorageBytes, 'ephemeral-storage'),
    }),
    hugePages,
  };
}

/** Bytes of the file system that holds `path`, or will when it is made. */
async function fileSystemBytes(path: string): Promise<number | undefined> {
  for (let at = path; ; at = dirname(at)) {
    try {
      const { blocks, bsize } = await statfs(at);
      return blocks * bsize;
    } catch (error) {
      if (!isMissing(error) || at === dirname(at)) return undefined;
    }
  }
}

/**
 * Addresses of this machine, the preferred one first: `nodeIp` (may be `v4,v6`) when it is set, else the first global
 * address of the interface with the default route per family, IPv4 first, else any global address. Never rejects.
 */
export async function addresses(nodeIp: string, machine: Machine = thisMachine()): Promise<readonly string[]> {
  if (nodeIp !== '') return nodeIp.split(',');
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

const HUGE_PAGES = 'sys/kernel/mm/hugepages';

/** Bytes of one page of each size, smallest first; from directories such as `hugepages-2048kB`. */
async function pageBytes(root: string): Promise<number[]> {
  const sizes = (await list(root, HUGE_PAGES)).flatMap((name) => {
    const kibibytes = /^hugepages-(\d+)kB$/.exec(name)?.[1];
    return kibibytes === undefined ? [] : [Number(kibibytes) * 1024];
  });
  return sizes.sort((a, b) => a - b);
}

async function hugePageSizes(root: string): Promise<string[]> {
  return (await pageBytes(root)).map(formatPageSize);
}

/** Bytes set aside, by resource name. */
async function hugePages(root: string): Promise<Record<string, number>> {
  const amounts: Record<string, number> = {};
  for (const bytes of await pageBytes(root)) {
    const pages = await text(root, join(HUGE_PAGES, `hugepages-${bytes / 1024}kB`, 'nr_hugepages'));
    amounts[`hugepages-${canonicalQuantity(`${bytes / 1024}Ki`)}`] = (Number(pages) || 0) * bytes;
  }
  return amounts;
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
