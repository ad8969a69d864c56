import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import type { NetworkInterfaceInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { Config } from '../../src/config/types.ts';
import { addresses, defaultRoute4, defaultRoute6, gatherNode, type Machine } from '../../src/kubelet/node-facts.ts';
import { ALL_ALLOWED } from '../../src/kubelet/policy.ts';
import { temporaryDirectory } from './temporary.ts';

const ROUTES4 = `Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 000200C0 00000000 0001 0 0 0 00FFFFFF 0 0 0
wlan0 00000000 0100A8C0 0003 0 0 600 00000000 0 0 0
eth0 00000000 010200C0 0003 0 0 100 00000000 0 0 0
down0 00000000 010200C0 0002 0 0 0 00000000 0 0 0
vpn0 00000000 010200C0 0001 0 0 0 00000080 0 0 0
`;
const ZERO = '0'.repeat(32);
const ROUTES6 = `fd000000000000000000000000000000 40 ${ZERO} 00 ${ZERO} 00000100 00000001 00000000 00000001 eth0
${ZERO} 00 ${ZERO} 00 fd000000000000000000000000000001 00000400 00000002 00000000 00000003 eth1
${ZERO} 00 ${ZERO} 00 ${ZERO} ffffffff 00000001 00000000 00200200 lo
`;

const address = (text: string, internal = false): NetworkInterfaceInfo => {
  const rest = { netmask: '', mac: '', internal, cidr: null };
  return text.includes(':')
    ? { ...rest, family: 'IPv6', address: text, scopeid: 0 }
    : { ...rest, family: 'IPv4', address: text };
};

async function machine(t: TestContext, files: Record<string, string>, change: Partial<Machine> = {}): Promise<Machine> {
  const root = await temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  const interfaces = {
    lo: [address('127.0.0.1', true), address('::1', true)],
    docker0: [address('172.17.0.1')],
    wlan0: [address('192.168.0.9')],
    eth0: [address('169.254.1.1'), address('192.0.2.2'), address('192.0.2.3')],
    eth1: [address('fe80::1'), address('2001:db8::2')],
  };
  const amounts = { cpus: 4, memoryBytes: 8 * 1024 ** 3, fileSystemBytes: async () => 100 * 1024 ** 3 };
  return { root, interfaces: () => interfaces, ...amounts, ...change };
}

test('the default route is the one that is up, for everything and of the smallest metric', () => {
  assert.equal(defaultRoute4(ROUTES4), 'eth0');
  assert.equal(defaultRoute6(ROUTES6), 'eth1');
  for (const nothing of ['', 'garbage\n\n', ROUTES4.split('\n')[0] as string]) {
    assert.equal(defaultRoute4(nothing), undefined);
    assert.equal(defaultRoute6(nothing), undefined);
  }
});

const found: [string, string, Record<string, string>, string[]][] = [
  [
    'of both default routes, IPv4 first',
    '',
    { 'proc/net/route': ROUTES4, 'proc/net/ipv6_route': ROUTES6 },
    ['192.0.2.2', '2001:db8::2'],
  ],
  ['of IPv6 alone', '', { 'proc/net/ipv6_route': ROUTES6 }, ['2001:db8::2']],
  ['any global one without a default route', '', {}, ['172.17.0.1']],
  ['what was configured, above all', '198.51.100.1', { 'proc/net/route': ROUTES4 }, ['198.51.100.1']],
  ['two that were configured', '198.51.100.1,2001:db8::9', {}, ['198.51.100.1', '2001:db8::9']],
];

for (const [name, nodeIp, files, expected] of found)
  test(`the addresses are ${name}`, async (t) =>
    assert.deepEqual(await addresses(nodeIp, await machine(t, files)), expected));

test('a machine without a network has no address', async (t) => {
  const lonely = { interfaces: () => ({ lo: [address('127.0.0.1', true)] }) };
  assert.deepEqual(await addresses('', await machine(t, { 'proc/net/route': ROUTES4 }, lonely)), []);
});

const CONFIG: Config = {
  podManifestPath: '/etc/pods',
  manifestUrl: '',
  manifestUrlHeaders: {},
  metadata: 'none',
  metadataGuard: true,
  metadataGuardHostNetwork: false,
  metadataTrust: 'off',
  fileCheckFrequencyMs: 20_000,
  httpCheckFrequencyMs: 20_000,
  containerRuntimeEndpoints: [],
  imageServiceEndpoint: '',
  rootDir: '/var/lib/rower',
  containerLogLinksDir: '',
  podLogsDir: '/var/log/pods',
  nodeName: 'n1',
  nodeIp: '192.0.2.2',
  readOnlyPort: 10255,
  readOnlyAddress: '127.0.0.1',
  insecureReadOnly: false,
  port: 10250,
  address: '127.0.0.1',
  tlsCertFile: '',
  tlsPrivateKeyFile: '',
  clientCAFile: '',
  writeKubeconfig: '',
  healthzPort: 10248,
  healthzBindAddress: '127.0.0.1',
  cgroupRoot: '/',
  cgroupDriver: 'systemd',
  resolvConf: '/etc/resolv.conf',
  clusterDNS: ['10.96.0.10'],
  clusterDomain: 'cluster.local',
  maxPods: 110,
  evictionHard: {},
  evictionPressureTransitionPeriodMs: 300_000,
  podPidsLimit: 100,
  seccompDefault: true,
  allowedUnsafeSysctls: [],
  allowPrivileged: true,
  allowHostNetwork: true,
  allowHostPID: true,
  allowHostIPC: true,
  allowUnconfined: true,
  allowedCapabilities: ['*'],
  allowedHostPaths: ['/'],
  requireImageDigest: false,
  runtimeClasses: {},
  cpuCFSQuota: false,
  systemReserved: { cpu: '500m', memory: '1Gi' },
  kubeReserved: { cpu: '250m', memory: '512Mi' },
  containerLogMaxSizeBytes: 1,
  containerLogMaxFiles: 5,
  containerLogMonitorIntervalMs: 10_000,
  imageGCHighThresholdPercent: 85,
  imageGCLowThresholdPercent: 80,
  imageMinimumGCAgeMs: 0,
  imageMaximumGCAgeMs: 0,
  registryPullQPS: 5,
  registryBurst: 10,
  maxParallelImagePulls: 1,
  imagePolicy: '',
  imageCredentialProviderConfig: '',
  imageCredentialProviderBinDir: '',
  maxContainerRestartPeriodMs: 300_000,
  shutdownGracePeriodMs: 0,
  shutdownGracePeriodCriticalPodsMs: 0,
  shutdownGracePeriodByPodPriority: [],
  verbosity: 0,
};

test('a machine is described by its files and the configuration', async (t) => {
  const files = {
    'etc/os-release': 'NAME="Box"\nPRETTY_NAME="Box OS 7 (edge)"\n',
    'etc/machine-id': 'abc\n',
    'proc/sys/kernel/random/boot_id': 'boot\n',
    'proc/sys/kernel/osrelease': '6.6.1-box\n',
    'sys/fs/cgroup/memory/memory.memsw.limit_in_bytes': '',
    'sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages': '0',
    'sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages': '512\n',
    'sys/devices/system/cpu/cpu0/thermal_throttle/count': '0',
    'sys/devices/system/cpu/cpu1/online': '1',
    'sys/devices/system/cpu/cpufreq/boost': '1',
  };
  const { architecture, ...node } = await gatherNode(CONFIG, await machine(t, files));
  assert.deepEqual(node, {
    name: 'n1',
    ips: ['192.0.2.2'],
    rootDir: '/var/lib/rower',
    podLogsDir: '/var/log/pods',
    cgroupDriver: 'systemd',
    cgroupVersion: 1,
    cgroupRoot: '/',
    cpuCFSQuota: false,
    cpuMillis: 4000,
    memoryBytes: 8 * 1024 ** 3,
    ephemeralStorageBytes: 100 * 1024 ** 3,
    hugePages: { 'hugepages-2Mi': 1024 ** 3, 'hugepages-1Gi': 0 },
    maxPods: CONFIG.maxPods,
    allocatable: {
      cpuMillis: 3250,
      memoryBytes: 5.5 * 1024 ** 3,
      ephemeralStorageBytes: 100 * 1024 ** 3,
      hugePages: { 'hugepages-2Mi': 1024 ** 3, 'hugepages-1Gi': 0 },
    },
    hugePageSizes: ['2MB', '1GB'],
    swapAccounting: true,
    maskedPaths: ['/sys/devices/system/cpu/cpu0/thermal_throttle'],
    policy: ALL_ALLOWED,
    appArmor: false,
    runtimeClasses: {},
    podPidsLimit: 100,
    seccompDefault: true,
    clusterDomain: 'cluster.local',
    clusterDNS: ['10.96.0.10'],
    kernelVersion: '6.6.1-box',
    osImage: 'Box OS 7 (edge)',
    machineId: 'abc',
    bootId: 'boot',
  });
  assert.match(architecture, /^[a-z0-9]+$/);
  assert.notEqual(architecture, 'x64');
});

test('a machine that tells nothing is described all the same', async (t) => {
  const node = await gatherNode({ ...CONFIG, systemReserved: { cpu: '100' } }, await machine(t, {}));
  assert.deepEqual([node.osImage, node.machineId, node.bootId, node.hugePageSizes], ['', '', '', []]);
  assert.deepEqual([node.cgroupVersion, node.swapAccounting, node.allocatable?.cpuMillis], [1, false, 0]);
});

const UNIFIED = { 'sys/fs/cgroup/cgroup.controllers': 'cpu memory\n' };
const swap: [string, Record<string, string>, boolean][] = [
  [
    'the own group has the file',
    {
      'proc/self/cgroup': '0::/system.slice/rower.service\n',
      'sys/fs/cgroup/system.slice/rower.service/memory.swap.max': '',
    },
    true,
  ],
  ['the own group lacks it', { 'proc/self/cgroup': '0::/system.slice/rower.service\n' }, false],
  [
    'in the root group, with swap',
    { 'proc/self/cgroup': '0::/\n', 'proc/swaps': 'Filename Type\n/dev/sda2 partition\n' },
    true,
  ],
  ['in the root group, without swap', { 'proc/self/cgroup': '0::/\n', 'proc/swaps': 'Filename Type\n' }, false],
];

for (const [name, files, expected] of swap)
  test(`version 2 can limit swap: ${expected ? 'yes' : 'no'} when ${name}`, async (t) => {
    const node = await gatherNode(CONFIG, await machine(t, { ...UNIFIED, ...files }));
    assert.deepEqual([node.cgroupVersion, node.swapAccounting], [2, expected]);
  });

test('this machine is described', async () => {
  const node = await gatherNode(CONFIG);
  assert.ok(node.cpuMillis >= 1000 && node.memoryBytes > 0);
  assert.match(node.kernelVersion, /^\d+\.\d+/);
});
