/**
 * A parsed document → a v1 Pod of the right types, by the field tables: unknown, unsupported and wrongly typed fields
 * become problems. What is left out and what is empty become the same, as in Go's JSON, so that equal Pods are equal.
 */
import { isDeepStrictEqual } from 'node:util';
import type { PodManifest } from '../types.ts';
import type { Field } from './field.ts';
import { TYPES } from './fields.ts';
import { forbidden, type Path, type Problems } from './problems.ts';
import { canonicalQuantity, QUANTITY_ERROR, suggestQuantity } from './quantity.ts';
import { suggestField } from './suggest.ts';

export type Fields = Record<string, unknown>;

export const NOT_YET = 'not supported by this version of rower';

/** Of what others write into an object, and a manifest cannot. */
const NOT_SET_HERE = 'ignored: a manifest cannot set it';
const INT32_MAX = 2 ** 31 - 1;

/** `path` is that of the document, usually empty. What has no use is left out of the result. */
export function decodePod(value: unknown, path: Path, problems: Problems): PodManifest {
  return decodeObject('Pod', value, path, problems) as unknown as PodManifest;
}

/** The same for any type of the field tables. */
export function decodeObject(type: string, value: unknown, path: Path, problems: Problems): Fields {
  return new Decoder(problems).object(type, value, path, false) ?? {};
}

class Decoder {
  readonly #problems: Problems;

  constructor(problems: Problems) {
    this.#problems = problems;
  }

  /** `refused`: a parent cannot be used, so support is not judged again below it. */
  object(type: string, value: unknown, path: Path, refused: boolean): Fields | undefined {
    if (!isFields(value)) return this.#wrongType(path, value, 'must be an object', false);
    const table = TYPES[type] ?? {};
    const result: Fields = {};
    for (const [key, given] of Object.entries(value)) {
      const field = Object.hasOwn(table, key) ? table[key] : undefined;
      const at = [...path, key];
      if (!field) {
        this.#problems.unknownField(at, `unknown field ${JSON.stringify(key)}${suggestField(type, key)}`);
        continue;
      }
      if (given === null) continue;
      if (field.support === 'dropped') {
        if (!isEmpty(given)) this.#problems.warn(at, NOT_SET_HERE);
        continue;
      }
      const usable = refused || this.#judge(field, at);
      const decoded = this.#field(field, given, at, refused || !usable);
      if (decoded !== undefined) result[key] = decoded;
      this.#warnOfIgnored(field, decoded, at);
    }
    return result;
  }

  #judge(field: Field, path: Path): boolean {
    if (field.support === 'later') this.#problems.refuse(path, forbidden(NOT_YET));
    if (field.support === 'never') this.#problems.refuse(path, forbidden(field.note ?? NOT_YET));
    return field.support !== 'later' && field.support !== 'never';
  }

  #warnOfIgnored({ support, note, moot = [], default: ofKubernetes }: Field, value: unknown, path: Path): void {
    if (support !== 'ignored' || note === undefined || value === undefined) return;
    if (![...moot, ofKubernetes].some((one) => isDeepStrictEqual(one, value))) this.#problems.warn(path, note);
  }

  #field(field: Field, value: unknown, path: Path, refused: boolean): unknown {
    const { type, secret = false } = field;
    if (type.endsWith('[]')) return this.#list(type.slice(0, -2), value, path, refused);
    if (type.endsWith('{}')) return this.#map(type.slice(0, -2), value, path, secret);
    const pointer = type.endsWith('?');
    const decoded = this.#single(pointer ? type.slice(0, -1) : type, value, path, refused, secret);
    return pointer || (decoded !== '' && decoded !== 0 && decoded !== false) ? decoded : undefined;
  }

  #list(type: string, value: unknown, path: Path, refused: boolean): unknown[] | undefined {
    if (!Array.isArray(value)) {
      const remedy = typeof value === 'string' ? ': put it in [ ], or behind a "-"' : '';
      return this.#wrongType(path, value, `must be a list${remedy}`, false);
    }
    // A null item is Go's zero value; an item of the wrong type is reported and keeps its place as one.
    const zero = type === 'string' ? '' : type in TYPES ? {} : 0;
    const items = value.map(
      (item: unknown, index) => this.#single(type, item ?? zero, [...path, index], refused, false) ?? zero,
    );
    return items.length === 0 ? undefined : items;
  }

  #map(type: string, value: unknown, path: Path, secret: boolean): Fields | undefined {
    if (!isFields(value)) return this.#wrongType(path, value, 'must be an object', false);
    const entries = Object.entries(value).map(([key, item]) => {
      const given = item ?? (type === 'quantity' ? '0' : '');
      return [
        key,
        type === 'quantity'
          ? this.#quantity(given, [...path, { key }], true)
          : this.#single(type, given, [...path, { key }], false, secret),
      ];
    });
    return entries.length === 0 ? undefined : Object.fromEntries(entries.filter(([, item]) => item !== undefined));
  }

  #single(type: string, value: unknown, path: Path, refused: boolean, secret: boolean): unknown {
    switch (type) {
      case 'any':
        return value;
      case 'string':
        return typeof value === 'string' ? value : this.#wrongType(path, value, stringHint(value), secret);
      case 'bool':
        return typeof value === 'boolean' ? value : this.#wrongType(path, value, 'must be true or false', secret);
      case 'int32':
        return this.#integer(value, path, -INT32_MAX - 1, INT32_MAX);
      case 'int64':
        return this.#integer(value, path, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      case 'intOrString':
        return typeof value === 'string' ? value : this.#integer(value, path, -INT32_MAX - 1, INT32_MAX);
      case 'quantity':
        return this.#quantity(value, path, false);
      default:
        return this.object(type, value, path, refused);
    }
  }

  #integer(value: unknown, path: Path, min: number, max: number): number | undefined {
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      const quoted = typeof value === 'string' && /^-?\d+$/.test(value);
      return this.#wrongType(
        path,
        value,
        quoted ? 'must be an integer: remove the quotes' : 'must be an integer',
        false,
      );
    }
    if (value < min || value > max)
      return this.#wrongType(path, value, `must be between ${min} and ${max}, inclusive`, false);
    return value;
  }

  /** Requests and limits are rounded up to a thousandth (pkg/apis/core/v1/defaults.go SetDefaults_ResourceList). */
  #quantity(value: unknown, path: Path, resourceList: boolean): string | undefined {
    if (value === '') return '0';
    if (typeof value !== 'string' && typeof value !== 'number')
      return this.#wrongType(path, value, QUANTITY_ERROR, false);
    const wrong = () => this.#wrongType(path, value, QUANTITY_ERROR + suggestQuantity(value), false);
    return canonicalQuantity(value, { resourceList }) ?? wrong();
  }

  #wrongType(path: Path, value: unknown, detail: string, secret: boolean): undefined {
    this.#problems.wrongType(
      path,
      secret ? `Invalid value: ${detail}` : `Invalid value: ${describe(value)}: ${detail}`,
    );
    return undefined;
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The value is not repeated: what was written may have been `yes`, `1.10` or `0644`. */
function stringHint(value: unknown): string {
  if (typeof value === 'boolean')
    return 'must be a string: put it in quotes (YAML takes y, yes, on, n, no and off for true and false)';
  return typeof value === 'number' ? 'must be a string: put it in quotes' : 'must be a string';
}

/** Collections are named, not shown: their content may be large or secret. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return 'list';
  if (typeof value === 'object') return value === null ? 'null' : 'object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}

function isEmpty(value: unknown): boolean {
  return value === '' || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
