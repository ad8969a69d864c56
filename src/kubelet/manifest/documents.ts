/**
 * ConfigMap, Secret, PersistentVolumeClaim and PersistentVolume documents → what Pods can use of them, checked as the API
 * server does (pkg/apis/core/validation/validation.go ValidateConfigMap, ValidateSecret). Messages never show a value.
 *
 * To add a kind: 1. its name in `DocumentKind`; 2. its table in `fields-documents.ts`; 3. a row here; 4. its treatment in
 * `kinds.ts`.
 */
import { type ConfigDocument, type DocumentKind, documentKey, type VolumeLocation } from '../documents.ts';
import { canonicalJson, contentHash } from '../identity.ts';
import type { PodOrigin } from '../types.ts';
import { decodeObject, type Fields } from './decode.ts';
import { DEFAULT_NAMESPACE } from './default.ts';
import { configKey, dnsLabel, dnsSubdomain } from './names.ts';
import { forbidden, invalid, type Path, type Problems, required } from './problems.ts';
import { checkForm, checkName, checkNoBacksteps, checkOneOf } from './rules/check.ts';
import { checkNfs } from './rules/volumes.ts';

type Content = Omit<ConfigDocument, 'kind' | 'namespace' | 'name' | 'hash' | 'origin'>;
type Texts = Record<string, string> | undefined;

const EMPTY: Content = { data: new Map(), binaryData: new Map(), immutable: false };
const REDACTED = '<secret contents redacted>';

const ROWS: Readonly<Record<DocumentKind, (fields: Fields, path: Path, problems: Problems) => Content>> = {
  ConfigMap: configMap,
  Secret: secret,
  PersistentVolumeClaim: claim,
  PersistentVolume: volume,
};

/** What a document of this kind says; undefined when it has no usable name. Everything wrong goes to `problems`. */
export function readDocument(
  kind: DocumentKind,
  value: unknown,
  path: Path,
  problems: Problems,
  origin: PodOrigin,
): ConfigDocument | undefined {
  const fields = decodeObject(kind, value, path, problems);
  const metadata = (fields.metadata ?? {}) as { name?: string; namespace?: string };
  checkName(metadata.name, dnsSubdomain, [...path, 'metadata', 'name'], problems);
  checkForm(metadata.namespace, dnsLabel, [...path, 'metadata', 'namespace'], problems);
  const content = ROWS[kind](fields, path, problems);
  if (!metadata.name) return undefined;
  const namespace = kind === 'PersistentVolume' ? '' : (metadata.namespace ?? DEFAULT_NAMESPACE);
  return makeDocument({ kind, namespace, name: metadata.name, origin, ...content });
}

/** Completes a document with the hash of what Pods can see of it. */
export function makeDocument(document: Omit<ConfigDocument, 'hash'>): ConfigDocument {
  const { data, binaryData, type, volumeName, location } = document;
  const shown = { data: encoded(data), binaryData: encoded(binaryData), type, volumeName, location };
  return { ...document, hash: contentHash(canonicalJson(shown)) };
}

export const keyOf = ({ kind, namespace, name }: ConfigDocument) => documentKey(kind, namespace, name);

function encoded(data: ConfigDocument['data']): Record<string, string> {
  return Object.fromEntries([...data].map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]));
}

function configMap(fields: Fields, path: Path, problems: Problems): Content {
  const texts = textsOf(fields.data as Texts);
  const binary = bytesOf(fields.binaryData as Texts, [...path, 'binaryData'], 'data', problems);
  for (const key of binary.keys()) {
    if (!texts.has(key)) continue;
    problems.error([...path, 'binaryData', { key }], invalid(key, 'duplicate of key present in data'));
  }
  checkKeys(texts, [...path, 'data'], problems);
  checkKeys(binary, [...path, 'binaryData'], problems);
  return { data: texts, binaryData: binary, immutable: fields.immutable === true };
}

/** What a type promises is there (Kubernetes' built-in types; any other name is free). */
const SECRET_TYPES: Readonly<Record<string, readonly string[]>> = {
  'kubernetes.io/dockercfg': ['.dockercfg'],
  'kubernetes.io/dockerconfigjson': ['.dockerconfigjson'],
  'kubernetes.io/ssh-auth': ['ssh-privatekey'],
  'kubernetes.io/tls': ['tls.crt', 'tls.key'],
};
const JSON_KEYS = ['.dockercfg', '.dockerconfigjson'];
const BASIC_AUTH = ['username', 'password'];

