/**
 * What Rower asks of a container runtime: CRI v1 as plain types. No gRPC type leaks past this file.
 *
 * Requests keep CRI's own message shape (field names camel-cased, enums by their proto names); answers are reduced to
 * what is used, with times in milliseconds since the epoch (fractional; 0 on the wire becomes `undefined`) and states as
 * lower-case words. Source of names and numbers: k8s.io/cri-api runtime/v1 api.proto.
 */
import type { AppliedResources } from './applied.ts';

// ---- answers -------------------------------------------------------------------------------------------------------

export type SandboxState = 'ready' | 'notready';

/*
 *            StartContainer           exit
 *  created ──────────────────▶ running ─────▶ exited
 *     └── start failed ─────────────────────────▲        unknown: the runtime lost track of it
 */
export type ContainerRunState = 'created' | 'running' | 'exited' | 'unknown';

/** One row of ListPodSandbox. */
export interface Sandbox {
  id: string;
  metadata: { name: string; namespace: string; uid: string; attempt: number };
  state: SandboxState;
  createdAtMs: number;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** PodSandboxStatus: what the list does not tell. */
export interface SandboxStatus {
  id: string;
  state: SandboxState;
  /** Primary address first; empty for host network. */
  ips: string[];
}

/** One row of ListContainers. */
export interface Container {
  id: string;
  sandboxId: string;
  metadata: { name: string; attempt: number };
  state: ContainerRunState;
  createdAtMs: number;
  /** The reference given at creation. */
  image: string;
  imageRef: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** ContainerStatus. */
export interface ContainerStatus {
  id: string;
  state: ContainerRunState;
  createdAtMs: number;
  startedAtMs?: number;
  finishedAtMs?: number;
  exitCode: number;
  /** e.g. Completed, Error, OOMKilled, StartError. */
  reason: string;
  message: string;
  /** The runtime's name for the image, e.g. `docker.io/library/busybox:1`. */
  image: string;
  /** Digest form, e.g. `docker.io/library/busybox@sha256:…`. */
  imageRef: string;
  logPath: string;
  user?: { uid: number; gid: number; supplementalGroups: number[] };
  /** When they were asked for and the runtime tells. */
  resources?: AppliedResources;
}

export interface RuntimeVersion {
  runtimeName: string;
  runtimeVersion: string;
}

export interface RuntimeCondition {
  /** RuntimeReady, NetworkReady, … */
  type: string;
  status: boolean;
  reason: string;
  message: string;
}

/** Of the runtime as a whole. */
export interface RuntimeStatus {
  conditions: RuntimeCondition[];
  /** Absent: it does not tell. */
  runtimeHandlers?: RuntimeHandler[];
  /** It honours `supplementalGroupsPolicy: Strict`; absent: it does not tell, and does not. */
  supplementalGroupsPolicy?: boolean;
}

/** What one way of running containers can do. Before containerd 2.0 and CRI-O 1.30 runtimes do not tell. */
export interface RuntimeHandler {
  /** Empty: the runtime's default. */
  name: string;
  recursiveReadOnlyMounts: boolean;
  userNamespaces: boolean;
}

export interface Image {
  id: string;
  repoTags: string[];
  repoDigests: string[];
  sizeBytes: number;
  /** Numeric user of the image config, when it is a number. */
  uid?: number;
  username: string;
  pinned: boolean;
}

export interface ExecResult {
  stdout: Uint8Array;
  stderr: Uint8Array;
  exitCode: number;
}

export interface FilesystemUsage {
  mountpoint: string;
  usedBytes: number;
  inodesUsed: number;
}

// ---- requests ------------------------------------------------------------------------------------------------------

export type Protocol = 'TCP' | 'UDP' | 'SCTP';
export type NamespaceMode = 'POD' | 'CONTAINER' | 'NODE' | 'TARGET';
export type MountPropagation = 'PROPAGATION_PRIVATE' | 'PROPAGATION_HOST_TO_CONTAINER' | 'PROPAGATION_BIDIRECTIONAL';

export interface IDMapping {
  hostId: number;
  containerId: number;
  length: number;
}

export interface NamespaceOption {
  network: NamespaceMode;
  pid: NamespaceMode;
  ipc: NamespaceMode;
  targetId?: string;
  usernsOptions?: { mode: NamespaceMode; uids: IDMapping[]; gids: IDMapping[] };
}

export interface SELinuxOption {
  user?: string;
  role?: string;
  type?: string;
  level?: string;
}

export interface SecurityProfile {
  profileType: 'RuntimeDefault' | 'Unconfined' | 'Localhost';
  localhostRef?: string;
}

export interface PortMapping {
  protocol: Protocol;
  containerPort: number;
  hostPort: number;
  hostIp: string;
}

/** Sent to the CRI; times in microseconds, sizes in bytes. */
export interface LinuxContainerResources {
  cpuPeriod?: number;
  cpuQuota?: number;
  cpuShares?: number;
  memoryLimitInBytes?: number;
  oomScoreAdj?: number;
  cpusetCpus?: string;
  cpusetMems?: string;
  hugepageLimits?: { pageSize: string; limit: number }[];
  unified?: Record<string, string>;
  memorySwapLimitInBytes?: number;
}

export interface LinuxSandboxSecurityContext {
  namespaceOptions: NamespaceOption;
  selinuxOptions?: SELinuxOption;
  runAsUser?: { value: number };
  runAsGroup?: { value: number };
  readonlyRootfs?: boolean;
  supplementalGroups?: number[];
  supplementalGroupsPolicy?: 'Merge' | 'Strict';
  privileged?: boolean;
  seccomp?: SecurityProfile;
  apparmor?: SecurityProfile;
}

export interface PodSandboxConfig {
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  /** Must be empty for a host-network sandbox. */
  hostname: string;
  logDirectory: string;
  dnsConfig: { servers: string[]; searches: string[]; options: string[] };
  portMappings: PortMapping[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  linux: {
    cgroupParent: string;
    securityContext: LinuxSandboxSecurityContext;
    sysctls?: Record<string, string>;
    overhead?: LinuxContainerResources;
    resources?: LinuxContainerResources;
  };
}

export interface Mount {
  containerPath: string;
  hostPath: string;
  readonly: boolean;
  selinuxRelabel?: boolean;
  propagation?: MountPropagation;
  uidMappings?: IDMapping[];
  gidMappings?: IDMapping[];
  recursiveReadOnly?: boolean;
  image?: { image: string; userSpecifiedImage?: string };
  imageSubPath?: string;
}

export interface LinuxContainerSecurityContext {
  capabilities?: { addCapabilities: string[]; dropCapabilities: string[] };
  privileged?: boolean;
  namespaceOptions: NamespaceOption;
  selinuxOptions?: SELinuxOption;
  runAsUser?: { value: number };
  runAsGroup?: { value: number };
  runAsUsername?: string;
  readonlyRootfs?: boolean;
  supplementalGroups?: number[];
  supplementalGroupsPolicy?: 'Merge' | 'Strict';
  noNewPrivs?: boolean;
  maskedPaths?: string[];
  readonlyPaths?: string[];
  seccomp?: SecurityProfile;
  apparmor?: SecurityProfile;
}

export interface ContainerConfig {
  metadata: { name: string; attempt: number };
  image: { image: string; userSpecifiedImage?: string };
  command: string[];
  args: string[];
  workingDir: string;
  envs: { key: string; value: string }[];
  mounts: Mount[];
  devices?: { containerPath: string; hostPath: string; permissions: string }[];
  labels: Record<string, string>;
  annotations: Record<string, string>;
  /** Relative to the sandbox's `logDirectory`, which must exist before the start. */
  logPath: string;
  stdin: boolean;
  stdinOnce: boolean;
  tty: boolean;
  linux: { resources: LinuxContainerResources; securityContext: LinuxContainerSecurityContext };
  /** A name of CRI's Signal enum, e.g. SIGUSR1. */
  stopSignal?: string;
}

export interface AuthConfig {
  username?: string;
  password?: string;
  auth?: string;
  serverAddress?: string;
  identityToken?: string;
  registryToken?: string;
}

// ---- errors --------------------------------------------------------------------------------------------------------

/**
 * Stable codes of a failed call: `unavailable` (no runtime behind the socket), `not-found` (unknown id), `deadline`
 * (no answer in time: the effect is unknown), `unimplemented`, `cancelled` (aborted by us), `other` (text only).
 */
export type CriErrorCode = 'unavailable' | 'not-found' | 'deadline' | 'unimplemented' | 'cancelled' | 'other';

/** A failed CRI call. `message` is the runtime's own text, fit for a status message. */
export class CriError extends Error {
  readonly code: CriErrorCode;
  /** The CRI method, e.g. `RunPodSandbox`. */
  readonly call: string;
  constructor(code: CriErrorCode, call: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CriError';
    this.code = code;
    this.call = call;
  }
}

// ---- the port ------------------------------------------------------------------------------------------------------

/** Every call has a deadline of its own and rejects with `CriError` only. `signal` aborts the call on our side. */
export interface Cri {
  version(): Promise<RuntimeVersion>;
  status(): Promise<RuntimeStatus>;
  /** The image of sandboxes themselves, which no container names; `undefined` when the runtime does not tell. */
  sandboxImage(): Promise<string | undefined>;
  /** `undefined` when the runtime does not tell (UNIMPLEMENTED before containerd 2.0). */
  cgroupDriver(): Promise<'systemd' | 'cgroupfs' | undefined>;

