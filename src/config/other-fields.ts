/**
 * Fields of KubeletConfiguration (kubelet.config.k8s.io/v1beta1, Kubernetes 1.10 to 1.37) that are known but have no
 * effect here. They are checked for their type and named in one warning, so that a kubelet's file can be used as it is.
 */
export type Shape =
  | 'boolean'
  | 'integer'
  | 'number'
  | 'string'
  | 'duration'
  | 'duration or integer'
  | 'quantity'
  | { list: Shape }
  | { map: Shape }
  | { fields: Readonly<Record<string, Shape>> };

const strings: Shape = { list: 'string' };
const stringMap: Shape = { map: 'string' };
const jsonOrTextLog: Shape = { fields: { splitStream: 'boolean', infoBufferSize: 'string' } };

/** By path, dots between its parts. */
export const OTHER_FIELDS: Readonly<Record<string, Shape>> = {
  'authentication.anonymous': { fields: { enabled: 'boolean' } },
  'authentication.webhook': { fields: { cacheTTL: 'duration', enabled: 'boolean' } },
  authorization: {
    fields: {
      mode: 'string',
      webhook: { fields: { cacheAuthorizedTTL: 'duration', cacheUnauthorizedTTL: 'duration' } },
    },
  },
  cgroupsPerQOS: 'boolean',
  configMapAndSecretChangeDetectionStrategy: 'string',
  containerLogMaxWorkers: 'integer',
  contentType: 'string',
  cpuCFSQuotaPeriod: 'duration',
  cpuManagerPolicy: 'string',
  cpuManagerPolicyOptions: stringMap,
  cpuManagerReconcilePeriod: 'duration',
  defaultPodSysctls: stringMap,
  draManagerReconcilePeriod: 'duration',
  enableContentionProfiling: 'boolean',
  enableControllerAttachDetach: 'boolean',
  enableDebugFlagsHandler: 'boolean',
  enableDebuggingHandlers: 'boolean',
  enableProfilingHandler: 'boolean',
  enableServer: 'boolean',
  enableSystemLogHandler: 'boolean',
  enableSystemLogQuery: 'boolean',
  enforceNodeAllocatable: strings,
  eventBurst: 'integer',
  eventRecordQPS: 'integer',
  evictionMaxPodGracePeriod: 'integer',
  evictionMinimumReclaim: stringMap,
  evictionSoft: stringMap,
  evictionSoftGracePeriod: stringMap,
  failCgroupV1: 'boolean',
  failSwapOn: 'boolean',
  featureGates: { map: 'boolean' },
  hairpinMode: 'string',
  imagePullCredentialsVerificationPolicy: 'string',
  iptablesDropBit: 'integer',
  iptablesMasqueradeBit: 'integer',
  kernelMemcgNotification: 'boolean',
  kubeAPIBurst: 'integer',
  kubeAPIQPS: 'integer',
  kubeReservedCgroup: 'string',
  kubeletCgroups: 'string',
  localStorageCapacityIsolation: 'boolean',
  'logging.flushFrequency': 'duration or integer',
  'logging.format': 'string',
  'logging.options': { fields: { json: jsonOrTextLog, text: jsonOrTextLog } },
  'logging.sanitization': 'boolean',
  'logging.vmodule': { list: { fields: { filePattern: 'string', verbosity: 'integer' } } },
  makeIPTablesUtilChains: 'boolean',
  maxOpenFiles: 'integer',
  memoryManagerPolicy: 'string',
  memoryReservationPolicy: 'string',
  memorySwap: { fields: { swapBehavior: 'string' } },
  memoryThrottlingFactor: 'number',
  mergeDefaultEvictionSettings: 'boolean',
  nodeLeaseDurationSeconds: 'integer',
  nodeStatusMaxImages: 'integer',
  nodeStatusReportFrequency: 'duration',
  nodeStatusUpdateFrequency: 'duration',
  oomScoreAdj: 'integer',
  podCIDR: 'string',
  podsPerCore: 'integer',
  preloadedImagesVerificationAllowlist: strings,
  protectKernelDefaults: 'boolean',
  providerID: 'string',
  qosReserved: stringMap,
  registerNode: 'boolean',
  registerWithTaints: {
    list: { fields: { effect: 'string', key: 'string', timeAdded: 'string', value: 'string' } },
  },
  reservedMemory: { list: { fields: { limits: { map: 'quantity' }, numaNode: 'integer' } } },
  reservedSystemCPUs: 'string',
  rotateCertificates: 'boolean',
  runOnce: 'boolean',
  runtimeRequestTimeout: 'duration',
  serverTLSBootstrap: 'boolean',
  showHiddenMetricsForVersion: 'string',
  singleProcessOOMKill: 'boolean',
  streamingConnectionIdleTimeout: 'duration',
  syncFrequency: 'duration',
  systemCgroups: 'string',
  systemReservedCgroup: 'string',
  tlsCipherSuites: strings,
  tlsCurvePreferences: { list: 'integer' },
  tlsMinVersion: 'string',
  topologyManagerPolicy: 'string',
  topologyManagerPolicyOptions: stringMap,
  topologyManagerScope: 'string',
  tracing: { fields: { endpoint: 'string', samplingRatePerMillion: 'integer' } },
  userNamespaces: { fields: { idsPerPod: 'integer' } },
  volumePluginDir: 'string',
  volumeStatsAggPeriod: 'duration',
};
