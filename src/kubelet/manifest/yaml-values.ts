/** A YAML node tree → plain values, in the dialect of Kubernetes' parser, with aliases and merge keys resolved. */
import { type Alias, isAlias, isMap, isScalar, isSeq, type Node, type Scalar, type YAMLMap } from 'yaml';
import { resolvePlainScalar } from './scalar.ts';

/** Collections inside collections. A Pod needs about a dozen. */
const MAX_DEPTH = 64;
/** Values of a document, each alias counted as often as it is used. */
const MAX_VALUES = 250_000;
const MAX_PROBLEMS = 20;

export interface SyntaxProblem {
  message: string;
  /** Index into the text. */
  offset: number;
}

/** A limit was hit: nothing of the file is used. */
export class LimitError extends Error {
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.name = 'LimitError';
    this.offset = offset;
  }
}

export interface YamlNodes {
  root: Node | null;
  /** What each alias stands for. */
  aliases: Map<Alias, Node>;
}

export interface Converted {
  value: unknown;
  nodes: YamlNodes;
  problems: SyntaxProblem[];
}

/** Throws only LimitError. */
export function convert(root: Node | null): Converted {
  const converter = new Converter(root);
  return { value: converter.valueOf(root, 0), nodes: converter.nodes, problems: converter.problems };
}

interface Anchor {
  node: Node;
  /** Undefined while the node is being read: an alias to it would be a cycle. */
  done?: { value: unknown; size: number };
}

class Converter {
  readonly nodes: YamlNodes;
  readonly problems: SyntaxProblem[] = [];
  readonly #anchors = new Map<string, Anchor>();
  #size = 0;

  constructor(root: Node | null) {
    this.nodes = { root, aliases: new Map() };
  }

  valueOf(node: unknown, depth: number): unknown {
    if (isAlias(node)) return this.#alias(node);
    this.#count(1, node);
    if (depth > MAX_DEPTH) throw new LimitError(`nested more than ${MAX_DEPTH} levels deep`, offsetOf(node));
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return null;
    const anchor: Anchor = { node };
    if (node.anchor) this.#anchors.set(node.anchor, anchor);
    const before = this.#size;
    const value = isScalar(node)
      ? this.#scalar(node)
      : isMap(node)
        ? this.#mapping(node, depth)
        : node.items.map((one) => this.valueOf(one, depth + 1));
    anchor.done = { value, size: this.#size - before };
    return value;
  }

  #count(size: number, node: unknown): void {
    this.#size += size;
    if (this.#size > MAX_VALUES)
      throw new LimitError(`more than ${MAX_VALUES} values, counting each use of an alias`, offsetOf(node));
  }

  #alias(alias: Alias): unknown {
    const anchor = this.#anchors.get(alias.source);
    if (!anchor) return this.#problem(`the alias *${alias.source} has no anchor before it`, alias);
    if (!anchor.done) return this.#problem(`the alias *${alias.source} contains itself`, alias);
    this.nodes.aliases.set(alias, anchor.node);
    this.#count(anchor.done.size + 1, alias);
    return anchor.done.value;
  }

  #scalar(node: Scalar): unknown {
    const text = typeof node.value === 'string' ? node.value : '';
    const tag = node.tag?.replace('tag:yaml.org,2002:', '!!');
    if (tag === undefined) return node.type === 'PLAIN' ? resolvePlainScalar(text) : text;
    if (tag === '!' || tag === '!!str' || tag === '!!timestamp') return text;
    const value = resolvePlainScalar(text);
    const expected = TAGGED_TYPES.get(tag);
    if (expected === undefined) return this.#problem(`the YAML tag ${tag} is not supported`, node);
    if (value === null ? tag === '!!null' : typeof value === expected) return value;
    return this.#problem(`the value is no ${tag}`, node);
  }

  #mapping(node: YAMLMap, depth: number): Record<string, unknown> {
    const result: Record<string, unknown> = {};
    const merged: Record<string, unknown>[] = [];
    const seen = new Set<string>();
    for (const { key, value } of node.items) {
      if (!isScalar(key) || typeof key.value !== 'string' || (key.type === 'PLAIN' && key.value === '')) {
        this.#problem('a mapping key must be text', key ?? node);
        continue;
      }
      const name = key.value;
      if (key.anchor) this.#anchors.set(key.anchor, { node: key, done: { value: name, size: 1 } });
      this.#count(1, key);
      if (name === '<<' && key.type === 'PLAIN') {
        merged.push(...this.#mergeSources(value, depth));
        continue;
      }
      if (seen.has(name)) this.#problem(`the key ${JSON.stringify(name)} is already set in this mapping`, key);
      else if (name === '__proto__') this.#problem('the key "__proto__" is not allowed', key);
      else result[name] = this.valueOf(value, depth + 1);
      seen.add(name);
    }
    for (const source of merged) {
      for (const [name, value] of Object.entries(source)) {
        this.#count(1, node);
        if (!Object.hasOwn(result, name)) result[name] = value;
      }
    }
    return result;
  }

  /** The mappings a `<<` names; the first that has a key wins, and keys written out win over all of them. */
  #mergeSources(node: unknown, depth: number): Record<string, unknown>[] {
    const value = this.valueOf(node, depth + 1);
    const sources: unknown[] = Array.isArray(value) ? value : [value];
    if (sources.every(isRecord)) return sources;
    this.#problem('a merge key "<<" needs a mapping or a list of mappings', node);
    return [];
  }

  #problem(message: string, node: unknown): null {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push({ message, offset: offsetOf(node) });
    return null;
  }
}

const TAGGED_TYPES = new Map([
  ['!!int', 'number'],
  ['!!float', 'number'],
  ['!!bool', 'boolean'],
  ['!!null', 'null'],
]);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function offsetOf(node: unknown): number {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0] ?? 0;
}
