/** What a mistake in the form of YAML mostly is, for people who do not know its words. Pure. */

/** What a list item or a key without its space is read as. */
const GLUED_CODES = ['BLOCK_AS_IMPLICIT_KEY', 'MULTILINE_IMPLICIT_KEY', 'MISSING_CHAR', 'UNEXPECTED_TOKEN'];
const GLUED_ITEM = /^\s*-[^\s-]/;
const GLUED_KEY = /^[\s-]*[A-Za-z]\w*:[^\s/:]/;
const TEMPLATE = '{{';
const TEMPLATE_MESSAGE = `"${TEMPLATE}" begins a part of a template, which has to be filled in first (a chart of Helm: helm template)`;
const MAX_LINE = 1000;

/** Where a line that is no YAML has a template: all other errors mostly follow from that. */
export function templateAt(text: string, offsets: readonly number[]): { message: string; offset: number } | undefined {
  for (const offset of offsets) {
    const { line, start } = lineAt(text, offset);
    const column = line.indexOf(TEMPLATE);
    if (column >= 0) return { message: TEMPLATE_MESSAGE, offset: start + column };
  }
  return undefined;
}

/** Text to append to a parser's message about the place `offset`; empty when there is nothing to add. */
export function syntaxHint(code: string, text: string, offset: number): string {
  if (code === 'TAB_AS_INDENT') return ': use spaces';
  if (!GLUED_CODES.includes(code)) return '';
  const { line } = lineAt(text, offset);
  if (GLUED_ITEM.test(line)) return ': a "-" that begins an item of a list needs a space after it';
  if (GLUED_KEY.test(line)) return ': a ":" between a field and its value needs a space after it';
  return '';
}

function lineAt(text: string, offset: number): { line: string; start: number } {
  const start = offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
  const end = text.indexOf('\n', offset);
  return { line: text.slice(start, end < 0 ? undefined : Math.min(end, start + MAX_LINE)), start };
}
