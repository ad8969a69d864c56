import type { RuntimeClass } from '../kubelet/node.ts';
import type { PriorityPeriod } from './shutdown-kind.ts';

/**
 * The agent's settings after merging defaults, the KubeletConfiguration file (kubelet.config.k8s.io/v1beta1) and flags
 * (flags win). Names follow that file; units are in the names.
 */
export interface Config {
  /** `staticPodPath`, `--pod-manifest-path`. Empty: no file source. */
  podManifestPath: string;
  /** `staticPodURL`, `--manifest-url`. Empty: no URL source. */
  manifestUrl: string;
  /** `staticPodURLHeader`, `--manifest-url-header NAME:VALUE`. */
  manifestUrlHeaders: Record<string, string[]>;
  /** `--metadata`: `none`, `auto` or names of providers. */
  metadata: string;
  /** Pods are kept away from the metadata service that gave the machine its Pods. */
  metadataGuard: boolean;
  /** Pods on the host's network too. */
  metadataGuardHostNetwork: boolean;
  metadataTrust: 'off' | 'warn' | 'require';
  fileCheckFrequencyMs: number;
  httpCheckFrequencyMs: number;
  /** Tried in order until one answers; one entry when the user named it. `unix:///path` form. */
  containerRuntimeEndpoints: string[];
  /** Empty: the same as the runtime's. */
  imageServiceEndpoint: string;
  rootDir: string;
  podLogsDir: string;
  /** Empty: no links to container logs are made. */
  containerLogLinksDir: string;
  /** Lower-case node name. */
  nodeName: string;
  /** One address, or two of different families with a comma between. Empty: found from the default routes. */
  nodeIp: string;
  /** 0: off. */
  readOnlyPort: number;
  readOnlyAddress: string;
  /** The read-only endpoint may leave loopback. */
  insecureReadOnly: boolean;
  /** Of the full endpoint; 0: off. */
  port: number;
  address: string;
  /** Empty: a certificate that signs itself. */
  tlsCertFile: string;
  /** Empty: in `tlsCertFile`. */
  tlsPrivateKeyFile: string;
  /** Empty: no client certificates. */
  clientCAFile: string;
  /** Empty: none is written. */
  writeKubeconfig: string;
  /** 0: off. */
  healthzPort: number;
  healthzBindAddress: string;
  cgroupRoot: string;
  /** Used when the runtime does not tell. */
  cgroupDriver: 'cgroupfs' | 'systemd';
  /** Path; empty: nameserver 127.0.0.1 is used. */
  resolvConf: string;
  clusterDNS: string[];
  clusterDomain: string;
  maxPods: number;
  podPidsLimit: number;
  seccompDefault: boolean;
  /** With dots; `*` at the end is any rest. */
  allowedUnsafeSysctls: string[];
  allowPrivileged: boolean;
  allowHostNetwork: boolean;
  allowHostPID: boolean;
  allowHostIPC: boolean;
  allowUnconfined: boolean;
  /** In upper case without `CAP_`; `*`: every one. */
  allowedCapabilities: string[];
  /** Absolute and normalised; `/`: every one. */
  allowedHostPaths: string[];
  requireImageDigest: boolean;
  /** By name. */
  runtimeClasses: Record<string, RuntimeClass>;
  cpuCFSQuota: boolean;
  systemReserved: Record<string, string>;
  kubeReserved: Record<string, string>;
  containerLogMaxSizeBytes: number;
  containerLogMaxFiles: number;
  containerLogMonitorIntervalMs: number;
  imageGCHighThresholdPercent: number;
  imageGCLowThresholdPercent: number;
  imageMinimumGCAgeMs: number;
  imageMaximumGCAgeMs: number;
  registryPullQPS: number;
  registryBurst: number;
  maxParallelImagePulls: number;
  /** Both empty: no exec credential providers. */
  imageCredentialProviderConfig: string;
  imageCredentialProviderBinDir: string;
  /** Empty, or the default file absent: every image may run. */
  imagePolicy: string;
  maxContainerRestartPeriodMs: number;
  /** Signal → quantity or percentage; sets conditions of the Node, evicts nothing. */
  evictionHard: Record<string, string>;
  evictionPressureTransitionPeriodMs: number;
  shutdownGracePeriodMs: number;
  shutdownGracePeriodCriticalPodsMs: number;
  /** Not empty: instead of the other two. */
  shutdownGracePeriodByPodPriority: readonly PriorityPeriod[];
  /** 0 info, 1 and more debug. */
  verbosity: number;
}