  /** Only what carries all of `labels`. */
  listPodSandboxes(labels: Record<string, string>): Promise<Sandbox[]>;
  podSandboxStatus(id: string): Promise<SandboxStatus>;
  /** Returns the id. `runtimeHandler` empty = the runtime's default. */
  runPodSandbox(config: PodSandboxConfig, runtimeHandler: string, signal?: AbortSignal): Promise<string>;
  /** Idempotent. Kills what still runs in it and tears its network down. */
  stopPodSandbox(id: string): Promise<void>;
  /** Idempotent. Removes its containers too. */
  removePodSandbox(id: string): Promise<void>;

  listContainers(labels: Record<string, string>): Promise<Container[]>;
  /** `resources`: with what it is held to now, which costs some runtimes a longer answer. */
  containerStatus(id: string, options?: { resources?: boolean }): Promise<ContainerStatus>;
  createContainer(
    sandboxId: string,
    config: ContainerConfig,
    sandboxConfig: PodSandboxConfig,
    signal?: AbortSignal,
  ): Promise<string>;
  startContainer(id: string, signal?: AbortSignal): Promise<void>;
  /** Idempotent. Stop signal, then SIGKILL after `timeoutSeconds`. The deadline is that plus slack. */
  stopContainer(id: string, timeoutSeconds: number, signal?: AbortSignal): Promise<void>;
  /** Idempotent. */
  removeContainer(id: string): Promise<void>;
  updateContainerResources(id: string, resources: LinuxContainerResources): Promise<void>;
  reopenContainerLog(id: string): Promise<void>;
  /** `timeoutSeconds` 0 = none. A timeout is a `deadline` error. */
  execSync(id: string, command: string[], timeoutSeconds: number, signal?: AbortSignal): Promise<ExecResult>;

  /** `undefined` when the image is not on the machine. */
  imageStatus(image: string): Promise<Image | undefined>;
  listImages(): Promise<Image[]>;
  /** Returns the image reference to use in `ContainerConfig.image`. */
  pullImage(
    image: string,
    auth: AuthConfig | undefined,
    sandboxConfig: PodSandboxConfig | undefined,
    signal?: AbortSignal,
  ): Promise<string>;
  removeImage(image: string): Promise<void>;
  imageFsInfo(): Promise<FilesystemUsage[]>;
}

export type { AppliedResources } from './applied.ts';
export type { ContainerEnd, RuntimeEvents, RuntimeHint } from './hints.ts';