function secret(fields: Fields, path: Path, problems: Problems): Content {
  const at = [...path, 'data'];
  const encodedData = bytesOf(fields.data as Texts, at, 'stringData', problems);
  const plain = textsOf(fields.stringData as Texts);
  checkKeys(encodedData, at, problems);
  checkKeys(plain, [...path, 'stringData'], problems);
  // Plain text wins over what is encoded under the same key.
  const data = sorted([...encodedData, ...plain]);
  const { type = 'Opaque' } = fields as { type?: string };
  const promised = Object.hasOwn(SECRET_TYPES, type) ? (SECRET_TYPES[type] ?? []) : [];
  for (const key of promised) checkPromised(key, data, at, problems);
  if (type === 'kubernetes.io/basic-auth' && !BASIC_AUTH.some((key) => data.has(key)))
    for (const key of BASIC_AUTH) problems.error([...at, { key }], required());
  return { data, binaryData: new Map(), immutable: fields.immutable === true, type };
}

function checkPromised(key: string, data: ConfigDocument['data'], path: Path, problems: Problems): void {
  const at = [...path, { key }];
  const bytes = data.get(key);
  if (!bytes) problems.error(at, required());
  else if (JSON_KEYS.includes(key) && !isJsonObject(bytes)) problems.error(at, invalid(REDACTED, 'must be JSON'));
}

function isJsonObject(bytes: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

function claim(fields: Fields, path: Path, problems: Problems): Content {
  const spec = (fields.spec ?? {}) as { volumeName?: string; volumeMode?: string };
  const at = [...path, 'spec'];
  checkMode(spec.volumeMode, at, problems);
  checkForm(spec.volumeName, dnsSubdomain, [...at, 'volumeName'], problems);
  return { ...EMPTY, ...(spec.volumeName !== undefined && { volumeName: spec.volumeName }) };
}

function volume(fields: Fields, path: Path, problems: Problems): Content {
  const { hostPath, local, nfs, volumeMode } = (fields.spec ?? {}) as VolumeLocation & { volumeMode?: string };
  const at = [...path, 'spec'];
  checkMode(volumeMode, at, problems);
  const given = Object.entries({ hostPath, local, nfs }).filter(([, source]) => source !== undefined);
  if (given.length === 0) problems.error(at, required('must specify a volume type'));
  for (const [extra] of given.slice(1))
    problems.error([...at, extra], forbidden('may not specify more than 1 volume type'));
  for (const [kind, source] of given) {
    if (!source?.path) problems.error([...at, kind, 'path'], required());
    else checkNoBacksteps(source.path, [...at, kind, 'path'], problems);
  }
  if (local?.path && !local.path.startsWith('/'))
    problems.error([...at, 'local', 'path'], invalid(local.path, 'must be an absolute path'));
  if (nfs) checkNfs(nfs, [...at, 'nfs'], problems);
  const location = { ...(hostPath && { hostPath }), ...(local && { local }), ...(nfs && { nfs }) };
  return { ...EMPTY, location };
}

function checkMode(volumeMode: string | undefined, path: Path, problems: Problems): void {
  if (volumeMode === 'Block')
    problems.refuse([...path, 'volumeMode'], forbidden('block volumes are not supported: use Filesystem'));
  else checkOneOf(volumeMode, ['Block', 'Filesystem'], [...path, 'volumeMode'], problems);
}

function textsOf(texts: Texts): Map<string, Uint8Array> {
  return sorted(Object.entries(texts ?? {}).map(([key, text]) => [key, Buffer.from(text)]));
}

/** Base64 as Go reads it: the standard alphabet, padded, line ends anywhere. */
function bytesOf(texts: Texts, path: Path, plain: string, problems: Problems): Map<string, Uint8Array> {
  return sorted(
    Object.entries(texts ?? {}).map(([key, text]) => {
      const packed = text.replaceAll(/[\r\n]/g, '');
      if (packed.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(packed))
        problems.error([...path, { key }], `Invalid value: must be base64; plain text belongs in ${plain}`);
      return [key, Buffer.from(packed, 'base64')];
    }),
  );
}

function sorted(entries: readonly (readonly [string, Uint8Array])[]): Map<string, Uint8Array> {
  return new Map([...new Map(entries)].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function checkKeys(data: ConfigDocument['data'], path: Path, problems: Problems): void {
  for (const key of data.keys())
    for (const detail of configKey(key)) problems.error([...path, { key }], invalid(key, detail));
}
