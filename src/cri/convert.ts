/** Wire messages to and from the plain types of the port. Pure. */
import type {
  AppliedResources,
  Container,
  ContainerConfig,
  ContainerRunState,
  ContainerStatus,
  FilesystemUsage,
  Image,
  RuntimeHandler,
  RuntimeStatus,
  Sandbox,
  SandboxState,
  SandboxStatus,
} from './port.ts';
import type {
  StatusResponse,
  WireContainer,
  WireContainerStatus,
  WireFilesystemUsage,
  WireImage,
  WirePodSandbox,
  WirePodSandboxStatus,
  WireResources,
  WireRuntimeHandler,
} from './wire.ts';

export function toSandbox(wire: WirePodSandbox): Sandbox {
  const { name = '', namespace = '', uid = '', attempt = 0 } = wire.metadata ?? {};
  return {
    id: wire.id,
    metadata: { name, namespace, uid, attempt },
    state: toSandboxState(wire.state),
    createdAtMs: milliseconds(wire.createdAt),
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

export function toSandboxStatus(wire: WirePodSandboxStatus): SandboxStatus {
  const addresses = [wire.network?.ip, ...(wire.network?.additionalIps ?? []).map(({ ip }) => ip)];
  return {
    id: wire.id,
    state: toSandboxState(wire.state),
    ips: addresses.filter((ip): ip is string => ip !== undefined && ip !== ''),
  };
}

export function toRuntimeStatus({ status, runtimeHandlers, features }: StatusResponse): RuntimeStatus {
  const handlers = runtimeHandlers.map(toRuntimeHandler);
  return {
    conditions: status?.conditions ?? [],
    ...(handlers.length > 0 && { runtimeHandlers: handlers }),
    ...(features && { supplementalGroupsPolicy: features.supplementalGroupsPolicy }),
  };
}

export function toRuntimeHandler({ name, features }: WireRuntimeHandler): RuntimeHandler {
  const { recursiveReadOnlyMounts = false, userNamespaces = false } = features ?? {};
  return { name, recursiveReadOnlyMounts, userNamespaces };
}

export function toContainer(wire: WireContainer): Container {
  return {
    id: wire.id,
    sandboxId: wire.podSandboxId,
    metadata: { name: wire.metadata?.name ?? '', attempt: wire.metadata?.attempt ?? 0 },
    state: toContainerState(wire.state),
    createdAtMs: milliseconds(wire.createdAt),
    image: wire.image?.image ?? '',
    imageRef: wire.imageRef,
    labels: wire.labels,
    annotations: wire.annotations,
  };
}

export function toContainerStatus(wire: WireContainerStatus): ContainerStatus {
  const user = wire.user?.linux;
  return {
    id: wire.id,
    state: toContainerState(wire.state),
    createdAtMs: milliseconds(wire.createdAt),
    ...(wire.startedAt > 0 && { startedAtMs: milliseconds(wire.startedAt) }),
    ...(wire.finishedAt > 0 && { finishedAtMs: milliseconds(wire.finishedAt) }),
    exitCode: wire.exitCode,
    reason: wire.reason,
    message: wire.message,
    image: wire.image?.image ?? '',
    imageRef: wire.imageRef,
    logPath: wire.logPath,
    ...(user && { user: { uid: user.uid, gid: user.gid, supplementalGroups: user.supplementalGroups } }),
    ...(wire.resources?.linux && { resources: toAppliedResources(wire.resources.linux) }),
  };
}

/** Zero, and a negative quota or limit, mean that there is none. */
export function toAppliedResources(wire: Partial<WireResources>): AppliedResources {
  const { cpuPeriod = 0, cpuQuota = 0, cpuShares = 0, memoryLimitInBytes = 0 } = wire;
  return {
    ...(cpuPeriod > 0 && { cpuPeriod }),
    ...(cpuQuota > 0 && { cpuQuota }),
    ...(cpuShares > 0 && { cpuShares }),
    ...(memoryLimitInBytes > 0 && { memoryLimitInBytes }),
  };
}

/** From the OCI specification that runtimes tell when asked for everything; undefined when they do not. */
export function toSpecResources(info: Record<string, string>): AppliedResources | undefined {
  try {
    const { runtimeSpec } = JSON.parse(info.info ?? '{}') as { runtimeSpec?: { linux?: { resources?: unknown } } };
    const resources = runtimeSpec?.linux?.resources as
      | { cpu?: Record<string, unknown>; memory?: Record<string, unknown> }
      | undefined;
    if (!resources) return undefined;
    const { cpu = {}, memory = {} } = resources;
    const number = (value: unknown) => (typeof value === 'number' ? value : 0);
    return toAppliedResources({
      cpuPeriod: number(cpu.period),
      cpuQuota: number(cpu.quota),
      cpuShares: number(cpu.shares),
      memoryLimitInBytes: number(memory.limit),
    });
  } catch {
    return undefined;
  }
}

export function toImage(wire: WireImage): Image {
  return {
    id: wire.id,
    repoTags: wire.repoTags,
    repoDigests: wire.repoDigests,
    sizeBytes: wire.size,
    ...(wire.uid && { uid: wire.uid.value }),
    username: wire.username,
    pinned: wire.pinned,
  };
}

export function toFilesystemUsage(wire: WireFilesystemUsage): FilesystemUsage {
  return {
    mountpoint: wire.fsId?.mountpoint ?? '',
    usedBytes: wire.usedBytes?.value ?? 0,
    inodesUsed: wire.inodesUsed?.value ?? 0,
  };
}

/** `undefined` for a driver this version does not know. */
export function toCgroupDriver(wire: string): 'systemd' | 'cgroupfs' | undefined {
  return wire === 'SYSTEMD' ? 'systemd' : wire === 'CGROUPFS' ? 'cgroupfs' : undefined;
}

/** From the configuration that containerd tells with its status; other runtimes pin that image instead. */
export function toSandboxImage(info: Record<string, string>): string | undefined {
  try {
    const { sandboxImage } = JSON.parse(info.config ?? '{}') as { sandboxImage?: unknown };
    return typeof sandboxImage === 'string' && sandboxImage !== '' ? sandboxImage : undefined;
  } catch {
    return undefined;
  }
}

/** The values of `envs` are bytes on the wire; a string there would be read as base64. */
export function fromContainerConfig(config: ContainerConfig): object {
  return { ...config, envs: config.envs.map(({ key, value }) => ({ key, value: Buffer.from(value) })) };
}

/** A state of a later version decodes as a number; a sandbox is ready only when the runtime says so. */
function toSandboxState(wire: string | number): SandboxState {
  return wire === 'SANDBOX_READY' ? 'ready' : 'notready';
}

const containerStates: Partial<Record<string | number, ContainerRunState>> = {
  CONTAINER_CREATED: 'created',
  CONTAINER_RUNNING: 'running',
  CONTAINER_EXITED: 'exited',
};

function toContainerState(wire: string | number): ContainerRunState {
  return containerStates[wire] ?? 'unknown';
}

export function milliseconds(nanoseconds: number): number {
  return nanoseconds / 1e6;
}
