/**
 * A container's security context: its own settings over the Pod's (pkg/kubelet/kuberuntime/security_context.go,
 * pkg/securitycontext/util.go).
 */
import { join } from 'node:path';
import type { Image, LinuxContainerSecurityContext, SecurityProfile } from '../../cri/port.ts';
import type { Node } from '../node.ts';
import { ConfigError } from '../sandbox/config-error.ts';
import { namespaceOptions } from '../sandbox/namespaces.ts';
import { groups } from '../sandbox/security.ts';
import type { UserNamespace } from '../sandbox/user-namespace.ts';
import type { Container, Pod } from '../types.ts';
import { APPARMOR_ANNOTATION, annotatedApparmor, type Profile } from './apparmor.ts';

const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/** What of the image is known when the container is made. */
export type ImageUser = Pick<Image, 'uid' | 'username'>;

/** Throws ConfigError when the container must not run as root and would, or could. */
export function containerSecurity(
  pod: Pod,
  container: Container,
  node: Node,
  image: ImageUser | undefined,
  userNamespace?: UserNamespace,
): LinuxContainerSecurityContext {
  checkNonRoot(pod, container, image);
  const own = container.securityContext ?? {};
  const { runAsGroup, seLinuxOptions } = { ...pod.spec.securityContext, ...definedOnly(own) };
  const apparmor = apparmorProfile(pod, container);
  const unmasked = own.procMount === 'Unmasked';
  return {
    namespaceOptions: namespaceOptions(pod, userNamespace),
    ...user(pod, container, image),
    ...(runAsGroup !== undefined && { runAsGroup: { value: runAsGroup } }),
    ...groups(pod),
    privileged: own.privileged ?? false,
    readonlyRootfs: own.readOnlyRootFilesystem ?? false,
    noNewPrivs: own.allowPrivilegeEscalation === false,
    ...(own.capabilities && {
      capabilities: {
        addCapabilities: (own.capabilities.add ?? []).map(bareCapability),
        dropCapabilities: (own.capabilities.drop ?? []).map(bareCapability),
      },
    }),
    ...(seLinuxOptions && { selinuxOptions: { ...seLinuxOptions } }),
    seccomp: seccompProfile(pod, container, node),
    ...(apparmor && { apparmor }),
    // Always sent, also for privileged containers: the runtime drops them there, and hides nothing without them.
    maskedPaths: unmasked ? [] : [...MASKED_PATHS, ...(node.maskedPaths ?? [])],
    readonlyPaths: unmasked ? [] : [...READONLY_PATHS],
  };
}

function effectiveUser(pod: Pod, container: Container): number | undefined {
  return container.securityContext?.runAsUser ?? pod.spec.securityContext?.runAsUser;
}

/** The uid asked for, else the image's own user; an image without one runs as root. */
function user(
  pod: Pod,
  container: Container,
  image: ImageUser | undefined,
): Pick<LinuxContainerSecurityContext, 'runAsUser' | 'runAsUsername'> {
  const uid = effectiveUser(pod, container) ?? imageUid(image);
  if (uid !== undefined) return { runAsUser: { value: uid } };
  return image?.username ? { runAsUsername: image.username } : {};
}

/** Undefined: a name, or an image that is not known. */
function imageUid(image: ImageUser | undefined): number | undefined {
  return image?.uid ?? (image && image.username === '' ? 0 : undefined);
}

function checkNonRoot(pod: Pod, container: Container, image: ImageUser | undefined): void {
  const nonRoot = container.securityContext?.runAsNonRoot ?? pod.spec.securityContext?.runAsNonRoot;
  if (!nonRoot) return;
  const { name, namespace, uid } = pod.metadata;
  const place = `(pod: "${name}_${namespace}(${uid})", container: ${container.name})`;
  const asked = effectiveUser(pod, container);
  if (asked === 0) throw new ConfigError(`container's runAsUser breaks non-root policy ${place}`);
  if (asked !== undefined) return;
  const ofImage = imageUid(image);
  if (ofImage === 0) throw new ConfigError(`container has runAsNonRoot and image will run as root ${place}`);
  if (ofImage !== undefined) return;
  const unverifiable = image ? `image has non-numeric user (${image.username})` : "image's user is unknown";
  throw new ConfigError(`container has runAsNonRoot and ${unverifiable}, cannot verify user is non-root ${place}`);
}

function seccompProfile(pod: Pod, container: Container, node: Node): SecurityProfile {
  const profile: Profile | undefined =
    container.securityContext?.seccompProfile ?? pod.spec.securityContext?.seccompProfile;
  if (!profile) return { profileType: node.seccompDefault ? 'RuntimeDefault' : 'Unconfined' };
  return securityProfile(profile, (file) => join(node.rootDir, 'seccomp', file), 'seccompProfile');
}

/** Undefined: nothing asked; the runtime applies its own. */
function apparmorProfile(pod: Pod, container: Container): SecurityProfile | undefined {
  const profile: Profile | undefined =
    container.securityContext?.appArmorProfile ??
    pod.spec.securityContext?.appArmorProfile ??
    annotatedApparmor(pod.metadata.annotations?.[`${APPARMOR_ANNOTATION}${container.name}`]);
  return profile && securityProfile(profile, (name) => name, 'appArmorProfile');
}

function securityProfile(profile: Profile, localhostRef: (name: string) => string, field: string): SecurityProfile {
  if (profile.type === 'RuntimeDefault' || profile.type === 'Unconfined') return { profileType: profile.type };
  if (!profile.localhostProfile) throw new ConfigError(`localhostProfile must be set if ${field} type is Localhost.`);
  return { profileType: 'Localhost', localhostRef: localhostRef(profile.localhostProfile) };
}

/** Runtimes put the `CAP_` before the name themselves. */
const bareCapability = (name: string) => name.replace(/^CAP_/, '');

function definedOnly<T extends object>(object: T): Partial<T> {
  return Object.fromEntries(
    Object.entries(object).filter(([, value]) => value !== undefined && value !== null),
  ) as Partial<T>;
}
