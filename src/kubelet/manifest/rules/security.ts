/** Security contexts of Pod and container (ValidateSecurityContext, validatePodSpecSecurityContext, validateSysctls). */
import { APPARMOR_ANNOTATION, annotatedApparmor } from '../../container/apparmor.ts';
import type { PodManifest } from '../../types.ts';
import { duplicate, forbidden, invalid, type Path, type Problems, required, unsupported } from '../problems.ts';
import { checkDescendingPath, checkOneOf, checkRange, INT32_MAX } from './check.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';
import { dotted, namespaceOf } from './sysctls.ts';

type Profile = { type: string; localhostProfile?: string };

const PROFILE_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined'];
const MAX_PROFILE_LENGTH = 4095;
const SYSCTL_SEGMENT = '[a-z0-9]([-_a-z0-9]*[a-z0-9])?';
const SYSCTL_NAME = `^(${SYSCTL_SEGMENT}[\\./])*${SYSCTL_SEGMENT}$`;
const MAX_SYSCTL_LENGTH = 253;

export function checkSecurityContext(
  context: ContainerManifest['securityContext'],
  spec: PodSpecManifest,
  path: Path,
  problems: Problems,
): void {
  if (!context) return;
  checkIds(context, path, problems);
  checkOneOf(context.procMount, ['Default', 'Unmasked'], [...path, 'procMount'], problems);
  if (context.procMount === 'Unmasked' && spec.hostUsers !== false) {
    problems.error([...path, 'procMount'], invalid(context.procMount, '`hostUsers` must be false to use `Unmasked`'));
  }
  checkSeccomp(context.seccompProfile, [...path, 'seccompProfile'], problems);
  checkAppArmor(context.appArmorProfile, [...path, 'appArmorProfile'], problems);
  if (context.allowPrivilegeEscalation !== false) return;
  const place = [...path, 'allowPrivilegeEscalation'];
  if (context.privileged) {
    problems.error(
      path,
      'Invalid value: cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      place,
    );
  }
  if (context.capabilities?.add?.includes('CAP_SYS_ADMIN')) {
    problems.error(
      path,
      'Invalid value: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN',
      place,
    );
  }
}

export function checkPodSecurity(spec: PodSpecManifest, path: Path, problems: Problems): void {
  if (spec.shareProcessNamespace && spec.hostPID) {
    problems.error(
      [...path, 'shareProcessNamespace'],
      invalid(true, 'ShareProcessNamespace and HostPID cannot both be enabled'),
    );
  }
  if (spec.hostUsers === false) {
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC'] as const) {
      if (spec[field]) problems.error([...path, field], forbidden('when `pod.Spec.HostUsers` is false'));
    }
    for (const list of ['containers', 'initContainers'] as const) {
      (spec[list] ?? []).forEach((container, index) => {
        if (container.volumeDevices?.length)
          problems.error([...path, list, index, 'volumeDevices'], forbidden('when `pod.Spec.HostUsers` is false'));
      });
    }
  }
  const context = spec.securityContext;
  if (!context) return;
  const at = [...path, 'securityContext'];
  checkIds(context, at, problems);
  checkRange(context.fsGroup, 0, INT32_MAX, [...at, 'fsGroup'], problems);
  (context.supplementalGroups ?? []).forEach((group, index) => {
    checkRange(group, 0, INT32_MAX, [...at, 'supplementalGroups', index], problems);
  });
  checkOneOf(context.fsGroupChangePolicy, ['Always', 'OnRootMismatch'], [...at, 'fsGroupChangePolicy'], problems);
  checkOneOf(context.supplementalGroupsPolicy, ['Merge', 'Strict'], [...at, 'supplementalGroupsPolicy'], problems);
  checkOneOf(context.seLinuxChangePolicy, ['MountOption', 'Recursive'], [...at, 'seLinuxChangePolicy'], problems);
  checkSeccomp(context.seccompProfile, [...at, 'seccompProfile'], problems);
  checkAppArmor(context.appArmorProfile, [...at, 'appArmorProfile'], problems);
  checkSysctls(spec, [...at, 'sysctls'], problems);
}

