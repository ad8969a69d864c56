/** What the hand-made state uses. */
import type { ContainerStats, SandboxStats } from '../../src/cri/stats.ts';
import { podUsages, type Usage } from '../../src/http/stats.ts';
import type { VolumeUsage } from '../../src/http/volume-usage.ts';
import { CONTAINER_NAME, POD_NAME, POD_NAMESPACE, POD_UID } from '../../src/kubelet/labels.ts';
import { NODE, NOW_MS } from './fixture.ts';

const AT_MS = NOW_MS - 1000;

export const labels = (pod: string, container = ''): Record<string, string> => ({
  [POD_NAME]: `${pod}-${NODE}`,
  [POD_NAMESPACE]: 'default',
  [POD_UID]: `uid-of-${pod}`,
  [CONTAINER_NAME]: container,
});

export function containerStats(pod: string, name: string, change: Partial<ContainerStats> = {}): ContainerStats {
  return {
    id: `${pod}-${name}-0`,
    name,
    attempt: 0,
    labels: labels(pod, name),
    cpu: { timestampMs: AT_MS, usageCoreNanoSeconds: 12_500_000_000, usageNanoCores: 250_000_000 },
    memory: {
      timestampMs: AT_MS,
      workingSetBytes: 64 * 2 ** 20,
      usageBytes: 96 * 2 ** 20,
      rssBytes: 48 * 2 ** 20,
      pageFaults: 7000,
      majorPageFaults: 3,
    },
    writableLayer: { timestampMs: AT_MS, mountpoint: '/var/lib/containerd', usedBytes: 8192, inodesUsed: 4 },
    ...change,
  };
}

export function sandboxStats(pod: string): SandboxStats {
  return {
    id: `${pod}-sandbox`,
    labels: labels(pod),
    cpu: { timestampMs: AT_MS, usageCoreNanoSeconds: 26_000_000_000, usageNanoCores: 510_000_000 },
    memory: { timestampMs: AT_MS, workingSetBytes: 130 * 2 ** 20, usageBytes: 200 * 2 ** 20 },
    network: {
      timestampMs: AT_MS,
      interfaces: [
        { name: 'eth0', rxBytes: 1000, rxErrors: 1, txBytes: 2000, txErrors: 0, rxPackets: 10, rxDropped: 2 },
      ],
    },
    processCount: 3,
  };
}

export function sampleUsage(): Usage {
  const containers = [containerStats('web', 'main'), containerStats('web', 'setup'), containerStats('boot', 'main')];
  return {
    atMs: AT_MS,
    node: {
      cpu: { timestampMs: AT_MS, usageCoreNanoSeconds: 9e12, usageNanoCores: 700_000_000 },
      memory: {
        timestampMs: AT_MS,
        availableBytes: 3 * 2 ** 30,
        usageBytes: 2 ** 31,
        workingSetBytes: 2 ** 30,
        rssBytes: 2 ** 29,
      },
      swapUsageBytes: 0,
      network: { name: 'eth0', rxBytes: 5, rxErrors: 0, txBytes: 6, txErrors: 0, txPackets: 4, txDropped: 1 },
      processes: { now: 120, limit: 32768 },
    },
    pods: podUsages(containers, [sandboxStats('web')]),
    fs: { capacityBytes: 2 ** 35, availableBytes: 2 ** 34, inodes: 2 ** 20, inodesFree: 2 ** 19 },
    imageFs: {
      capacityBytes: 2 ** 35,
      availableBytes: 2 ** 34,
      inodes: 2 ** 20,
      inodesFree: 2 ** 19,
      usedBytes: 2 ** 28,
      inodesUsed: 1000,
    },
  };
}

/** The volumes of the one that uses something: a claim on a disk of its own, and an emptyDir. */
export function sampleVolumes(): VolumeUsage[] {
  const disk = { capacityBytes: 2 ** 30, availableBytes: 2 ** 29, inodes: 65536, inodesFree: 65000 };
  return [
    {
      ...disk,
      uid: 'uid-of-web',
      name: 'data',
      claim: 'web-data',
      isScratch: false,
      usedBytes: 2 ** 28,
      inodesUsed: 536,
    },
    { ...disk, uid: 'uid-of-web', name: 'cache', isScratch: true, usedBytes: 4096, inodesUsed: 2 },
  ];
}
