/** What the owner of the machine has forbidden: as problems with their places, for `rower validate`, and as one refusal. */

import { APPARMOR_ANNOTATION, annotatedApparmor } from '../../container/apparmor.ts';
import type { Documents } from '../../documents.ts';
import type { Node } from '../../node.ts';
import { ALL_ALLOWED, allowedRoot, type Policy } from '../../policy.ts';
import { unknownRuntimeClass } from '../../sandbox/runtime-class.ts';
import type { PodManifest } from '../../types.ts';
import { forbidden, formatPath, invalid, type Path, Problems } from '../problems.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';
import { checkReferences } from './references.ts';
import { forbiddenSysctl } from './sysctls.ts';

/** `path` is that of the Pod, or of the template that is one. */
type Rule = (pod: PodManifest, policy: Policy, path: Path, problems: Problems) => void;

const HOST_NAMESPACES = [
  ['hostNetwork', 'allowHostNetwork'],
  ['hostPID', 'allowHostPID'],
  ['hostIPC', 'allowHostIPC'],
] as const;
const DIGEST = /@[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-f]{32,}$/;

/** To add one: a function, a row in RULES, its setting in `Policy`. */
const RULES: readonly Rule[] = [hostNamespaces, containers, hostPaths, imageVolumes, unconfined];

/** Each message names the setting that would allow it. */
export function checkPolicy(pod: PodManifest, policy: Policy, path: Path, problems: Problems): void {
  for (const rule of RULES) rule(pod, policy, path, problems);
}

/** Sysctls are the kubelet's own rule, with a reason of its own. */
export function checkSysctlPolicy(spec: PodSpecManifest, policy: Policy, path: Path, problems: Problems): void {
  (spec.securityContext?.sysctls ?? []).forEach(({ name }, index) => {
    const why = name && forbiddenSysctl(name, spec, policy.allowedUnsafeSysctls);
    if (why) problems.error([...path, 'securityContext', 'sysctls', index, 'name'], forbidden(why));
  });
}

/** What `rower validate` knows of the machine. */
export interface MachineRules {
  readonly policy: Policy;
  readonly runtimeClasses: NonNullable<Node['runtimeClasses']>;
  /** They are the machine's own settings, and not merely the defaults. */
  readonly sure: boolean;
  /** What stands beside the Pods. */
  readonly documents: Documents;
}

/** All that a machine refuses of a Pod that is good in itself: errors, or warnings where it is not sure. */
export function checkMachine(pod: PodManifest, rules: MachineRules, path: Path, problems: Problems): void {
  const { metadata, spec } = pod;
  if (!spec) return;
  const at = [...path, 'spec'];
  checkReferences(spec, metadata?.namespace, rules.documents, at, problems);
  const found = new Problems();
  checkPolicy(pod, rules.policy, path, found);
  checkSysctlPolicy(spec, rules.policy, at, found);
  const { runtimeClassName } = spec;
  if (runtimeClassName && !Object.hasOwn(rules.runtimeClasses, runtimeClassName)) {
    const why = unknownRuntimeClass(runtimeClassName, rules.runtimeClasses);
    found.error([...at, 'runtimeClassName'], invalid(runtimeClassName, why));
  }
  for (const { path: place, message } of found.findings) {
    if (rules.sure) problems.error(place, message);
    else problems.warn(place, `${message}; so it is with the default settings, name the machine's own with --config`);
  }
}

/** Why this Pod may not run here, by path; undefined: it may. */
export function policyViolation(pod: PodManifest, policy: Policy = ALL_ALLOWED): string | undefined {
  const problems = new Problems();
  checkPolicy(pod, policy, [], problems);
  if (problems.findings.length === 0) return undefined;
  return problems.findings.map(({ path, message }) => `${formatPath(path)}: ${message}`).join('; ');
}

function hostNamespaces({ spec }: PodManifest, policy: Policy, path: Path, problems: Problems): void {
  for (const [field, setting] of HOST_NAMESPACES)
    if (spec?.[field] && !policy[setting]) problems.error([...path, 'spec', field], notHere(`${field} is`, setting));
}

function containers({ spec }: PodManifest, policy: Policy, path: Path, problems: Problems): void {
  for (const list of ['initContainers', 'containers'] as const)
    (spec?.[list] ?? []).forEach((container, index) => {
      checkContainer(container, policy, [...path, 'spec', list, index], problems);
    });
}

