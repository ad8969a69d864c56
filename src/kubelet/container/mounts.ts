import type { Mount, MountPropagation } from '../../cri/port.ts';
import type { ImageSource, PreparedPod, PreparedVolume } from '../host.ts';
import { ConfigError } from '../sandbox/config-error.ts';
import { idMappings } from '../sandbox/user-namespace.ts';
import type { Container, Pod, VolumeMount } from '../types.ts';

const HOSTS_PATH = '/etc/hosts';

const PROPAGATION: Readonly<Record<string, MountPropagation>> = {
  None: 'PROPAGATION_PRIVATE',
  HostToContainer: 'PROPAGATION_HOST_TO_CONTAINER',
  Bidirectional: 'PROPAGATION_BIDIRECTIONAL',
};

export interface MountsInput {
  pod: Pod;
  container: Container;
  prepared: PreparedPod;
  podIps: readonly string[];
  terminationLogPath: string;
  /** Of the mounts with a `subPath`, by their index in `volumeMounts`: what `Host.bindSubPaths` says. */
  subPaths?: ReadonlyMap<number, string>;
  /** The runtime can make a mount read-only with all that is mounted below it. */
  recursiveReadOnly: boolean;
}

/**
 * Mounts in the order of the spec, then the managed hosts file, the termination log last
 * (pkg/kubelet/kubelet_pods.go makeMounts). Throws ConfigError.
 */
export function containerMounts(input: MountsInput): Mount[] {
  const { container, prepared, terminationLogPath } = input;
  const mounts = (container.volumeMounts ?? []).map((mount, index) => volumeMount(mount, index, input));
  if (wantsHostsFile(input))
    mounts.push({ containerPath: HOSTS_PATH, hostPath: prepared.hostsFile, readonly: false, selinuxRelabel: true });
  if (container.terminationMessagePath !== '')
    mounts.push({
      containerPath: absolute(container.terminationMessagePath),
      hostPath: terminationLogPath,
      readonly: false,
      selinuxRelabel: true,
    });
  const ids = prepared.userNamespace && idMappings(prepared.userNamespace);
  // So that files of root belong to the container's root.
  return ids ? mounts.map((mount) => ({ ...mount, uidMappings: ids, gidMappings: ids })) : mounts;
}

function volumeMount(mount: VolumeMount, index: number, input: MountsInput): Mount {
  const { container, prepared, recursiveReadOnly } = input;
  const volume = prepared.volumes.get(mount.name);
  if (!volume) throw new ConfigError(`cannot find volume "${mount.name}" to mount into container "${container.name}"`);
  if (volume.image) return imageMount(mount, volume.image, input.subPaths?.get(index));
  const readonly = mount.readOnly === true || volume.readOnly;
  const recursive = isRecursiveReadOnly(mount, recursiveReadOnly);
  return {
    containerPath: absolute(mount.mountPath),
    hostPath: sourcePath(mount, volume, index, input),
    readonly,
    selinuxRelabel: volume.selinuxRelabel,
    propagation: PROPAGATION[mount.mountPropagation ?? 'None'] ?? 'PROPAGATION_PRIVATE',
    ...(recursive && { recursiveReadOnly: true }),
  };
}

/** What of the volume is mounted: a part of it is bound elsewhere by the host, which sees to it that it is inside. */
function sourcePath(mount: VolumeMount, volume: PreparedVolume, index: number, { container, subPaths }: MountsInput) {
  const part = subPaths?.get(index);
  if (part !== undefined) return part;
  // An expression may come to nothing, which is the whole volume.
  if (!mount.subPath && (!mount.subPathExpr || subPaths)) return volume.hostPath;
  throw new ConfigError(`failed to prepare subPath for volumeMount "${mount.name}" of container "${container.name}"`);
}

/** The runtime mounts the content of an image itself, and finds the part of it. */
function imageMount(mount: VolumeMount, image: ImageSource, subPath: string | undefined): Mount {
  return {
    containerPath: absolute(mount.mountPath),
    hostPath: '',
    readonly: true,
    image: { image: image.ref, userSpecifiedImage: image.reference },
    ...(subPath && { imageSubPath: subPath }),
  };
}

function isRecursiveReadOnly(mount: VolumeMount, supported: boolean): boolean {
  const mode = mount.recursiveReadOnly ?? 'Disabled';
  if (mode === 'Disabled') return false;
  const refuse = (why: string) =>
    new ConfigError(`volume "${mount.name}" requested recursive read-only mode, but it is not ${why}`);
  if (!mount.readOnly) throw refuse('read-only');
  if (mount.mountPropagation && mount.mountPropagation !== 'None')
    throw refuse(`compatible with propagation "${mount.mountPropagation}"`);
  if (mode === 'Enabled' && !supported) throw refuse('supported by the runtime');
  return supported;
}

/** The hosts file is ours unless the container mounts something there itself. */
function wantsHostsFile({ pod, container, podIps }: MountsInput): boolean {
  if (podIps.length === 0 && !pod.spec.hostNetwork) return false;
  return !(container.volumeMounts ?? []).some((mount) => mount.mountPath === HOSTS_PATH);
}

const absolute = (path: string) => (path.startsWith('/') ? path : `/${path}`);
