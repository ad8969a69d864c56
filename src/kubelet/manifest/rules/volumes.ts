/** Volumes (ValidateVolumes and the validators of each source). */
import { dnsLabel } from '../names.ts';
import { duplicate, forbidden, invalid, type Path, type Problems, required, unsupported } from '../problems.ts';
import { parseQuantity } from '../quantity.ts';
import { checkFilePath, checkName, checkNoBacksteps, checkOneOf } from './check.ts';
import type { PodSpecManifest } from './containers.ts';
import { checkFieldRef, checkResourceFieldRef } from './env.ts';

type Volume = NonNullable<PodSpecManifest['volumes']>[number];
type Items = readonly { key: string; path: string; mode?: number }[] | undefined;
type DownwardItems = NonNullable<Volume['downwardAPI']>['items'];
type Projection = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

const HOST_PATH_TYPES = [
  '',
  'BlockDevice',
  'CharDevice',
  'Directory',
  'DirectoryOrCreate',
  'File',
  'FileOrCreate',
  'Socket',
];
const DOWNWARD_FIELDS = [
  'metadata.annotations',
  'metadata.labels',
  'metadata.name',
  'metadata.namespace',
  'metadata.uid',
];
const MAX_MODE = 0o777;
const MODE_ERROR = 'must be a number between 0 and 0777 (octal), both inclusive';

export function checkVolumes(spec: PodSpecManifest, path: Path, problems: Problems): void {
  const names = new Set<string>();
  (spec.volumes ?? []).forEach((volume, index) => {
    const at = [...path, 'volumes', index];
    checkName(volume.name, dnsLabel, [...at, 'name'], problems);
    if (volume.name && names.has(volume.name)) problems.error([...at, 'name'], duplicate(volume.name));
    names.add(volume.name);
    const kinds = Object.keys(volume).filter((key) => key !== 'name');
    for (const extra of kinds.slice(1)) {
      problems.error([...at, extra], forbidden('may not specify more than 1 volume type'));
    }
    checkSource(volume, at, problems);
  });
}

function checkSource(volume: Volume, path: Path, problems: Problems): void {
  const { emptyDir, hostPath, image, configMap, secret, downwardAPI, projected, persistentVolumeClaim, nfs } = volume;
  if (emptyDir?.sizeLimit !== undefined && (parseQuantity(emptyDir.sizeLimit) ?? 0n) < 0n) {
    problems.error([...path, 'emptyDir', 'sizeLimit'], forbidden('SizeLimit field must be a valid resource quantity'));
  }
  if (emptyDir?.medium && !/^(Memory|HugePages(-.+)?)$/.test(emptyDir.medium)) {
    problems.error([...path, 'emptyDir', 'medium'], unsupported(emptyDir.medium, ['', 'Memory', 'HugePages']));
  }
  if (hostPath) checkHostPath(hostPath, [...path, 'hostPath'], problems);
  if (image) {
    if (!image.reference) problems.error([...path, 'image', 'reference'], required());
    checkOneOf(image.pullPolicy, ['Always', 'IfNotPresent', 'Never'], [...path, 'image', 'pullPolicy'], problems);
  }
  if (persistentVolumeClaim && !persistentVolumeClaim.claimName) {
    problems.error([...path, 'persistentVolumeClaim', 'claimName'], required());
  }
  if (nfs) {
    if (!nfs.path) problems.error([...path, 'nfs', 'path'], required());
    checkNfs(nfs, [...path, 'nfs'], problems);
  }
  if (configMap) {
    if (!configMap.name) problems.error([...path, 'configMap', 'name'], required());
    checkMode(configMap.defaultMode, [...path, 'configMap', 'defaultMode'], problems);
    checkItems(configMap.items, [...path, 'configMap', 'items'], problems);
  }
  if (secret) {
    if (!secret.secretName) problems.error([...path, 'secret', 'secretName'], required());
    checkMode(secret.defaultMode, [...path, 'secret', 'defaultMode'], problems);
    checkItems(secret.items, [...path, 'secret', 'items'], problems);
  }
  if (downwardAPI) {
    checkMode(downwardAPI.defaultMode, [...path, 'downwardAPI', 'defaultMode'], problems);
    checkDownwardItems(downwardAPI.items, [...path, 'downwardAPI', 'items'], problems);
  }
  if (projected) {
    checkMode(projected.defaultMode, [...path, 'projected', 'defaultMode'], problems);
    const paths = new Set<string>();
    (projected.sources ?? []).forEach((source, index) => {
      checkProjection(source, paths, [...path, 'projected', 'sources', index], problems);
    });
  }
}

