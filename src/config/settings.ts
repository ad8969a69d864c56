/**
 * Every setting of the agent, once: where it is written, how it is read, its default.
 *
 * To add one: 1. its key and unit in types.ts; 2. a row here, or for the listeners in endpoint-settings.ts; 3. remove its
 * field from other-fields.ts; 4. `npm run docs`, which writes docs/configuration.md and `--help` from this table.
 */

import { ENDPOINT_SETTINGS } from './endpoint-settings.ts';
import { hostname } from './hostname.ts';
import {
  boolean,
  byteSize,
  duration,
  filePath,
  httpUrl,
  integer,
  ipAddress,
  ipAddresses,
  oneOf,
  stringList,
  text,
  unixEndpoint,
  unixEndpoints,
} from './kinds.ts';
import { httpHeaders, reservedResources } from './map-kinds.ts';
import type { Setting } from './setting.ts';
import type { Config } from './types.ts';

export const CONTAINERD_ENDPOINT = 'unix:///run/containerd/containerd.sock';
export const CRIO_ENDPOINT = 'unix:///var/run/crio/crio.sock';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

/** Defaults are the kubelet's (pkg/kubelet/apis/config/v1beta1/defaults.go) unless the help says otherwise. */
export const SETTINGS: { readonly [K in keyof Config]: Setting<Config[K]> } = {
  podManifestPath: {
    field: 'staticPodPath',
    flag: 'pod-manifest-path',
    kind: filePath({ allowEmpty: true }),
    default: '/etc/pods',
    help: 'Directory of Pod manifests, or one manifest file. Empty: no files are read.',
  },
  manifestUrl: {
    field: 'staticPodURL',
    flag: 'manifest-url',
    kind: httpUrl(),
    default: '',
    help: 'URL of Pod manifests, polled. Empty: none.',
  },
  manifestUrlHeaders: {
    field: 'staticPodURLHeader',
    flag: 'manifest-url-header',
    kind: httpHeaders(),
    default: {},
    help: 'HTTP header sent with each request for the manifest URL. May be repeated.',
  },
  metadata: {
    flag: 'metadata',
    kind: text(),
    default: 'none',
    help: 'Where the cloud gives this machine its Pods: `none`, `auto` (the first provider that fits), or `NAME[=ARGUMENT]`, several with commas between; `rower metadata --help` names them. They are written into the manifest directory.',
  },
  metadataGuard: {
    flag: 'metadata-guard',
    kind: boolean(),
    default: true,
    help: 'Pods cannot reach the metadata service that the machine has its Pods from, unless annotated `rower.dev/metadata-access: allow`. Needs nftables.',
  },
  metadataTrust: {
    flag: 'metadata-trust',
    kind: oneOf('off', 'warn', 'require'),
    default: 'off',
    help: 'Manifests from metadata that no key of `/etc/rower/trust/allowed_signers` has signed are taken, taken with a warning, or refused.',
  },
  fileCheckFrequencyMs: {
    field: 'fileCheckFrequency',
    kind: duration({ minMs: 100 }),
    default: 20 * SECOND_MS,
    zeroIsUnset: true,
    help: 'Time between full scans of the manifest directory; changes are noticed at once anyway.',
  },
  httpCheckFrequencyMs: {
    field: 'httpCheckFrequency',
    kind: duration({ minMs: 100 }),
    default: 20 * SECOND_MS,
    zeroIsUnset: true,
    help: 'Time between requests for the manifest URL.',
  },
  containerRuntimeEndpoints: {
    field: 'containerRuntimeEndpoint',
    flag: 'container-runtime-endpoint',
    kind: unixEndpoints(),
    default: [CONTAINERD_ENDPOINT, CRIO_ENDPOINT],
    zeroIsUnset: true,
    help: 'CRI socket of the container runtime.',
  },
  imageServiceEndpoint: {
    field: 'imageServiceEndpoint',
    kind: unixEndpoint(),
    default: '',
    help: "CRI socket of the image service. Empty: the container runtime's.",
  },
  rootDir: {
    flag: 'root-dir',
    kind: filePath(),
    default: '/var/lib/rower',
    help: 'Directory of volumes and other files of Pods. One agent only may use it.',
  },
  podLogsDir: {
    field: 'podLogsDir',
    flag: 'pod-logs-dir',
    kind: filePath(),
    default: '/var/log/pods',
    zeroIsUnset: true,
    help: 'Directory of container logs.',
  },
  nodeName: {
    flag: 'hostname-override',
    kind: hostname(),
    default: '',
    help: 'Name of this node, the suffix of every Pod name. Default: the host name in lower case.',
  },
  nodeIp: {
    flag: 'node-ip',
    kind: ipAddress({ allowEmpty: true }),
    default: '',
    help: 'IP address of this node as Pods report it. Default: that of the default route.',
  },
  ...ENDPOINT_SETTINGS,
  cgroupRoot: {
    field: 'cgroupRoot',
    kind: text(),
    default: '/',
    zeroIsUnset: true,
    help: 'Cgroup under which the cgroups of Pods are made.',
  },
  cgroupDriver: {
    field: 'cgroupDriver',
    kind: oneOf('cgroupfs', 'systemd'),
    default: 'cgroupfs',
    zeroIsUnset: true,
    help: 'Cgroup driver, where the runtime does not tell its own.',
  },
  resolvConf: {
    field: 'resolvConf',
    kind: filePath({ allowEmpty: true }),
    default: '/etc/resolv.conf',
    help: 'Resolver file on which the DNS settings of Pods are based. Empty: none.',
  },
  clusterDNS: {
    field: 'clusterDNS',
    kind: ipAddresses(),
    default: [],
    help: 'DNS servers of Pods with dnsPolicy ClusterFirst.',
  },
  clusterDomain: {
    field: 'clusterDomain',
    kind: text(),
    default: '',
    help: 'DNS domain that Pods with dnsPolicy ClusterFirst search.',
  },
  maxPods: {
    field: 'maxPods',
    kind: integer({ min: 0 }),
    default: 110,
    zeroIsUnset: true,
    help: 'Number of Pods that may run.',
  },
  podPidsLimit: {
    field: 'podPidsLimit',
    kind: integer({ min: -1, max: 2 ** 31 - 1 }),
    default: -1,
    help: 'Number of processes in one Pod; -1 is no limit.',
  },
  seccompDefault: {
    field: 'seccompDefault',
    kind: boolean(),
    default: false,
    help: "Containers without a seccomp profile run under the runtime's default profile.",
  },
  allowedUnsafeSysctls: {
    field: 'allowedUnsafeSysctls',
    kind: stringList(),
    default: [],
    pending: true,
    help: 'Sysctls beyond the safe ones that Pods may set; a trailing `*` matches any rest.',
  },
  cpuCFSQuota: {
    field: 'cpuCFSQuota',
    kind: boolean(),
    default: true,
    help: 'CPU limits are enforced.',
  },
  systemReserved: {
    field: 'systemReserved',
    kind: reservedResources(),
    default: {},
    help: 'Resources kept back for the system.',
  },
  kubeReserved: {
    field: 'kubeReserved',
    kind: reservedResources(),
    default: {},
    help: 'Resources kept back for the agent and the runtime.',
  },
  containerLogMaxSizeBytes: {
    field: 'containerLogMaxSize',
    kind: byteSize(),
    default: 10 * 2 ** 20,
    zeroIsUnset: true,
    help: "Size at which a container's log file is rotated.",
  },
  containerLogMaxFiles: {
    field: 'containerLogMaxFiles',
    kind: integer({ min: 2 }),
    default: 5,
    help: 'Log files kept per container.',
  },
  containerLogMonitorIntervalMs: {
    field: 'containerLogMonitorInterval',
    kind: duration({ minMs: 3 * SECOND_MS }),
    default: 10 * SECOND_MS,
    help: 'Time between looks at the sizes of log files.',
  },
  imageGCHighThresholdPercent: {
    field: 'imageGCHighThresholdPercent',
    kind: integer({ min: 0, max: 100 }),
    default: 85,
    help: 'Disk usage in percent above which unused images are removed.',
  },
  imageGCLowThresholdPercent: {
    field: 'imageGCLowThresholdPercent',
    kind: integer({ min: 0, max: 100 }),
    default: 80,
    help: 'Disk usage in percent down to which unused images are removed.',
  },
  imageMinimumGCAgeMs: {
    field: 'imageMinimumGCAge',
    kind: duration(),
    default: 2 * MINUTE_MS,
    zeroIsUnset: true,
    help: 'Time for which an unused image is kept at least.',
  },
  imageMaximumGCAgeMs: {
    field: 'imageMaximumGCAge',
    kind: duration(),
    default: 0,
    help: 'Time after which an unused image is removed whatever the disk usage; 0s is never.',
  },
  registryPullQPS: {
    field: 'registryPullQPS',
    kind: integer({ min: 0 }),
    default: 5,
    help: 'Image pulls per second; 0 is no limit.',
  },
  registryBurst: {
    field: 'registryBurst',
    kind: integer({ min: 0 }),
    default: 10,
    zeroIsUnset: true,
    help: 'Image pulls that may come at once while `registryPullQPS` is kept on average.',
  },
  maxParallelImagePulls: {
    field: 'maxParallelImagePulls',
    kind: integer({ min: 1 }),
    default: 4,
    help: "Image pulls under way at once. The kubelet's default is 1; `serializeImagePulls: true` sets that.",
  },
  imageCredentialProviderConfig: {
    flag: 'image-credential-provider-config',
    kind: filePath({ allowEmpty: true }),
    default: '',
    help: 'CredentialProviderConfig file that names programs which give registry credentials. Empty: none.',
  },
  imageCredentialProviderBinDir: {
    flag: 'image-credential-provider-bin-dir',
    kind: filePath({ allowEmpty: true }),
    default: '',
    help: 'Directory of the programs that the credential provider file names.',
  },
  maxContainerRestartPeriodMs: {
    field: 'crashLoopBackOff.maxContainerRestartPeriod',
    kind: duration({ minMs: SECOND_MS, maxMs: 300 * SECOND_MS }),
    default: 300 * SECOND_MS,
    help: 'Longest wait between restarts of a container that keeps ending.',
  },
  shutdownGracePeriodMs: {
    field: 'shutdownGracePeriod',
    kind: duration({ minMs: SECOND_MS, allowZero: true }),
    default: 0,
    help: 'Time that a shutdown of the machine is held up for Pods to end; 0s is off.',
  },
  shutdownGracePeriodCriticalPodsMs: {
    field: 'shutdownGracePeriodCriticalPods',
    kind: duration({ minMs: SECOND_MS, allowZero: true }),
    default: 0,
    help: 'The part of `shutdownGracePeriod` kept for critical Pods.',
  },
  verbosity: {
    flag: 'v',
    kind: integer({ min: 0, max: 10 }),
    default: 0,
    help: 'Log verbosity: 0 is info, 1 and more is debug.',
  },
};

/** The rows in table order, with their keys. */
export const SETTING_ROWS = Object.entries(SETTINGS) as [keyof Config, Setting<unknown>][];
