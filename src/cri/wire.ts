/** The answers of a runtime as they are decoded: fields of `protos/runtime.proto` that are read, camel-cased. */

/** Nanoseconds since the epoch; 0 is "never". */
type Nanoseconds = number;
/** A protobuf wrapper; null when it was not sent. */
type Wrapped = { value: number } | null;
type WireMetadata = { name: string; attempt: number };
type WireImageSpec = { image: string; userSpecifiedImage: string };

export interface VersionResponse {
  runtimeName: string;
  runtimeVersion: string;
}

export interface StatusResponse {
  status: { conditions: { type: string; status: boolean; reason: string; message: string }[] } | null;
  runtimeHandlers: WireRuntimeHandler[];
  features: { supplementalGroupsPolicy: boolean } | null;
  /** JSON texts of the runtime's own form, when asked for. */
  info: Record<string, string>;
}

export interface WireRuntimeHandler {
  name: string;
  features: { recursiveReadOnlyMounts: boolean; userNamespaces: boolean } | null;
}

export interface RuntimeConfigResponse {
  linux: { cgroupDriver: string } | null;
}

export interface WirePodSandbox {
  id: string;
  metadata: (WireMetadata & { uid: string; namespace: string }) | null;
  state: string | number;
  createdAt: Nanoseconds;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface WirePodSandboxStatus {
  id: string;
  state: string | number;
  network: { ip: string; additionalIps: { ip: string }[] } | null;
}

export interface WireContainer {
  id: string;
  podSandboxId: string;
  metadata: WireMetadata | null;
  image: WireImageSpec | null;
  imageRef: string;
  state: string | number;
  createdAt: Nanoseconds;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

export interface WireContainerStatus {
  id: string;
  state: string | number;
  createdAt: Nanoseconds;
  startedAt: Nanoseconds;
  finishedAt: Nanoseconds;
  exitCode: number;
  image: WireImageSpec | null;
  imageRef: string;
  reason: string;
  message: string;
  logPath: string;
  user: { linux: { uid: number; gid: number; supplementalGroups: number[] } | null } | null;
  resources: { linux: WireResources | null } | null;
}

export interface WireResources {
  cpuPeriod: number;
  cpuQuota: number;
  cpuShares: number;
  memoryLimitInBytes: number;
}

export interface ContainerStatusResponse {
  status: WireContainerStatus | null;
  /** JSON texts of the runtime's own form, when asked for. */
  info: Record<string, string>;
}

export interface WireImage {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  size: number;
  uid: Wrapped;
  username: string;
  pinned: boolean;
}

export interface WireFilesystemUsage {
  fsId: { mountpoint: string } | null;
  usedBytes: Wrapped;
  inodesUsed: Wrapped;
}

export interface WireExecSyncResponse {
  stdout: Uint8Array;
  stderr: Uint8Array;
  exitCode: number;
}
