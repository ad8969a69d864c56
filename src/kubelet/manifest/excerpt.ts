/** A few lines of the manifest with a caret under the place, secrets masked. */

const LINES_BEFORE = 2;
/** Characters of a line that are shown; the window follows the caret. */
const WIDTH = 120;
const LEAD = 60;
const MASK = '***';

/** Blocks whose values may be secret, also with their name mistyped. In `env` the names are harmless and useful. */
const SECRET_KEY = /(?<![\w.-])(["']?)(env|(?!metadata\b)\w*data\w*)\1\s*:\s*/i;
const VALUE_KEY = /(?<![\w.-])(["']?)value\1\s*:\s*/;
const DASHES = /^\s*(?:- +)*/;
const NAME_LINE = /^\s*(?:- +)*["']?name["']?\s*:\s*["']?[-\w.$()]*["']?,?\s*(#.*)?$/;
/** A key with what follows up to its value, the `|` of a block scalar included. */
const KEYED_LINE = /^\s*(?:- +)*["']?[-\w./]+["']?\s*:(?:\s+[|>][-+0-9]*)?\s*/;

export interface Place {
  /** Both count from 1. */
  line: number;
  column: number;
}

/** One file's text, for placing problems in it. */
export class SourceText {
  readonly #lineStarts: number[];
  readonly #text: string;
  #masked: string[] | undefined;

  constructor(text: string) {
    this.#text = text;
    this.#lineStarts = [0];
    for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) this.#lineStarts.push(at + 1);
  }

  placeOf(offset: number): Place {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }

  excerpt({ line, column }: Place): string {
    this.#masked ??= maskSecrets(this.#text.split(/\r?\n/));
    const first = Math.max(1, line - LINES_BEFORE);
    const from = column - 1 > WIDTH - 1 ? column - 1 - LEAD : 0;
    const gutter = String(line).length;
    const shown: string[] = [];
    for (let number = first; number <= line; number += 1) {
      const text = (this.#masked[number - 1] ?? '').slice(from, from + WIDTH).replaceAll('\t', ' ');
      shown.push(`${String(number).padStart(gutter)} | ${text}`.trimEnd());
    }
    shown.push(`${' '.repeat(gutter)} | ${' '.repeat(column - 1 - from)}^`);
    return shown.join('\n');
  }
}

/**
 * Hides what may be secret: values in `env`, `data`, `stringData`, `binaryData`, and everything named `value`. It goes by
 * lines and indentation, not by the parsed document, because broken documents are shown too; in doubt it hides.
 */
export function maskSecrets(lines: readonly string[]): string[] {
  let block: { indent: number; env: boolean } | undefined;
  return lines.map((line) => {
    const content = line.trimStart();
    const indent = line.length - content.length;
    if (block && content !== '') {
      if (indent > block.indent || (indent === block.indent && content.startsWith('-')))
        return maskLine(line, block.env);
      block = undefined;
    }
    const key = SECRET_KEY.exec(line);
    if (!key) return maskAfter(line, VALUE_KEY.exec(line));
    const env = key[2]?.toLowerCase() === 'env';
    // `env: prod` is a label.
    if (env && /^[\w"']/.test(line.slice(key.index + key[0].length))) return maskAfter(line, VALUE_KEY.exec(line));
    const startsLine = DASHES.exec(line)?.[0].length === key.index;
    block = { indent: startsLine ? key.index : indent, env };
    return maskAfter(line, key);
  });
}

/** A line inside a block. */
function maskLine(line: string, env: boolean): string {
  if (env && NAME_LINE.test(line)) return line;
  const flow = env && /^\s*(?:- +)*\{/.test(line) ? VALUE_KEY.exec(line) : null;
  return maskAfter(line, flow ?? KEYED_LINE.exec(line) ?? DASHES.exec(line));
}

/** Brackets alone tell nothing and show the structure. */
function maskAfter(line: string, match: RegExpExecArray | null): string {
  if (!match) return line;
  const head = line.slice(0, match.index + match[0].length);
  const rest = line.slice(head.length);
  if (/^[\s[\]{},]*$/.test(rest)) return line;
  return head + (/[:"']$/.test(head) ? ' ' : '') + MASK;
}
