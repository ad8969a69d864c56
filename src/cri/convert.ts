/** Wire messages to and from the plain types of the port. Pure. */
import type {
  Container,
  ContainerConfig,
  ContainerRunState,
  ContainerStatus,
  FilesystemUsage,
  Image,
  RuntimeHandler,
  Sandbox,
  SandboxState,
  SandboxStatus,
} from './port.ts';
import type {
  WireContainer,
  WireContainerStatus,
  WireFilesystemUsage,
  WireImage,
  WirePodSandbox,
  WirePodSandboxStatus,
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
  };
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
