/**
 * What is in the files of configMap, secret, downwardAPI and projected volumes (MakePayload of pkg/volume/configmap and
 * pkg/volume/secret, CollectData of pkg/volume/downwardapi and pkg/volume/projected). Pure.
 *
 * To add a source: a case in `sourcePayload`, and in `references` (plan/references.ts) what it depends on.
 */
import { podField } from '../container/fields.ts';
import { containerResource } from '../container/resource-field.ts';
import { type DocumentData, type Documents, documentKey, notFoundText } from '../documents.ts';
import type { Node } from '../node.ts';
import { allContainers } from '../plan/containers.ts';
import type { Container, Pod, Volume } from '../types.ts';

export interface PayloadFile {
  readonly data: Uint8Array;
  /** Permission bits. */
  readonly mode: number;
}

/** By path below the volume: relative, without `..`. */
export type Payload = ReadonlyMap<string, PayloadFile>;

export interface PayloadInput {
  pod: Pod;
  node: Node;
  documents: Documents;
}

const DEFAULT_MODE = 0o644;

type Items = readonly { key: string; path: string; mode?: number }[] | undefined;
type DownwardItems = NonNullable<Volume['downwardAPI']>['items'];
type Source = NonNullable<NonNullable<Volume['projected']>['sources']>[number];

/** Throws an Error with the kubelet's words for what is not there and has to be. */
export function volumePayload(volume: Volume, input: PayloadInput): Payload {
  const { configMap, secret, downwardAPI, projected } = volume;
  const mode = (configMap ?? secret ?? downwardAPI ?? projected)?.defaultMode ?? DEFAULT_MODE;
  if (projected) {
    const files = (projected.sources ?? []).map((source) => sourcePayload(source, mode, input));
    return new Map(files.flatMap((payload) => [...payload]));
  }
  const { secretName, ...asked } = secret ?? {};
  const source: Source = {
    ...(configMap && { configMap }),
    ...(secretName !== undefined && { secret: { ...asked, name: secretName } }),
    ...(downwardAPI && { downwardAPI }),
  };
  return sourcePayload(source, mode, input);
}

function sourcePayload(
  { configMap, secret, downwardAPI, ...other }: Source,
  mode: number,
  input: PayloadInput,
): Payload {
  if (configMap) return documentPayload('ConfigMap', configMap, mode, input);
  if (secret) return documentPayload('Secret', secret, mode, input);
  if (downwardAPI) return downwardPayload(downwardAPI.items, mode, input);
  throw new Error(`there is nothing here that could give a ${Object.keys(other)[0] ?? 'source without a kind'}`);
}

function documentPayload(
  kind: 'ConfigMap' | 'Secret',
  { name = '', items, optional = false }: { name?: string; items?: Items; optional?: boolean },
  mode: number,
  { pod, documents }: PayloadInput,
): Payload {
  const document = documents.get(documentKey(kind, pod.metadata.namespace, name));
  if (!document && !optional) throw new Error(notFoundText(kind, name));
  const data: DocumentData = new Map([...(document?.data ?? []), ...(document?.binaryData ?? [])]);
  if (!items || items.length === 0) return new Map([...data].map(([key, bytes]) => [key, { data: bytes, mode }]));
  const files = items.flatMap((item) => {
    const bytes = data.get(item.key);
    if (bytes) return [[item.path, { data: bytes, mode: item.mode ?? mode }] as const];
    if (optional) return [];
    const place =
      kind === 'ConfigMap' ? 'configmap references non-existent config key' : 'references non-existent secret key';
    throw new Error(`${place}: ${item.key}`);
  });
  return new Map(files);
}

function downwardPayload(items: DownwardItems, mode: number, input: PayloadInput): Payload {
  const files = (items ?? []).map(({ path, fieldRef, resourceFieldRef, mode: own }) => {
    const text = fieldRef
      ? downwardField(fieldRef.fieldPath, input.pod)
      : containerResource(resourceFieldRef ?? { resource: '' }, { ...input, container: someContainer(input.pod) });
    return [path, { data: Buffer.from(text), mode: own ?? mode }] as const;
  });
  return new Map(files);
}

/** Whole maps only exist in files: one `key="value"` per line, as Go quotes (pkg/fieldpath/fieldpath.go). */
function downwardField(fieldPath: string, pod: Pod): string {
  if (fieldPath === 'metadata.labels') return formatMap(pod.metadata.labels);
  if (fieldPath === 'metadata.annotations') return formatMap(pod.metadata.annotations);
  return podField(fieldPath, { pod, podIps: [], hostIps: [] });
}

function formatMap(map: Record<string, string> = {}): string {
  const keys = Object.keys(map).sort();
  return keys.map((key) => `${key}=${goQuote(map[key] ?? '')}`).join('\n');
}

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};
/** strconv.IsPrint: letters, marks, numbers, punctuation, symbols and the blank of ASCII. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

/** strconv.Quote. */
export function goQuote(text: string): string {
  const quoted = [...text].map((character) => {
    const escaped = ESCAPES[character];
    if (escaped !== undefined) return escaped;
    if (PRINTABLE.test(character)) return character;
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
    return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  });
  return `"${quoted.join('')}"`;
}

const hex = (code: number, digits: number) => code.toString(16).padStart(digits, '0');

/** Never meant: in a volume the container is named. */
function someContainer(pod: Pod): Container {
  return allContainers(pod.spec)[0] as Container;
}
