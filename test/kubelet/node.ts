/** A machine for tables: 4 cores, 8 GiB, cgroup v1. */
import type { Node } from '../../src/kubelet/node.ts';

export function node(change: Partial<Node> = {}): Node {
  return {
    name: 'n1',
    ips: ['192.0.2.7', '2001:db8::7'],
    rootDir: '/var/lib/rower',
    podLogsDir: '/var/log/pods',
    cgroupDriver: 'cgroupfs',
    cgroupVersion: 1,
    cgroupRoot: '/',
    cpuCFSQuota: true,
    cpuMillis: 4000,
    memoryBytes: 8 * 1024 ** 3,
    podPidsLimit: -1,
    seccompDefault: false,
    clusterDomain: 'cluster.local',
    clusterDNS: [],
    kernelVersion: '6.1.0',
    osImage: 'Test OS',
    architecture: 'amd64',
    machineId: 'm',
    bootId: 'b',
    ...change,
  };
}
