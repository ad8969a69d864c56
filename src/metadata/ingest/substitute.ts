/** `${metadata.KEY}` in the text values of a manifest. Keys are left alone, and so is what a Secret holds. */
import { isRecord } from './record.ts';
import { Refusal } from './types.ts';

/** `$${metadata.x}` stands for itself with one dollar sign. */
const VARIABLE = /\$(\$)?\{(metadata|parameters)\.([\w.:/-]+?)(?::-([^}]*))?\}/g;
/** The words of CoreOS; `\$private_ipv4` stands for itself. */
const COREOS = /(\\)?\$((?:public|private)_ipv[46])\b/g;
const SECRET_FIELDS = new Set(['data', 'stringData']);

export interface SubstituteOptions {
  /** Default `metadata`. */
  prefix?: 'metadata' | 'parameters';
  /** `$private_ipv4` and its like too. */
  coreos?: boolean;
  /** Told which keys there were. */
  used?: Set<string>;
}

export function hasVariables(text: string, coreos = false): boolean {
  return /\$\{metadata\./.test(text) || (coreos && /\$(?:public|private)_ipv[46]\b/.test(text));
}

/** A copy of the document. A key without value and default throws Refusal. */
export function substitute(
  document: unknown,
  variables: ReadonlyMap<string, string>,
  options: SubstituteOptions = {},
): unknown {
  const secret = isRecord(document) && document.kind === 'Secret';
  const walk = (value: unknown, top: boolean): unknown => {
    if (typeof value === 'string') return replace(value, variables, options);
    if (Array.isArray(value)) return value.map((item) => walk(item, false));
    if (!isRecord(value)) return value;
    const entries = Object.entries(value).map(([key, item]) => {
      if (secret && top && SECRET_FIELDS.has(key)) return [key, item];
      // The items of a list are documents of their own.
      if (top && key === 'items' && Array.isArray(item))
        return [key, item.map((one) => substitute(one, variables, options))];
      return [key, walk(item, false)];
    });
    return Object.fromEntries(entries);
  };
  return walk(document, true);
}

function replace(text: string, variables: ReadonlyMap<string, string>, options: SubstituteOptions): string {
  const { prefix = 'metadata', coreos = false, used } = options;
  const replaced = text.replace(
    VARIABLE,
    (whole, escaped: string | undefined, kind: string, key: string, fallback: string | undefined) => {
      if (kind !== prefix) return whole;
      if (escaped) return whole.slice(1);
      used?.add(key);
      const value = variables.get(key) ?? fallback;
      if (value !== undefined) return value;
      throw noValue(`\${${prefix}.${key}}`, variables, `Give a default: \${${prefix}.${key}:-DEFAULT}`);
    },
  );
  if (!coreos) return replaced;
  return replaced.replace(COREOS, (whole, escaped: string | undefined, key: string) => {
    if (escaped) return whole.slice(1);
    const value = variables.get(key);
    if (value !== undefined) return value;
    throw noValue(`$${key}`, variables, `Take \${metadata.${key}:-DEFAULT} instead`);
  });
}

function noValue(variable: string, variables: ReadonlyMap<string, string>, remedy: string): Refusal {
  const known = [...variables.keys()].sort().join(', ');
  return new Refusal(`${variable} has no value on this machine${known ? `; there are ${known}` : ''}. ${remedy}`);
}
