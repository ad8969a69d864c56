/**
 * YAML as kubectl writes it, to the byte: Go's encoder (sigs.k8s.io/yaml, goyaml.v2 encode.go and emitterc.go) folds long
 * lines and chooses its quotes in its own way. Keys are sorted; values are what JSON has.
 */

const BEST_WIDTH = 80;
const INDENT = 2;

/** A document; `value` is a mapping. */
export function yamlText(value: object): string {
  return block(value, 0);
}

/** A mapping or sequence that is not empty, each line beginning at column `indent`. */
function block(value: object, indent: number): string {
  const pad = ' '.repeat(indent);
  if (Array.isArray(value)) {
    return value
      .map((item) =>
        isBlock(item)
          ? `${pad}- ${block(item, indent + INDENT).slice(indent + INDENT)}`
          : leaf(`${pad}-`, item, indent),
      )
      .join('');
  }
  return Object.entries(value)
    .filter(([, part]) => part !== undefined)
    .sort(([a], [b]) => compareKeys(a, b))
    .map(([key, part]) => {
      const head = `${pad}${scalar(key, { column: indent, indent, isKey: true })}:`;
      if (!isBlock(part)) return leaf(head, part, indent);
      return `${head}\n${block(part, Array.isArray(part) ? indent : indent + INDENT)}`;
    })
    .join('');
}

/** Numbers inside keys count by value, and come before letters (goyaml.v2 sorter.go). */
function compareKeys(a: string, b: string): number {
  const [as, bs] = [[...a], [...b]];
  const at = as.findIndex((char, index) => char !== bs[index]);
  const [charA, charB] = [as[at], bs[at]];
  if (charA === undefined || charB === undefined) return as.length - bs.length;
  const [letterA, letterB] = [/\p{L}/u.test(charA), /\p{L}/u.test(charB)];
  if (letterA !== letterB) return letterA ? 1 : -1;
  if (!letterA) {
    // After a digit that is not 0, a 0 is one more digit of the same number.
    const lead = (charA === '0' || charB === '0') && /[1-9]\d*$/.test(as.slice(0, at).join('')) ? '1' : '';
    const [digitsA, digitsB] = [as, bs].map((chars) => /^\d*/.exec(chars.slice(at).join(''))?.[0] ?? '');
    const byValue = Number(`${lead}${digitsA}`) - Number(`${lead}${digitsB}`);
    if (byValue !== 0) return byValue;
    const byLength = (digitsA?.length ?? 0) - (digitsB?.length ?? 0);
    if (byLength !== 0) return byLength;
  }
  return charA < charB ? -1 : 1;
}

function isBlock(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0;
}

function leaf(head: string, value: unknown, indent: number): string {
  if (typeof value === 'string') {
    return `${head} ${scalar(value, { column: head.length + 1, indent: indent + INDENT, isKey: false })}\n`;
  }
  if (typeof value === 'object' && value !== null) return `${head} ${Array.isArray(value) ? '[]' : '{}'}\n`;
  return `${head} ${String(value)}\n`;
}

interface Place {
  /** Where the scalar begins. */
  column: number;
  /** Where its further lines begin. */
  indent: number;
  isKey: boolean;
}

function scalar(text: string, place: Place): string {
  const { plain, single, literal } = allowedStyles(text);
  if (text.includes('\n'))
    return literal && !place.isKey ? literalBlock(text, place.indent) : doubleQuoted(text, place);
  if (readsAsOther(text)) return doubleQuoted(text, place);
  if (plain) return fold([...text], place, (index, chars) => chars[index + 1] !== ' ');
  if (!single) return doubleQuoted(text, place);
  const inner = [...text].map((char) => (char === "'" ? "''" : char));
  const folded = fold(inner, { ...place, column: place.column + 1 }, (index, chars) => {
    return index > 0 && index < chars.length - 1 && chars[index + 1] !== ' ';
  });
  return `'${folded}'`;
}