function checkHostPath(source: { path: string; type?: string }, path: Path, problems: Problems): void {
  if (!source.path) {
    problems.error([...path, 'path'], required());
    return;
  }
  checkNoBacksteps(source.path, [...path, 'path'], problems);
  checkOneOf(source.type, HOST_PATH_TYPES, [...path, 'type'], problems);
}

/** The server and an absolute path; validateNFSVolumeSource. */
export function checkNfs(source: { server?: string; path?: string }, path: Path, problems: Problems): void {
  if (!source.server) problems.error([...path, 'server'], required());
  else if (!/^[-A-Za-z0-9._:%[\]]+$/.test(source.server) || source.server.startsWith('-'))
    problems.error([...path, 'server'], invalid(source.server, 'must be a host name or an IP address'));
  if (source.path && !source.path.startsWith('/'))
    problems.error([...path, 'path'], invalid(source.path, 'must be an absolute path'));
}

function checkProjection(source: Projection, paths: Set<string>, path: Path, problems: Problems): void {
  const kinds = Object.keys(source);
  if (kinds.length > 1) problems.error(path, forbidden('may not specify more than 1 volume type per source'));
  for (const kind of ['configMap', 'secret'] as const) {
    const projection = source[kind];
    if (!projection) continue;
    if (!projection.name) problems.error([...path, kind, 'name'], required());
    checkItems(projection.items, [...path, kind, 'items'], problems);
  }
  if (source.downwardAPI) checkDownwardItems(source.downwardAPI.items, [...path, 'downwardAPI', 'items'], problems);
  for (const kind of ['configMap', 'secret', 'downwardAPI'] as const) {
    (source[kind]?.items ?? []).forEach((item, index) => {
      if (!item.path) return;
      const at = [...path, kind, 'items', index, 'path'];
      if (paths.has(item.path)) problems.error(at, invalid(item.path, 'conflicting duplicate paths'));
      paths.add(item.path);
    });
  }
}

function checkItems(items: Items, path: Path, problems: Problems): void {
  (items ?? []).forEach((item, index) => {
    if (!item.key) problems.error([...path, index, 'key'], required());
    checkFilePath(item.path, [...path, index, 'path'], problems);
    checkMode(item.mode, [...path, index, 'mode'], problems);
  });
}

function checkDownwardItems(items: DownwardItems, path: Path, problems: Problems): void {
  (items ?? []).forEach((item, index) => {
    const at = [...path, index];
    checkFilePath(item.path, [...at, 'path'], problems);
    checkMode(item.mode, [...at, 'mode'], problems);
    const { fieldRef, resourceFieldRef } = item;
    if (fieldRef && resourceFieldRef) {
      problems.error(at, invalid('resource', 'fieldRef and resourceFieldRef can not be specified simultaneously'));
    } else if (fieldRef) checkFieldRef(fieldRef, DOWNWARD_FIELDS, [...at, 'fieldRef'], problems);
    else if (resourceFieldRef) checkResourceFieldRef(resourceFieldRef, true, [...at, 'resourceFieldRef'], problems);
    else problems.error(at, required('one of fieldRef and resourceFieldRef is required'));
  });
}

function checkMode(mode: number | undefined, path: Path, problems: Problems): void {
  if (mode !== undefined && (mode < 0 || mode > MAX_MODE)) problems.error(path, invalid(mode, MODE_ERROR));
}
