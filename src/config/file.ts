/** Reads a KubeletConfiguration document against the tables: which settings it gives, and everything wrong with it. */
import path from 'node:path';
import { didYouMean } from './closest.ts';
import { type ConfigDocument, readDocument } from './document.ts';
import { parseDuration } from './duration.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { boolean, type Kind, mustBe, ValueError } from './kinds.ts';
import { OTHER_FIELDS, type Shape } from './other-fields.ts';
import { SETTING_ROWS } from './settings.ts';
import type { Config } from './types.ts';

export const API_VERSION = 'kubelet.config.k8s.io/v1beta1';
export const KIND = 'KubeletConfiguration';

/** Field that only chooses the default of another one. */
export const SERIALIZE_IMAGE_PULLS = 'serializeImagePulls';

/** What one KubeletConfiguration file says. */
export interface ConfigFile {
  values: Partial<Config>;
  serializeImagePulls: boolean | undefined;
  /** Fields that are set, known to Kubernetes, and without effect here. Sorted. */
  ignored: string[];
  /** `file:line:column` of a field path; of the file when the field is not in it. */
  where(field: string): string;
}

/** A field of KubeletConfiguration that has an effect: its key in Config when it has one of its own. */
interface Leaf {
  kind: Kind<unknown>;
  key?: keyof Config;
  zeroIsUnset?: true;
  pending?: true;
}

type Tree = Map<string, Leaf | Tree | { other: Shape }>;

const FIELDS: Tree = fieldTree();

function fieldTree(): Tree {
  const root: Tree = new Map();
  for (const [path, shape] of Object.entries(OTHER_FIELDS)) plant(root, path, { other: shape });
  plant(root, SERIALIZE_IMAGE_PULLS, { kind: boolean() });
  for (const [key, setting] of SETTING_ROWS) {
    if (setting.field !== undefined) plant(root, setting.field, { ...setting, key });
  }
  return root;
}

function plant(root: Tree, path: string, leaf: Leaf | { other: Shape }): void {
  const names = path.split('.');
  const leafName = names.pop() ?? '';
  let tree = root;
  for (const name of names) {
    const next = tree.get(name) ?? new Map();
    tree.set(name, next);
    tree = next as Tree;
  }
  tree.set(leafName, leaf);
}

/** Reads the bytes of `file`. Throws ConfigError with every problem found. */
export function readConfigFile(file: string, bytes: Uint8Array): ConfigFile {
  const document = readDocument(file, bytes);
  const problems: ConfigProblem[] = [];
  const result: ConfigFile = {
    values: {},
    serializeImagePulls: undefined,
    ignored: [],
    where: (field) => (field === '' ? file : document.where(field.split('.'))),
  };
  const reader = new Reader(document, path.dirname(path.resolve(file)), problems, result);
  reader.readRoot();
  if (problems.length > 0) throw new ConfigError(problems);
  result.ignored.sort();
  return result;
}

class Reader {
  readonly #document: ConfigDocument;
  readonly #directory: string;
  readonly #problems: ConfigProblem[];
  readonly #result: ConfigFile;

  constructor(document: ConfigDocument, directory: string, problems: ConfigProblem[], result: ConfigFile) {
    this.#document = document;
    this.#directory = directory;
    this.#problems = problems;
    this.#result = result;
  }

  readRoot(): void {
    const { apiVersion, kind, ...fields } = this.#document.root;
    this.#expect('apiVersion', apiVersion, API_VERSION);
    this.#expect('kind', kind, KIND);
    this.#readFields(fields, FIELDS, []);
  }

  #expect(field: string, value: unknown, wanted: string): void {
    if (value === wanted) return;
    const found = value === undefined ? 'it is missing' : `not ${JSON.stringify(value)?.slice(0, 80)}`;
    this.#problem([field], `must be ${wanted}; ${found}`);
  }

  #readFields(fields: Record<string, unknown>, tree: Tree, above: readonly string[]): void {
    for (const [name, value] of Object.entries(fields)) {
      const at = [...above, name];
      const node = tree.get(name);
      if (node === undefined) this.#problem(at, `unknown field${didYouMean(name, tree.keys())}`);
      else if (value !== null) this.#readField(value, node, at);
    }
  }

  #readField(value: unknown, node: Leaf | Tree | { other: Shape }, at: readonly string[]): void {
    if (node instanceof Map) {
      if (isMap(value)) this.#readFields(value, node, at);
      else this.#problem(at, mustBe('a map', value).message);
    } else if ('other' in node) {
      this.#checkShape(value, node.other, at);
      this.#result.ignored.push(at.join('.'));
    } else {
      this.#readLeaf(value, node, at);
    }
  }

  #readLeaf(value: unknown, leaf: Leaf, at: readonly string[]): void {
    if (leaf.pending) this.#result.ignored.push(at.join('.'));
    if (leaf.zeroIsUnset && (value === '' || value === 0 || (typeof value === 'string' && parseDuration(value) === 0)))
      return;
    try {
      const read = leaf.kind.read(value, this.#directory);
      if (leaf.key) Object.assign(this.#result.values, { [leaf.key]: read });
      else this.#result.serializeImagePulls = read as boolean;
    } catch (error) {
      if (!(error instanceof ValueError)) throw error;
      this.#problem([...at, ...error.place], error.message);
    }
  }

  #checkShape(value: unknown, shape: Shape, at: readonly string[]): void {
    if (value === null) return;
    if (typeof shape === 'string') {
      const [matches, wanted] = SCALARS[shape];
      if (!matches(value)) this.#problem(at, mustBe(wanted, value).message);
    } else if ('list' in shape) {
      if (!Array.isArray(value)) this.#problem(at, mustBe('a list', value).message);
      else for (const [index, item] of value.entries()) this.#checkShape(item, shape.list, [...at, String(index)]);
    } else if (!isMap(value)) {
      this.#problem(at, mustBe('a map', value).message);
    } else {
      for (const [name, item] of Object.entries(value)) {
        const inner = 'map' in shape ? shape.map : Object.hasOwn(shape.fields, name) ? shape.fields[name] : undefined;
        if (inner !== undefined) this.#checkShape(item, inner, [...at, name]);
        else if ('fields' in shape) {
          this.#problem([...at, name], `unknown field${didYouMean(name, Object.keys(shape.fields))}`);
        }
      }
    }
  }

  #problem(at: readonly string[], message: string): void {
    this.#problems.push({ where: this.#document.where(at), path: showPath(at), message });
  }
}

const isDuration = (value: unknown) => typeof value === 'string' && parseDuration(value) !== undefined;

const SCALARS: Readonly<Record<Shape & string, [(value: unknown) => boolean, string]>> = {
  boolean: [(value) => typeof value === 'boolean', 'true or false'],
  integer: [Number.isInteger, 'a whole number'],
  number: [(value) => typeof value === 'number', 'a number'],
  string: [(value) => typeof value === 'string', 'a string'],
  duration: [isDuration, 'a duration such as 20s or 1m30s'],
  'duration or integer': [
    (value) => isDuration(value) || Number.isInteger(value),
    'a duration such as 20s, or nanoseconds',
  ],
  quantity: [(value) => typeof value === 'string' || typeof value === 'number', 'a quantity'],
};

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `vmodule[0].filePattern` of its parts. */
export function showPath(at: readonly string[]): string {
  return at.map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`)).join('');
}
