import type { LinuxContainerResources } from './port.ts';

/** CPU and memory that a container is held to; absent: no limit. */
export type AppliedResources = Pick<
  LinuxContainerResources,
  'cpuPeriod' | 'cpuQuota' | 'cpuShares' | 'memoryLimitInBytes'
>;
