/**
 * Every setting of the agent, once: where it is written, how it is read, its default.
 *
 * To add one: 1. its key and unit in types.ts; 2. a row here, or for the listeners in endpoint-settings.ts, or for what
 * Pods may do in policy-settings.ts; 3. remove its field from other-fields.ts; 4. `npm run docs`, which writes
 * docs/configuration.md and `--help` from this table.
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
  ipAddresses,
  nodeAddresses,
  oneOf,
  text,
  unixEndpoint,
  unixEndpoints,
} from './kinds.ts';
import { evictionThresholds, httpHeaders, reservedResources } from './map-kinds.ts';
import { POLICY_SETTINGS } from './policy-settings.ts';
import type { Setting } from './setting.ts';
import { SHUTDOWN_SETTINGS } from './shutdown-settings.ts';
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
    default: 'auto',
    help: 'Where the cloud gives this machine its Pods: `none`, `auto` (the first provider that fits by firmware strings, labels of media, kernel command line and files; no network is asked to find out), or `NAME[=ARGUMENT]`, several with commas between; `rower metadata --help` names them. They are written into the manifest directory.',
  },
  metadataGuard: {
    flag: 'metadata-guard',
    kind: boolean(),
    default: true,
    help: 'Pods cannot reach the metadata service that the machine has its Pods from, unless annotated `rower.dev/metadata-access: allow`. Needs nftables.',
  },
  metadataGuardHostNetwork: {
    flag: 'metadata-guard-host-network',
    kind: boolean(),
    default: false,
    help: 'The same for Pods on the network of the host. Needs cgroup version 2.',
  },
  metadataTrust: {
    flag: 'metadata-trust',
    kind: oneOf('off', 'warn', 'require'),
    default: 'off',
    help: 'Manifests from metadata that no key in `/etc/rower/trust` has signed are taken, taken with a warning, or refused.',
  },
  fileCheckFrequencyMs: {
    field: 'fileCheckFrequency',
    kind: duration({ minMs: 100 }),
    default: 20 * SECOND_MS,
    zeroIsUnset: true,
    live: true,
    help: 'Time between full scans of the manifest directory; changes are noticed at once anyway.',
  },
  httpCheckFrequencyMs: {
    field: 'httpCheckFrequency',
    kind: duration({ minMs: 100 }),
    default: 20 * SECOND_MS,
    zeroIsUnset: true,
    live: true,
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
  containerLogLinksDir: {
    flag: 'container-log-links-dir',
    kind: filePath({ allowEmpty: true }),
    default: '/var/log/containers',
    help: 'Directory of links `<pod>_<namespace>_<container>-<id>.log` to container logs, where log collectors look for them. Empty: none are made. The default is used together with the default of `podLogsDir` only.',
  },
  nodeName: {
    flag: 'hostname-override',
    kind: hostname(),
    default: '',
    help: 'Name of this node, the suffix of every Pod name. Default: the host name in lower case.',
  },
  nodeIp: {
    flag: 'node-ip',
    kind: nodeAddresses(),
    default: '',
    help: 'IP address of this node as Pods report it; two with a comma between for dual stack, the preferred one first. Default: those of the default routes.',
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
    live: true,
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
    live: true,
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
  ...POLICY_SETTINGS,
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
    live: true,
    help: "Size at which a container's log file is rotated.",
  },
  containerLogMaxFiles: {
    field: 'containerLogMaxFiles',
    kind: integer({ min: 2 }),
    default: 5,
    live: true,
    help: 'Log files kept per container.',
  },
  containerLogMonitorIntervalMs: {
    field: 'containerLogMonitorInterval',
    kind: duration({ minMs: 3 * SECOND_MS }),
    default: 10 * SECOND_MS,
    live: true,
    help: 'Time between looks at the sizes of log files.',
  },
  evictionHard: {
    field: 'evictionHard',
    kind: evictionThresholds(),
    default: {
      'memory.available': '100Mi',
      'nodefs.available': '10%',
      'nodefs.inodesFree': '5%',
      'imagefs.available': '15%',
      'imagefs.inodesFree': '5%',
    },
    help: "What is to be left of the machine's memory, disks and process ids; with less the Node says MemoryPressure, DiskPressure or PIDPressure. No Pod is evicted.",
  },
  evictionPressureTransitionPeriodMs: {
    field: 'evictionPressureTransitionPeriod',
    kind: duration(),
    default: 5 * MINUTE_MS,
    zeroIsUnset: true,
    help: 'Time for which such a pressure is still told after it is over.',
  },
  imageGCHighThresholdPercent: {
    field: 'imageGCHighThresholdPercent',
    kind: integer({ min: 0, max: 100 }),
    default: 85,
    live: true,
    help: 'Disk usage in percent above which unused images are removed.',
  },
  imageGCLowThresholdPercent: {
    field: 'imageGCLowThresholdPercent',
    kind: integer({ min: 0, max: 100 }),
    default: 80,
    live: true,
    help: 'Disk usage in percent down to which unused images are removed.',
  },
  imageMinimumGCAgeMs: {
    field: 'imageMinimumGCAge',
    kind: duration(),
    default: 2 * MINUTE_MS,
    zeroIsUnset: true,
    live: true,
    help: 'Time for which an unused image is kept at least.',
  },
  imageMaximumGCAgeMs: {
    field: 'imageMaximumGCAge',
    kind: duration(),
    default: 0,
    live: true,
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
    live: true,
    help: "Image pulls under way at once. The kubelet's default is 1; `serializeImagePulls: true` sets that.",
  },
  imagePolicy: {
    flag: 'image-policy',
    kind: filePath({ allowEmpty: true }),
    default: '/etc/rower/trust/images.yaml',
    help: 'ImagePolicy file: which images may run on this machine, by digest or by the key of cosign that signed them. Without the file, and when empty: all.',
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
    live: true,
    help: 'Longest wait between restarts of a container that keeps ending.',
  },
  ...SHUTDOWN_SETTINGS,
  verbosity: {
    field: 'logging.verbosity',
    flag: 'v',
    kind: integer({ min: 0, max: 10 }),
    default: 0,
    live: true,
    help: 'Log verbosity: 0 is info, 1 and more is debug.',
  },
};

/** The rows in table order, with their keys. */
export const SETTING_ROWS = Object.entries(SETTINGS) as [keyof Config, Setting<unknown>][];