function checkIds(context: { runAsUser?: number; runAsGroup?: number }, path: Path, problems: Problems): void {
  checkRange(context.runAsUser, 0, INT32_MAX, [...path, 'runAsUser'], problems);
  checkRange(context.runAsGroup, 0, INT32_MAX, [...path, 'runAsGroup'], problems);
}

function checkSeccomp(profile: Profile | undefined, path: Path, problems: Problems): void {
  if (!profile) return;
  checkProfileType(profile, 'seccomp', path, problems);
  const { localhostProfile } = profile;
  if (profile.type === 'Localhost' && localhostProfile)
    checkDescendingPath(localhostProfile, [...path, 'localhostProfile'], problems);
}

function checkAppArmor(profile: Profile | undefined, path: Path, problems: Problems): void {
  if (!profile) return;
  checkProfileType(profile, 'AppArmor', path, problems);
  const { localhostProfile } = profile;
  if (profile.type !== 'Localhost' || !localhostProfile) return;
  const at = [...path, 'localhostProfile'];
  if (localhostProfile.trim() !== localhostProfile)
    problems.error(at, invalid(localhostProfile, 'must not be padded with whitespace'));
  if (localhostProfile.length > MAX_PROFILE_LENGTH)
    problems.error(at, `Too long: may not be more than ${MAX_PROFILE_LENGTH} bytes`);
}

/** The form of before 1.30 (ValidateAppArmorPodAnnotations); the field wins where both are given, and they must agree. */
export function checkAppArmorAnnotations({ metadata, spec }: PodManifest, path: Path, problems: Problems): void {
  const containers = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];
  for (const [key, text] of Object.entries(metadata?.annotations ?? {})) {
    if (!key.startsWith(APPARMOR_ANNOTATION)) continue;
    const at = [...path, 'metadata', 'annotations', { key }];
    const container = containers.find(({ name }) => name === key.slice(APPARMOR_ANNOTATION.length));
    const profile = annotatedApparmor(text);
    const own = container?.securityContext?.appArmorProfile;
    if (!container) problems.error(at, invalid(key.slice(APPARMOR_ANNOTATION.length), 'container not found'));
    if (!profile) problems.error(at, invalid(text, `invalid AppArmor profile name: ${JSON.stringify(text)}`));
    else if (own && (own.type !== profile.type || own.localhostProfile !== profile.localhostProfile))
      problems.error(at, forbidden('apparmor type in annotation and field must match'));
  }
}

function checkProfileType(profile: Profile, kind: 'seccomp' | 'AppArmor', path: Path, problems: Problems): void {
  const { type, localhostProfile } = profile;
  const field = kind === 'seccomp' ? 'seccompProfile' : 'appArmorProfile';
  if (!type) {
    problems.error([...path, 'type'], required(`type is required when ${field} is set`));
    return;
  }
  if (!PROFILE_TYPES.includes(type)) {
    problems.error([...path, 'type'], unsupported(type, PROFILE_TYPES));
    return;
  }
  const at = [...path, 'localhostProfile'];
  if (type === 'Localhost' && !localhostProfile)
    problems.error(at, required(`must be set when ${kind} type is Localhost`));
  if (type !== 'Localhost' && localhostProfile !== undefined) {
    problems.error(at, invalid(localhostProfile, `can only be set when ${kind} type is Localhost`));
  }
}

function checkSysctls(spec: PodSpecManifest, path: Path, problems: Problems): void {
  const names = new Set<string>();
  (spec.securityContext?.sysctls ?? []).forEach(({ name }, index) => {
    const at = [...path, index, 'name'];
    if (!name) {
      problems.error(at, required());
      return;
    }
    if (name.length > MAX_SYSCTL_LENGTH || !new RegExp(SYSCTL_NAME).test(name)) {
      problems.error(
        at,
        invalid(name, `must have at most ${MAX_SYSCTL_LENGTH} characters and match regex ${SYSCTL_NAME}`),
      );
      return;
    }
    const plain = dotted(name);
    if (names.has(plain)) problems.error(at, duplicate(name));
    names.add(plain);
    if (spec.hostNetwork && namespaceOf(plain) === 'net') {
      problems.error(at, invalid(name, "may not be specified when 'hostNetwork' is true"));
    }
    if (spec.hostIPC && namespaceOf(plain) === 'ipc') {
      problems.error(at, invalid(name, "may not be specified when 'hostIPC' is true"));
    }
  });
}
