/**
 * Label and field selectors. Grammar and error texts: apimachinery pkg/labels/selector.go and pkg/fields/selector.go.
 * Each parser returns a predicate or throws a 400.
 */
import { badRequest } from './status.ts';

const MAX_TERMS = 64;
const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

type Labels = Readonly<Record<string, string>>;
export type LabelSelector = (labels: Labels) => boolean;
export type FieldSelector = (field: (label: string) => string) => boolean;

/** `k=v`, `k==v`, `k!=v`, `k in (a,b)`, `k notin (a,b)`, `k`, `!k`, `k>1`, `k<1`; comma means and. */
export function parseLabelSelector(text: string): LabelSelector {
  const tokens = tokenize(text);
  const requirements: LabelSelector[] = [];
  let at = 0;
  const peek = () => tokens[at] ?? '';
  const next = () => tokens[at++] ?? '';

  while (at < tokens.length) {
    if (requirements.length >= MAX_TERMS) throw badRequest(`unable to parse requirement: more than ${MAX_TERMS} terms`);
    requirements.push(requirement());
    if (at === tokens.length) break;
    if (next() !== ',') throw unexpected(tokens[at - 1], `',' or 'end of string'`);
    if (at === tokens.length) throw unexpected('', "identifier after ','");
  }
  return (labels) => requirements.every((matches) => matches(labels));

  function requirement(): LabelSelector {
    const negated = peek() === '!';
    if (negated) next();
    const key = checkKey(next());
    if (at === tokens.length || peek() === ',') return (labels) => Object.hasOwn(labels, key) !== negated;
    if (negated) throw unexpected(peek(), `',' or 'end of string'`);
    const operator = next();
    switch (operator) {
      case '=':
      case '==':
      case '!=': {
        const value = checkValue(key, isSymbol(peek()) ? '' : next());
        return (labels) => (own(labels, key) === value) === (operator !== '!=');
      }
      case 'in':
      case 'notin': {
        const values = valueSet(key);
        return (labels) => values.has(own(labels, key) ?? '\0') === (operator === 'in');
      }
      case '<':
      case '>': {
        const bound = checkInteger(next());
        return (labels) => {
          const value = own(labels, key) ?? '';
          if (!/^[+-]?\d+$/.test(value)) return false;
          return operator === '<' ? BigInt(value) < bound : BigInt(value) > bound;
        };
      }
      default:
        throw unexpected(operator, `in, notin, =, ==, !=, gt, lt`);
    }
  }

  function valueSet(key: string): Set<string> {
    if (next() !== '(') throw unexpected(tokens[at - 1], `'('`);
    const values = new Set<string>();
    for (;;) {
      values.add(checkValue(key, isSymbol(peek()) ? '' : next()));
      const separator = next();
      if (separator === ')') return values;
      if (separator !== ',') throw unexpected(separator, `',' or ')'`);
    }
  }
}

/** Symbols and words, blanks between them dropped. A word is anything up to a blank or a symbol. */
function tokenize(text: string): string[] {
  return text.match(/==|!=|[=!(),<>]|[^\s=!(),<>]+/g) ?? [];
}

function isSymbol(token: string): boolean {
  return token === '' || /^[=!(),<>]/.test(token);
}

/** No inherited property is ever taken for a label. */
function own(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

function unexpected(found: string | undefined, expected: string) {
  return badRequest(`unable to parse requirement: found '${found ?? ''}', expected: ${expected}`);
}

function checkKey(key: string): string {
  if (isSymbol(key)) throw unexpected(key, "!, identifier, or 'end of string'");
  const slash = key.indexOf('/');
  const prefix = slash < 0 ? 'x' : key.slice(0, slash);
  if (!NAME.test(key.slice(slash + 1)) || !PREFIX.test(prefix) || prefix.length > 253) {
    throw badRequest(
      `unable to parse requirement: <nil>: Invalid value: ${JSON.stringify(key)}: name part must consist of alphanumeric characters, ` +
        `'-', '_' or '.', and must start and end with an alphanumeric character`,
    );
  }
  return key;
}

function checkValue(key: string, value: string): string {
  if (value !== '' && !NAME.test(value)) {
    throw badRequest(
      `unable to parse requirement: values[0][${key}]: Invalid value: ${JSON.stringify(value)}: a valid label must be an empty string ` +
        `or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
    );
  }
  return value;
}

function checkInteger(text: string): bigint {
  if (!/^[+-]?\d+$/.test(text)) {
    throw badRequest(
      `unable to parse requirement: values[0]: Invalid value: ${JSON.stringify(text)}: for 'Gt', 'Lt' operators, the value must be an integer`,
    );
  }
  return BigInt(text);
}

/** `field=value`, `field==value`, `field!=value`; comma means and; `\` escapes `,`, `=` and itself. */
export function parseFieldSelector(text: string, supported: readonly string[]): FieldSelector {
  const terms = splitTerms(text).filter((term) => term !== '');
  if (terms.length > MAX_TERMS) throw badRequest(`invalid selector: more than ${MAX_TERMS} terms`);
  const parsed = terms.map((term) => {
    const match = /^((?:[^\\=!]|\\.)*?)(!=|==|=)(.*)$/s.exec(term);
    if (!match) throw badRequest(`invalid selector: '${text}'; can't understand '${term}'`);
    const [, label = '', operator, raw = ''] = match;
    if (!supported.includes(label)) throw badRequest(`field label not supported: ${label}`);
    return { label, value: unescapeValue(raw, text), equal: operator !== '!=' };
  });
  return (field) => parsed.every(({ label, value, equal }) => (field(label) === value) === equal);
}

function splitTerms(text: string): string[] {
  return text.match(/(?:[^\\,]|\\.?)+/gs) ?? [];
}

function unescapeValue(value: string, selector: string): string {
  return value.replace(/\\(.?)|=/gs, (whole, escaped: string | undefined) => {
    if (whole !== '=' && escaped && ',=\\'.includes(escaped)) return escaped;
    throw badRequest(`invalid selector: '${selector}'; invalid field value escaping in '${value}'`);
  });
}
