/** Environment variables and their sources (ValidateEnv, ValidateEnvFrom, validateObjectFieldSelector). */

import type { V1ObjectFieldSelector, V1ResourceFieldSelector } from '@kubernetes/client-node';
import type { Wire } from '../../types.ts';
import { configKey, dnsSubdomain, envName, qualifiedName } from '../names.ts';
import { invalid, notFound, type Path, type Problems, required, unsupported } from '../problems.ts';
import { parseQuantity } from '../quantity.ts';
import { checkFilePath, checkForm, checkName } from './check.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';

const ENV_FIELDS = [
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
  'spec.nodeName',
  'spec.serviceAccountName',
  'status.hostIP',
  'status.hostIPs',
  'status.podIP',
  'status.podIPs',
];
const RESOURCES = [
  'limits.cpu',
  'limits.ephemeral-storage',
  'limits.memory',
  'requests.cpu',
  'requests.ephemeral-storage',
  'requests.memory',
];
const BYTE_DIVISORS = ['1', '1k', '1M', '1G', '1T', '1P', '1E', '1Ki', '1Mi', '1Gi', '1Ti', '1Pi', '1Ei'];
const CPU_DIVISORS = ['1m', '1'];

export function checkEnv(container: ContainerManifest, spec: PodSpecManifest, path: Path, problems: Problems): void {
  (container.env ?? []).forEach((variable, index) => {
    const at = [...path, 'env', index];
    checkName(variable.name, envName, [...at, 'name'], problems);
    const { valueFrom } = variable;
    if (!valueFrom) return;
    const from = [...at, 'valueFrom'];
    const sources = Object.values(valueFrom).filter((source) => source !== undefined).length;
    if (sources === 0) {
      const names = '`fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`';
      problems.error(from, invalid('', `must specify one of: ${names}`));
    } else if (variable.value) {
      problems.error(from, invalid('', 'may not be specified when `value` is not empty'));
    } else if (sources > 1) {
      problems.error(from, invalid('', 'may not have more than one field specified at a time'));
    }
    if (valueFrom.fieldRef) checkFieldRef(valueFrom.fieldRef, ENV_FIELDS, [...from, 'fieldRef'], problems);
    if (valueFrom.resourceFieldRef) {
      checkResourceFieldRef(valueFrom.resourceFieldRef, false, [...from, 'resourceFieldRef'], problems);
    }
    for (const kind of ['configMapKeyRef', 'secretKeyRef'] as const) {
      const reference = valueFrom[kind];
      if (!reference) continue;
      checkName(reference.name, dnsSubdomain, [...from, kind, 'name'], problems);
      checkName(reference.key, configKey, [...from, kind, 'key'], problems);
    }
    if (valueFrom.fileKeyRef) checkFileKeyRef(valueFrom.fileKeyRef, spec, [...from, 'fileKeyRef'], problems);
  });
  checkEnvFrom(container, path, problems);
}

function checkEnvFrom(container: ContainerManifest, path: Path, problems: Problems): void {
  (container.envFrom ?? []).forEach((source, index) => {
    const at = [...path, 'envFrom', index];
    checkForm(source.prefix, envName, [...at, 'prefix'], problems);
    if (source.configMapRef)
      checkName(source.configMapRef.name, dnsSubdomain, [...at, 'configMapRef', 'name'], problems);
    if (source.secretRef) checkName(source.secretRef.name, dnsSubdomain, [...at, 'secretRef', 'name'], problems);
    if (!source.configMapRef && !source.secretRef) {
      problems.error(at, invalid('', 'must specify one of: `configMapRef` or `secretRef`'));
    } else if (source.configMapRef && source.secretRef) {
      problems.error(at, invalid('', 'may not have more than one field specified at a time'));
    }
  });
}

type FileKeyRef = { volumeName: string; path: string; key: string };

function checkFileKeyRef(reference: FileKeyRef, spec: PodSpecManifest, path: Path, problems: Problems): void {
  checkName(reference.key, envName, [...path, 'key'], problems);
  checkFilePath(reference.path, [...path, 'path'], problems);
  if (!reference.volumeName) {
    problems.error([...path, 'volumeName'], required());
    return;
  }
  const volume = (spec.volumes ?? []).find((one) => one.name === reference.volumeName);
  if (!volume) problems.error([...path, 'volumeName'], notFound(reference.volumeName));
  else if (!volume.emptyDir) {
    problems.error([...path, 'volumeName'], invalid(reference.volumeName, 'must be an emptyDir volume'));
  }
}

/** `fields` are those allowed beside labels and annotations with a subscript, which every use may have. */
export function checkFieldRef(
  reference: Wire<V1ObjectFieldSelector>,
  fields: readonly string[],
  path: Path,
  problems: Problems,
): void {
  const { apiVersion, fieldPath } = reference;
  if (apiVersion !== 'v1') {
    problems.error([...path, 'apiVersion'], unsupported(apiVersion ?? '', ['v1']));
    return;
  }
  if (!fieldPath) {
    problems.error([...path, 'fieldPath'], required());
    return;
  }
  const subscript = /^(.+)\['(.*)'\]$/.exec(fieldPath);
  if (!subscript) {
    if (!fields.includes(fieldPath)) problems.error([...path, 'fieldPath'], unsupported(fieldPath, fields));
    return;
  }
  const [, map, key = ''] = subscript;
  if (map === 'metadata.annotations') checkName(key.toLowerCase(), qualifiedName, [...path, 'fieldPath'], problems);
  else if (map === 'metadata.labels') checkName(key, qualifiedName, [...path, 'fieldPath'], problems);
  else problems.error([...path, 'fieldPath'], invalid(map, 'does not support subscript'));
}

/** In a volume the container must be named. */
export function checkResourceFieldRef(
  reference: Wire<V1ResourceFieldSelector>,
  inVolume: boolean,
  path: Path,
  problems: Problems,
): void {
  const { resource, divisor } = reference;
  if (inVolume && !reference.containerName) {
    problems.error([...path, 'containerName'], required());
    return;
  }
  if (!resource) {
    problems.error([...path, 'resource'], required());
    return;
  }
  if (!RESOURCES.includes(resource) && !/^(limits|requests)\.hugepages-/.test(resource)) {
    problems.error([...path, 'resource'], unsupported(resource, RESOURCES));
    return;
  }
  if (divisor === undefined || parseQuantity(divisor) === 0n) return;
  const allowed = resource.endsWith('.cpu') ? CPU_DIVISORS : BYTE_DIVISORS;
  if (!allowed.includes(divisor)) problems.error([...path, 'divisor'], unsupported(divisor, allowed));
}
