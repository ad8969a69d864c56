/**
 * A container's environment (pkg/kubelet/kubelet_pods.go makeEnvironmentVariables). Later sources win: `envFrom` in
 * order, then `env` in order. Unlike the kubelet's, the order of the result is fixed: that of first mention.
 *
 * To add a source: a case in `resolve` (of one variable) or in `importAll` (of `envFrom`), and a line in the tests.
 */
import { type ConfigDocument, type Documents, documentKey, notFoundText } from '../documents.ts';
import type { Node } from '../node.ts';
import { ConfigError } from '../sandbox/config-error.ts';
import type { Container, EnvVar, Pod } from '../types.ts';
import { EnvFileError, envFileValue } from './env-file.ts';
import { expand } from './expand.ts';
import { podField } from './fields.ts';
import { containerResource } from './resource-field.ts';

/** The kernel's limit for one argument or variable (MAX_ARG_STRLEN): longer ones could not be passed anyway. */
const MAX_VALUE_CHARS = 128 * 1024 - 1;

export interface EnvInput {
  pod: Pod;
  container: Container;
  node: Node;
  podIps: readonly string[];
  hostIps: readonly string[];
  /** Absent: there are none. */
  documents?: Documents;
  /** Content of the files that `fileKeyRef` names, by `envFileKey`. */
  envFiles?: ReadonlyMap<string, EnvFile>;
}

/** `missing`: there is no such file. `error`: it cannot be read. */
export type EnvFile = { text: string } | { missing: true } | { error: string };

/** The name of a file in a volume, for `EnvInput.envFiles`. */
export const envFileKey = (volumeName: string, path: string): string => `${volumeName}/${path}`;

/** By name, expanded. Throws ConfigError. */
export function containerEnv(input: EnvInput): Map<string, string> {
  const env = new Map<string, string>();
  for (const source of input.container.envFrom ?? []) importAll(source, input, env);
  for (const variable of input.container.env ?? []) {
    const value = variable.valueFrom
      ? resolve(variable, variable.valueFrom, input)
      : expandIn(`environment variable "${variable.name}"`, variable.value ?? '', env);
    if (value !== undefined) env.set(variable.name, value);
  }
  return env;
}

/** `command` or `args` with the complete environment. Throws ConfigError. */
export function expandAll(
  words: readonly string[] | undefined,
  env: ReadonlyMap<string, string>,
  place: string,
): string[] {
  return (words ?? []).map((word, index) => expandIn(`${place}[${index}]`, word, env));
}

function expandIn(place: string, text: string, env: ReadonlyMap<string, string>): string {
  const expanded = expand(text, (name) => env.get(name), MAX_VALUE_CHARS);
  if (expanded === undefined)
    throw new ConfigError(`${place} is longer than ${MAX_VALUE_CHARS} characters once its references are expanded`);
  return expanded;
}

/** Undefined: an optional source that is not there. */
function resolve(variable: EnvVar, from: NonNullable<EnvVar['valueFrom']>, input: EnvInput): string | undefined {
  if (from.fieldRef) return podField(from.fieldRef.fieldPath, input);
  if (from.resourceFieldRef) return containerResource(from.resourceFieldRef, input);
  if (from.configMapKeyRef) return keyOf('ConfigMap', from.configMapKeyRef, input);
  if (from.secretKeyRef) return keyOf('Secret', from.secretKeyRef, input);
  if (from.fileKeyRef) return keyOfFile(from.fileKeyRef, input);
  throw new ConfigError(`environment variable "${variable.name}" has no source of its value that is supported`);
}

type ObjectRef = { name?: string; optional?: boolean };

function keyOf(kind: 'ConfigMap' | 'Secret', reference: ObjectRef & { key: string }, input: EnvInput) {
  const document = find(kind, reference, input);
  const bytes = document?.data.get(reference.key);
  if (document && bytes) return textOf(bytes, document, reference.key);
  if (reference.optional) return undefined;
  const { namespace } = input.pod.metadata;
  throw new ConfigError(`couldn't find key ${reference.key} in ${kind} ${namespace}/${reference.name ?? ''}`);
}

/** Every key, in their order: unlike a Go map, the same each time. */
function importAll(source: NonNullable<Container['envFrom']>[number], input: EnvInput, env: Map<string, string>): void {
  const { prefix = '', configMapRef, secretRef } = source;
  const document = configMapRef
    ? find('ConfigMap', configMapRef, input)
    : secretRef && find('Secret', secretRef, input);
  for (const [key, bytes] of document?.data ?? [])
    env.set(prefix + key, textOf(bytes, document as ConfigDocument, key));
}

/** Undefined: it is not there and may be absent. */
function find(kind: 'ConfigMap' | 'Secret', { name = '', optional }: ObjectRef, { documents, pod }: EnvInput) {
  const found = documents?.get(documentKey(kind, pod.metadata.namespace, name));
  if (found || optional) return found;
  throw new ConfigError(notFoundText(kind, name));
}

/** A process can only be given text without a NUL; the runtime's own error would quote the value. */
function textOf(bytes: Uint8Array, { kind, namespace, name }: ConfigDocument, key: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Said below.
  }
  throw new ConfigError(`key ${key} of ${kind} ${namespace}/${name} is not text: it can be used as a file only`);
}

type FileKeyRef = NonNullable<NonNullable<EnvVar['valueFrom']>['fileKeyRef']>;

function keyOfFile({ volumeName, path, key, optional }: FileKeyRef, { envFiles }: EnvInput): string | undefined {
  const file = envFiles?.get(envFileKey(volumeName, path)) ?? { missing: true as const };
  let value = '';
  if ('error' in file) throw new ConfigError(`couldn't parse env file: ${file.error}`);
  if ('text' in file) {
    try {
      value = envFileValue(file.text, key);
    } catch (error) {
      if (!(error instanceof EnvFileError)) throw error;
      throw new ConfigError(`couldn't parse env file: ${error.message}`);
    }
  }
  if (value !== '') return value;
  if (optional) return undefined;
  throw new ConfigError(`environment variable key "${key}" not found in file "${path}"`);
}
