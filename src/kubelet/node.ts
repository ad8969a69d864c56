/** Facts about this machine that the pure builders need. Gathered once at start in `main.ts`; treat as frozen. */
export interface Node {
  /** Lower-case; suffix of every Pod name. */
  name: string;
  /** Addresses of the machine, the preferred one first. */
  ips: readonly string[];
  rootDir: string;
  podLogsDir: string;
  cgroupDriver: 'cgroupfs' | 'systemd';
  /** 1, 2; decides how swap and hugepage limits are sent. */
  cgroupVersion: 1 | 2;
  /** Prefix of `kubepods`; `/` by default. */
  cgroupRoot: string;
  cpuCFSQuota: boolean;
  /** Millicores of the machine. */
  cpuMillis: number;
  memoryBytes: number;
  podPidsLimit: number;
  /** Containers without a profile run under RuntimeDefault instead of Unconfined. */
  seccompDefault: boolean;
  clusterDomain: string;
  clusterDNS: readonly string[];
  /** What is left for Pods after `systemReserved` and `kubeReserved`; absent: the whole machine. */
  allocatable?: { cpuMillis: number; memoryBytes: number };
  /** Page sizes of the kernel as cgroups name them, e.g. `2MB`; containers are limited to what they ask of each. */
  hugePageSizes?: readonly string[];
  /** Swap can be limited per cgroup (`memory.memsw.*` in version 1, `memory.swap.max` in version 2). */
  swapAccounting?: boolean;
  /** Paths of this machine that are hidden from containers beside the usual ones. */
  maskedPaths?: readonly string[];
  kernelVersion: string;
  osImage: string;
  architecture: string;
  machineId: string;
  /** What its cloud says of it; absent: nothing is known. */
  cloud?: CloudFacts;
  bootId: string;
}

/** What a Node object shows of the cloud that the machine is in. */
export interface CloudFacts {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  externalIps: readonly string[];
  /** `spec.providerID`, e.g. `aws:///eu-west-1a/i-0123`. */
  providerId?: string;
}

/** The host's resolver, read anew for every sandbox (pkg/kubelet/network/dns). */
export interface ResolvConf {
  servers: string[];
  searches: string[];
  options: string[];
}
