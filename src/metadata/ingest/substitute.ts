/** `${metadata.KEY}` in the text values of a manifest. Keys are left alone, and so is what a Secret holds. */
import { isRecord } from './record.ts';
import { Refusal } from './types.ts';

/** `$${metadata.x}` stands for itself with one dollar sign. */
const VARIABLE = /\$(\$)?\{metadata\.([\w.:/-]+?)(?::-([^}]*))?\}/g;
const SECRET_FIELDS = new Set(['data', 'stringData']);

export function hasVariables(text: string): boolean {
  return /\$\{metadata\./.test(text);
}

/** A copy of the document. A key without value and default throws Refusal. */
export function substitute(document: unknown, variables: ReadonlyMap<string, string>): unknown {
  const secret = isRecord(document) && document.kind === 'Secret';
  const walk = (value: unknown, top: boolean): unknown => {
    if (typeof value === 'string') return replace(value, variables);
    if (Array.isArray(value)) return value.map((item) => walk(item, false));
    if (!isRecord(value)) return value;
    const entries = Object.entries(value).map(([key, item]) => {
      if (secret && top && SECRET_FIELDS.has(key)) return [key, item];
      // The items of a list are documents of their own.
      if (top && key === 'items' && Array.isArray(item)) return [key, item.map((one) => substitute(one, variables))];
      return [key, walk(item, false)];
    });
    return Object.fromEntries(entries);
  };
  return walk(document, true);
}

function replace(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replace(VARIABLE, (whole, escaped: string | undefined, key: string, fallback: string | undefined) => {
    if (escaped) return whole.slice(1);
    const value = variables.get(key) ?? fallback;
    if (value !== undefined) return value;
    const known = [...variables.keys()].sort().join(', ');
    throw new Refusal(
      `\${metadata.${key}} has no value on this machine${known ? `; there are ${known}` : ''}. Give a default: \${metadata.${key}:-DEFAULT}`,
    );
  });
}
