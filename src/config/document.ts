/** Bytes of a configuration file → its one document, and the way back from a field to its place in the file. */
import { readYaml, type YamlDocument } from '../kubelet/manifest/yaml.ts';
import { ConfigError } from './errors.ts';

export interface ConfigDocument {
  root: Record<string, unknown>;
  /** `file:line:column` of a field, or of its nearest parent that is written. Indexes of lists are digits. */
  where(path: readonly string[]): string;
}

/** Throws ConfigError when the bytes are not one YAML or JSON mapping. An empty file is an empty mapping. */
export function readDocument(file: string, bytes: Uint8Array): ConfigDocument {
  const text = decode(file, bytes);
  const place = (offset: number) => `${file}:${lineAndColumn(text, offset)}`;
  const { documents, problems } = readYaml(text);
  if (problems.length > 0) {
    throw new ConfigError(problems.map(({ offset, message }) => ({ where: place(offset), path: '', message })));
  }
  const refuse = (offset: number, message: string) => new ConfigError([{ where: place(offset), path: '', message }]);
  if (documents[1]) throw refuse(documents[1].offset, 'must be one document; here begins another');
  const document = documents[0];
  const root = document?.value ?? {};
  if (!isMapping(root)) throw refuse(document?.offset ?? 0, 'must be a mapping with apiVersion, kind and fields');
  return { root, where: (path) => place(document ? locate(document, root, path) : 0) };
}

function decode(file: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError([{ where: file, path: '', message: 'must be UTF-8 text' }]);
  }
}

function locate(document: YamlDocument, root: Record<string, unknown>, path: readonly string[]): number {
  let value: unknown = root;
  const segments = path.map((name) => {
    const segment = Array.isArray(value) ? Number(name) : name;
    value = (value as Record<string | number, unknown> | null | undefined)?.[segment];
    return segment;
  });
  return document.locate(segments, true);
}

function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset);
  return `${before.split('\n').length}:${offset - before.lastIndexOf('\n')}`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