/** yaml_emitter_analyze_scalar, for block context. */
function allowedStyles(text: string): { plain: boolean; single: boolean; literal: boolean } {
  const edges = /^[ \n]|[ \n]$/.test(text);
  const indicators = /^(?:---|\.\.\.|[#,[\]{}&*!|>'"%@`]|[?:-](?:\s|$))|:(?:\s|$)|\s#/.test(text);
  const special = [...text].some((char) => !isPrintable(char)) || / \n/.test(text);
  return {
    plain: !edges && !indicators && !special && !text.includes('\n'),
    single: !special && !/\n /.test(text),
    literal: !special && !text.endsWith(' '),
  };
}

function isPrintable(char: string): boolean {
  return (
    char === '\n' || /^[\x20-\x7e\u00a0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10ffff}]$/u.test(char)
  );
}

/** Breaks the line at single blanks once it is longer than BEST_WIDTH. Keys are never broken. */
function fold(
  units: readonly string[],
  { column, indent, isKey }: Place,
  mayBreak: (index: number, units: readonly string[]) => boolean,
  beforeBlank = '',
): string {
  let text = '';
  let at = column;
  for (const [index, unit] of units.entries()) {
    if (unit === ' ' && !isKey && at > BEST_WIDTH && units[index - 1] !== ' ' && mayBreak(index, units)) {
      const escaped = units[index + 1] === ' ' ? beforeBlank : '';
      text += `\n${' '.repeat(indent)}${escaped}`;
      at = indent + escaped.length;
    } else {
      text += unit;
      at += [...unit].length;
    }
  }
  return text;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '\\0',
  '\x07': '\\a',
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\v': '\\v',
  '\f': '\\f',
  '\r': '\\r',
  '\x1b': '\\e',
  '"': '\\"',
  '\\': '\\\\',
  '\x85': '\\N',
  '\u2028': '\\L',
  '\u2029': '\\P',
};

function doubleQuoted(text: string, place: Place): string {
  const units = [...text].map((char) => ESCAPES[char] ?? (isPrintable(char) ? char : escapeCode(char)));
  const mayBreak = (index: number) => index > 0 && index < units.length - 1;
  return `"${fold(units, { ...place, column: place.column + 1 }, mayBreak, '\\')}"`;
}

function escapeCode(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  const hex = code.toString(16).toUpperCase();
  if (code <= 0xff) return `\\x${hex.padStart(2, '0')}`;
  return code <= 0xffff ? `\\u${hex.padStart(4, '0')}` : `\\U${hex.padStart(8, '0')}`;
}

function literalBlock(text: string, indent: number): string {
  const hint = /^[ \n]/.test(text) ? String(INDENT) : '';
  const chomp = text.endsWith('\n') ? (/^\n$|\n\n$/.test(text) ? '+' : '') : '-';
  const body = text.endsWith('\n') ? text.slice(0, -1) : text;
  const pad = ' '.repeat(indent);
  return `|${hint}${chomp}\n${body.replace(/^(?=.)/gm, pad)}`;
}

const WORDS: ReadonlySet<string> = new Set(
  ['y', 'yes', 'true', 'on', 'n', 'no', 'false', 'off', 'null', '.nan', '.inf', '+.inf', '-.inf'].flatMap((word) => [
    word,
    word.toUpperCase(),
    word.replace(/[a-z]/, (letter) => letter.toUpperCase()),
  ]),
);
const NUMBER = /^[-+]?(?:0x[0-9a-f]+|0o[0-7]+|0b[01]+|(?:\.\d+|\d+(?:\.\d*)?)(?:e[-+]?\d+)?)$/i;
const BASE_60 = /^[-+]?\d[\d_]*(?::[0-5]?\d)+(?:\.[\d_]*)?$/;
const TIMESTAMP = /^\d{4}-\d{1,2}-\d{1,2}(?:[Tt ]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d{2}:\d{2})?)?$/;

/** Whether the text without quotes would be something other than a string (goyaml.v2 resolve.go). */
function readsAsOther(text: string): boolean {
  if (text === '' || text === '~' || text === '.NaN' || WORDS.has(text)) return true;
  if (!/^[-+.\d]/.test(text)) return false;
  return NUMBER.test(text.replaceAll('_', '')) || BASE_60.test(text) || TIMESTAMP.test(text);
}
