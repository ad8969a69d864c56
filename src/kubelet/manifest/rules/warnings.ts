/**
 * What is allowed and yet hardly meant: the API server warns of most of it too (pkg/api/pod/warnings.go). The Pod runs, or
 * waits as its status says.
 *
 * To add one: a line in the function of its part.
 */
import { closest } from '../../../config/closest.ts';
import { CAPABILITIES } from '../../capabilities.ts';
import { imageReferenceProblem } from '../../plan/images.ts';
import type { PodManifest } from '../../types.ts';
import { ipAddress } from '../names.ts';
import { formatPath, type Path, type Problems } from '../problems.ts';
import { NANO_PER_UNIT, parseQuantity } from '../quantity.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';

const SECCOMP_OF_POD = 'seccomp.security.alpha.kubernetes.io/pod';
const SECCOMP_OF_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/';
const NO_SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead';
/** What they did is done by a field today. */
const FORMER_ANNOTATIONS: Readonly<Record<string, string>> = {
  'scheduler.alpha.kubernetes.io/critical-pod': 'non-functional in v1.16+; use the "priorityClassName" field instead',
  'security.alpha.kubernetes.io/sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
  'security.alpha.kubernetes.io/unsafe-sysctls': 'non-functional in v1.11+; use the "sysctls" field instead',
};
const PODMAN_ANNOTATION = /^(io\.podman\.annotations\.|volume\.podman\.io\/)/;
/** Less than any process needs: a unit was forgotten. */
const MIN_MEMORY = NANO_PER_UNIT * 2n ** 20n;
const BYTES = ['memory', 'ephemeral-storage'];

/** `metadata` is at `path`, or above the template that is there. */
export function warnOfPod({ metadata, spec }: PodManifest, path: Path, problems: Problems): void {
  const annotations = metadata?.annotations ?? {};
  const place = [...path, 'metadata', 'annotations'];
  for (const key of Object.keys(annotations)) {
    const why = Object.hasOwn(FORMER_ANNOTATIONS, key) ? FORMER_ANNOTATIONS[key] : seccompText(key, spec);
    if (why !== undefined) problems.warn([...place, { key }], why);
    else if (PODMAN_ANNOTATION.test(key))
      problems.warn([...place, { key }], 'an annotation of podman, without effect here');
  }
  if (!spec) return;
  const at = [...path, 'spec'];
  warnOfDuplicates(spec.hostAliases, 'ip', [...at, 'hostAliases'], problems);
  warnOfDuplicates(spec.imagePullSecrets, 'name', [...at, 'imagePullSecrets'], problems);
  (spec.imagePullSecrets ?? []).forEach(({ name }, index) => {
    if (!name) problems.warn([...at, 'imagePullSecrets', index, 'name'], 'invalid empty name ""');
  });
  for (const list of ['initContainers', 'containers'] as const)
    (spec[list] ?? []).forEach((container, index) => {
      warnOfContainer(container, spec, [...at, list, index], problems);
    });
  warnOfPorts(spec, at, problems);
  (spec.volumes ?? []).forEach((volume, index) => {
    const here = [...at, 'volumes', index];
    const { image, downwardAPI, emptyDir } = volume;
    if (image?.reference) warnOfImage(image.reference, [...here, 'image', 'reference'], problems);
    warnOfBytes(emptyDir?.sizeLimit, false, [...here, 'emptyDir', 'sizeLimit'], problems);
    (downwardAPI?.items ?? []).forEach(({ resourceFieldRef }, item) => {
      const named = [...here, 'downwardAPI', 'items', item, 'resourceFieldRef', 'containerName'];
      warnOfContainerName(resourceFieldRef?.containerName, spec, named, problems);
    });
  });
}

/** Harmless beside the field that took its place. */
function seccompText(key: string, spec: PodSpecManifest | undefined): string | undefined {
  if (key === SECCOMP_OF_POD) return spec?.securityContext?.seccompProfile ? undefined : NO_SECCOMP;
  if (!key.startsWith(SECCOMP_OF_CONTAINER)) return undefined;
  const name = key.slice(SECCOMP_OF_CONTAINER.length);
  const container = [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].find((one) => one.name === name);
  return container?.securityContext?.seccompProfile ? undefined : NO_SECCOMP;
}

