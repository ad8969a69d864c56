import { ConfigError } from '../sandbox/config-error.ts';
import type { Pod } from '../types.ts';

export interface FieldInput {
  pod: Pod;
  podIps: readonly string[];
  hostIps: readonly string[];
}

const FIELDS: Readonly<Record<string, (input: FieldInput) => string>> = {
  'metadata.name': ({ pod }) => pod.metadata.name,
  'metadata.namespace': ({ pod }) => pod.metadata.namespace,
  'metadata.uid': ({ pod }) => pod.metadata.uid,
  'spec.nodeName': ({ pod }) => pod.spec.nodeName,
  'spec.serviceAccountName': ({ pod }) => pod.spec.serviceAccountName ?? '',
  'status.hostIP': ({ hostIps }) => hostIps[0] ?? '',
  'status.hostIPs': ({ hostIps }) => hostIps.join(','),
  'status.podIP': (input) => podIps(input)[0] ?? '',
  'status.podIPs': (input) => podIps(input).join(','),
};

/** `metadata.labels['key']`, `metadata.annotations['key']`. */
const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.*)'\]$/s;

/** A `fieldRef` of an environment variable as text; an absent label is empty. Throws ConfigError for a path unknown. */
export function podField(fieldPath: string, input: FieldInput): string {
  const field = Object.hasOwn(FIELDS, fieldPath) ? FIELDS[fieldPath] : undefined;
  if (field) return field(input);
  const [, map, key] = SUBSCRIPT.exec(fieldPath) ?? [];
  if (map === undefined || key === undefined) throw new ConfigError(`unsupported fieldPath: ${fieldPath}`);
  const values = input.pod.metadata[map as 'labels' | 'annotations'] ?? {};
  return Object.hasOwn(values, key) ? (values[key] as string) : '';
}

/** On the host network a Pod's addresses are the machine's. */
function podIps({ pod, podIps, hostIps }: FieldInput): readonly string[] {
  return podIps.length === 0 && pod.spec.hostNetwork ? hostIps : podIps;
}