function checkContainer(container: ContainerManifest, policy: Policy, path: Path, problems: Problems): void {
  const { privileged, capabilities } = container.securityContext ?? {};
  if (privileged && !policy.allowPrivileged)
    problems.error([...path, 'securityContext', 'privileged'], notHere('privileged containers are', 'allowPrivileged'));
  (capabilities?.add ?? []).forEach((name, index) => {
    if (isAllowedCapability(name, policy.allowedCapabilities)) return;
    const at = [...path, 'securityContext', 'capabilities', 'add', index];
    problems.error(at, notHere(`capability ${name} is`, 'allowedCapabilities'));
  });
  if (container.image) checkImage(container.image, policy, [...path, 'image'], problems);
}

function isAllowedCapability(name: string, allowed: readonly string[]): boolean {
  const bare = name.replace(/^CAP_/i, '').toUpperCase();
  return allowed.includes('*') || allowed.includes(bare);
}

function checkImage(image: string, policy: Policy, path: Path, problems: Problems): void {
  if (!policy.requireImageDigest || DIGEST.test(image)) return;
  const why = `image "${image}" has no digest, such as @sha256:…, and this machine takes no other (requireImageDigest)`;
  problems.error(path, forbidden(why));
}

function imageVolumes({ spec }: PodManifest, policy: Policy, path: Path, problems: Problems): void {
  (spec?.volumes ?? []).forEach(({ image }, index) => {
    if (image?.reference)
      checkImage(image.reference, policy, [...path, 'spec', 'volumes', index, 'image', 'reference'], problems);
  });
}

function hostPaths({ spec }: PodManifest, policy: Policy, path: Path, problems: Problems): void {
  (spec?.volumes ?? []).forEach(({ hostPath }, index) => {
    if (!hostPath?.path || allowedRoot(hostPath.path, policy.allowedHostPaths) !== undefined) return;
    problems.error(
      [...path, 'spec', 'volumes', index, 'hostPath', 'path'],
      forbidden(hostPathRefusal(hostPath.path, policy)),
    );
  });
}

/** Types that container-selinux has for containers; with the baseline of the Pod Security Standards. */
const SELINUX_TYPES = ['', 'container_t', 'container_init_t', 'container_kvm_t', 'container_engine_t'];

function unconfined({ metadata, spec }: PodManifest, policy: Policy, path: Path, problems: Problems): void {
  if (policy.allowUnconfined) return;
  for (const [key, profile] of Object.entries(metadata?.annotations ?? {})) {
    if (key.startsWith(APPARMOR_ANNOTATION) && annotatedApparmor(profile)?.type === 'Unconfined')
      problems.error([...path, 'metadata', 'annotations', { key }], notHere('unconfined is', 'allowUnconfined'));
  }
  checkConfined(spec?.securityContext, [...path, 'spec', 'securityContext'], problems);
  for (const list of ['initContainers', 'containers'] as const)
    (spec?.[list] ?? []).forEach(({ securityContext }, index) => {
      const at = [...path, 'spec', list, index, 'securityContext'];
      checkConfined(securityContext, at, problems);
      if (securityContext?.procMount === 'Unmasked')
        problems.error([...at, 'procMount'], notHere('Unmasked is', 'allowUnconfined'));
    });
}

type Confinement = Pick<
  NonNullable<ContainerManifest['securityContext']>,
  'seccompProfile' | 'appArmorProfile' | 'seLinuxOptions'
>;

function checkConfined(context: Confinement | undefined, path: Path, problems: Problems): void {
  for (const field of ['seccompProfile', 'appArmorProfile'] as const)
    if (context?.[field]?.type === 'Unconfined')
      problems.error([...path, field, 'type'], notHere('Unconfined is', 'allowUnconfined'));
  const { type = '', user, role } = context?.seLinuxOptions ?? {};
  const at = [...path, 'seLinuxOptions'];
  if (!SELINUX_TYPES.includes(type)) problems.error([...at, 'type'], notHere(`type ${type} is`, 'allowUnconfined'));
  for (const [field, value] of Object.entries({ user, role }))
    if (value) problems.error([...at, field], notHere(`a ${field} is`, 'allowUnconfined'));
}

/** For a path of the machine, wherever it is named. */
export function hostPathRefusal(path: string, { allowedHostPaths }: Pick<Policy, 'allowedHostPaths'>): string {
  const where = allowedHostPaths.length > 0 ? `only below ${allowedHostPaths.join(', ')}` : 'nowhere';
  return `${path} may not be mounted: on this machine hostPath is allowed ${where} (allowedHostPaths)`;
}

const notHere = (what: string, setting: string) => forbidden(`${what} not allowed on this machine (${setting})`);