function warnOfDuplicates<K extends string>(
  items: readonly { [P in K]?: string }[] | undefined,
  field: K,
  path: Path,
  problems: Problems,
): void {
  const seen = new Set<string>();
  (items ?? []).forEach((item, index) => {
    const value = item[field];
    if (!value) return;
    if (seen.has(value)) problems.warn([...path, index, field], `duplicate ${field} ${JSON.stringify(value)}`);
    seen.add(value);
  });
}

/** Of regular containers together: they share the addresses of the Pod. */
function warnOfPorts(spec: PodSpecManifest, path: Path, problems: Problems): void {
  const seen = new Map<string, Path>();
  (spec.containers ?? []).forEach(({ ports = [] }, container) => {
    ports.forEach(({ containerPort, protocol = 'TCP', hostPort, hostIP }, index) => {
      const at = [...path, 'containers', container, 'ports', index];
      if (hostIP && !hostPort && ipAddress(hostIP).length === 0)
        problems.warn([...at, 'hostIP'], 'hostIP set without hostPort');
      if (!containerPort) return;
      const key = [containerPort, protocol, hostPort, hostIP].join();
      const first = seen.get(key);
      if (first) problems.warn(at, `duplicate port definition with ${formatPath(first)}`);
      else seen.set(key, at);
    });
  });
}

function warnOfContainer(container: ContainerManifest, spec: PodSpecManifest, path: Path, problems: Problems): void {
  const { image, securityContext, resources, env = [] } = container;
  if (image) warnOfImage(image, [...path, 'image'], problems);
  for (const list of ['add', 'drop'] as const)
    (securityContext?.capabilities?.[list] ?? []).forEach((name, index) => {
      warnOfCapability(name, [...path, 'securityContext', 'capabilities', list, index], problems);
    });
  // Requests that nobody wrote equal their limits.
  for (const list of ['limits', 'requests'] as const)
    for (const [name, amount] of Object.entries(resources?.[list] ?? {}))
      if (BYTES.includes(name) && !(list === 'requests' && resources?.limits?.[name] === amount))
        warnOfBytes(
          amount,
          name === 'memory' && list === 'limits',
          [...path, 'resources', list, { key: name }],
          problems,
        );
  const names = new Set<string>();
  env.forEach(({ name, value = '', valueFrom }, index) => {
    const old = `$(${name})`;
    // What adds to the value before it needs it.
    const adds = valueFrom === undefined && value !== old && value.includes(old);
    if (name && names.has(name) && !adds)
      problems.warn(
        [...path, 'env', index],
        `hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      );
    names.add(name);
    const place = [...path, 'env', index, 'valueFrom', 'resourceFieldRef', 'containerName'];
    warnOfContainerName(valueFrom?.resourceFieldRef?.containerName, spec, place, problems);
  });
}

function warnOfImage(image: string, path: Path, problems: Problems): void {
  if (image.trim() !== image) return;
  const problem = imageReferenceProblem(image);
  if (problem !== undefined) problems.warn(path, problem);
}

/** The runtime refuses it when the container is made. */
function warnOfCapability(name: string, path: Path, problems: Problems): void {
  const bare = name.toUpperCase().replace(/^CAP_/, '');
  if (bare === 'ALL' || CAPABILITIES.includes(bare)) return;
  const near = bare.length <= 64 ? closest(bare, CAPABILITIES) : undefined;
  problems.warn(
    path,
    `unknown capability ${JSON.stringify(name)}${near === undefined ? '' : `; did you mean ${near}?`}`,
  );
}

function warnOfBytes(text: string | undefined, isLimitOfMemory: boolean, path: Path, problems: Problems): void {
  const amount = text === undefined ? undefined : parseQuantity(text);
  if (amount === undefined || amount <= 0n) return;
  const shown = JSON.stringify(text);
  if (amount % NANO_PER_UNIT !== 0n)
    problems.warn(path, `fractional byte value ${shown} is invalid, must be an integer`);
  else if (isLimitOfMemory && amount < MIN_MEMORY)
    problems.warn(
      path,
      `${shown} is less than 1Mi: no container starts with so little, did you forget a unit such as Mi?`,
    );
}

function warnOfContainerName(name: string | undefined, spec: PodSpecManifest, path: Path, problems: Problems): void {
  if (!name) return;
  const known = [...(spec.initContainers ?? []), ...(spec.containers ?? [])].some((one) => one.name === name);
  if (!known) problems.warn(path, `container ${name} not found`);
}
