/**
 * What Kubernetes fills in (pkg/apis/core/v1/defaults.go and zz_generated.defaults.go). One walk names every default;
 * applying and stripping are two uses of it, so they cannot drift apart.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PodManifest } from '../types.ts';
import { aggregate } from './aggregate.ts';
import type { Fields } from './decode.ts';
import type { FieldTable } from './field.ts';
import { TYPES } from './fields.ts';

/** Called with an object, a field of it, and the value the field has when nobody sets it. Parents come before children. */
type Visit = (object: Fields, key: string, value: unknown) => void;

export const DEFAULT_NAMESPACE = 'default';
const POD_RESOURCES = ['cpu', 'memory'];

/** A copy with every default filled in. */
export function applyDefaults(pod: PodManifest): PodManifest {
  const copy = structuredClone(pod);
  walk('Pod', copy as unknown as Fields, false, (object, key, value) => {
    if (object[key] === undefined) object[key] = structuredClone(value);
  });
  return copy;
}

/** A copy without anything that `applyDefaults` would put there: what the author of the manifest decided. */
export function stripDefaults(pod: PodManifest): PodManifest {
  const copy = structuredClone(pod);
  const visits: Parameters<Visit>[] = [];
  walk('Pod', copy as unknown as Fields, false, (...visit) => visits.push(visit));
  // Children first: an object that only held defaults is then a default itself.
  for (const [object, key, value] of visits.reverse()) {
    if (isDeepStrictEqual(object[key], value)) delete object[key];
  }
  return copy;
}

function walk(type: string, object: Fields, hostNetwork: boolean, visit: Visit): void {
  const table: FieldTable = TYPES[type] ?? {};
  for (const [key, field] of Object.entries(table)) {
    if (field.default !== undefined) visit(object, key, field.default);
  }
  const onHost = type === 'PodSpec' ? object.hostNetwork === true : hostNetwork;
  DERIVED[type]?.(object, visit, onHost);
  for (const [key, field] of Object.entries(table)) {
    const child = field.type.endsWith('[]') ? field.type.slice(0, -2) : field.type;
    if (!(child in TYPES)) continue;
    const value = object[key];
    const children = Array.isArray(value) ? value : [value];
    for (const one of children) {
      if (typeof one === 'object' && one !== null) walk(child, one as Fields, onHost, visit);
    }
  }
}

/** Defaults that depend on other fields. */
const DERIVED: Readonly<Record<string, (object: Fields, visit: Visit, hostNetwork: boolean) => void>> = {
  ObjectMeta: (metadata, visit) => visit(metadata, 'namespace', DEFAULT_NAMESPACE),
  PodSpec: (spec, visit) => {
    visitPodRequests(spec, visit);
    // The old name of the field, kept in step by the API's conversions.
    if (spec.serviceAccountName !== undefined) visit(spec, 'serviceAccount', spec.serviceAccountName);
  },
  Container: (container, visit) => visit(container, 'imagePullPolicy', pullPolicy(container.image)),
  ImageVolumeSource: (source, visit) => visit(source, 'pullPolicy', pullPolicy(source.reference)),
  ContainerPort: (port, visit, hostNetwork) => {
    if (hostNetwork && port.containerPort !== undefined) visit(port, 'hostPort', port.containerPort);
  },
  ResourceRequirements: (resources, visit) => {
    const limits = (resources.limits ?? {}) as Fields;
    if (Object.keys(limits).length === 0) return;
    visit(resources, 'requests', {});
    const requests = resources.requests as Fields | undefined;
    if (!requests) return;
    for (const [resource, limit] of Object.entries(limits)) visit(requests, resource, limit);
  },
  Volume: (volume, visit) => {
    if (Object.keys(volume).every((key) => key === 'name' || key === 'emptyDir')) visit(volume, 'emptyDir', {});
  },
};

/**
 * What the Pod as a whole requests, when it only has limits: as much as its containers together; of what they do not ask
 * for, the limit (see ResourceRequirements). Huge pages are never more or less than the limit.
 */
function visitPodRequests(spec: Fields, visit: Visit): void {
  const resources = spec.resources as Fields | undefined;
  if (!resources || Object.keys((resources.limits ?? {}) as Fields).length === 0) return;
  visit(resources, 'requests', {});
  const requests = resources.requests as Fields | undefined;
  if (!requests) return;
  for (const [name, sum] of aggregate(spec as unknown as NonNullable<PodManifest['spec']>, 'requests')) {
    if (POD_RESOURCES.includes(name)) visit(requests, name, sum);
  }
}

/** Always for the tag `latest`, said or implied; IfNotPresent for every other tag or a digest alone. */
function pullPolicy(image: unknown): string {
  if (typeof image !== 'string') return 'IfNotPresent';
  const [reference = '', digest] = image.split('@');
  const name = reference.slice(reference.lastIndexOf('/') + 1);
  const colon = name.indexOf(':');
  const tag = colon >= 0 ? name.slice(colon + 1) : digest === undefined ? 'latest' : '';
  return tag === 'latest' ? 'Always' : 'IfNotPresent';
}
