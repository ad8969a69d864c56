import type { Policy } from './policy.ts';

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
  /** Bytes of the file system that volumes and logs of Pods are on; absent: not known, so it is not counted. */
  ephemeralStorageBytes?: number;
  /** Bytes set aside for huge pages by resource name, e.g. `hugepages-2Mi`. */
  hugePages?: Readonly<Record<string, number>>;
  /** How many Pods may run. */
  maxPods?: number;
  /** What is left for Pods after `systemReserved` and `kubeReserved`; absent: the whole machine. */
  allocatable?: NodeAmounts;
  /** Page sizes of the kernel as cgroups name them, e.g. `2MB`; containers are limited to what they ask of each. */
  hugePageSizes?: readonly string[];
  /** Swap can be limited per cgroup (`memory.memsw.*` in version 1, `memory.swap.max` in version 2). */
  swapAccounting?: boolean;
  /** Paths of this machine that are hidden from containers beside the usual ones. */
  maskedPaths?: readonly string[];
  /** What Pods may do here; absent: everything. */
  policy?: Policy;
  /** The kernel enforces AppArmor profiles; absent: it is not known. */
  appArmor?: boolean;
  /** What `runtimeClassName` may name. */
  runtimeClasses?: Readonly<Record<string, RuntimeClass>>;
  kernelVersion: string;
  osImage: string;
  architecture: string;
  machineId: string;
  /** What its cloud says of it; absent: nothing is known. */
  cloud?: CloudFacts;
  bootId: string;
}

/** As an object of node.k8s.io/v1: a name of the configuration for a handler of the runtime. */
export interface RuntimeClass {
  handler: string;
  /** What a Pod takes beside its containers, e.g. for a virtual machine: resource → quantity. */
  overhead?: { podFixed?: Readonly<Record<string, string>> };
}

export type NodeAmounts = Pick<Node, 'cpuMillis' | 'memoryBytes' | 'ephemeralStorageBytes' | 'hugePages'>;

/** What a Node object shows of the cloud that the machine is in. */
export interface CloudFacts {
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  externalIps: readonly string[];
  /** `spec.providerID`, e.g. `aws:///eu-west-1a/i-0123`. */
  providerId?: string;
  /** What its Pods show of it; the same object as long as nothing in it changed. */
  pods: CloudMarks;
}

export interface CloudMarks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** The host's resolver, read anew for every sandbox (pkg/kubelet/network/dns). */
export interface ResolvConf {
  servers: string[];
  searches: string[];
  options: string[];
}
