/**
 * Text → YAML documents as plain values, with the way back from a field path to its place in the text. JSON is read as
 * the YAML it is. Nothing here throws for any text, and the work is bounded: hostile nesting, aliases and floods of tokens
 * end in a problem.
 */
import { Composer, type Document, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from 'yaml';
import type { Path } from './problems.ts';
import { syntaxHint, templateAt } from './syntax-hints.ts';
import { convert, LimitError, type SyntaxProblem, type YamlNodes } from './yaml-values.ts';

/** Tokens of a file: about one for every four bytes of a manifest of the greatest size, half a second of work. */
const MAX_TOKENS = 250_000;
/** Open collections while parsing; the exact depth is checked on the values. */
const MAX_PARSER_STACK = 256;
const MAX_DOCUMENTS = 500;
/** Later syntax errors are mostly consequences of the first ones. */
const MAX_SYNTAX_PROBLEMS = 5;

export interface YamlDocument {
  value: unknown;
  /** Index into the text where the document begins. */
  offset: number;
  /** Where the value at `path` begins, or its key; the nearest parent when there is no such field. */
  locate(path: Path, atKey: boolean): number;
}

export interface YamlFile {
  /** Documents that could be read, in order, empty ones left out. */
  documents: YamlDocument[];
  problems: SyntaxProblem[];
}

export function readYaml(text: string): YamlFile {
  const file: YamlFile = { documents: [], problems: [] };
  const control = CONTROL_CHARACTER.exec(text);
  if (control) {
    const code = (control[0].codePointAt(0) ?? 0).toString(16).padStart(4, '0');
    return {
      documents: [],
      problems: [{ message: `control character U+${code.toUpperCase()} is not allowed`, offset: control.index }],
    };
  }
  // Each syntax error the library notes would capture a stack: for a flood of them that is nearly all the time it takes.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    let count = 0;
    const composer = new Composer({
      version: '1.2',
      schema: 'failsafe',
      resolveKnownTags: false,
      uniqueKeys: false,
      logLevel: 'silent',
      prettyErrors: false,
    });
    for (const document of composer.compose(tokens(text), true, text.length)) {
      count += 1;
      if (count > MAX_DOCUMENTS)
        throw new LimitError(`more than ${MAX_DOCUMENTS} documents in one file`, document.range[0]);
      readDocument(document, text, file);
    }
  } catch (error) {
    if (!(error instanceof LimitError)) throw error;
    return { documents: [], problems: [{ message: error.message, offset: error.offset }] };
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  const offsets = file.problems.slice(0, MAX_SYNTAX_PROBLEMS).map(({ offset }) => offset);
  const template = templateAt(text, offsets);
  if (template) file.problems = [template];
  file.problems.splice(MAX_SYNTAX_PROBLEMS);
  return file;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: YAML allows no other control characters than tab and line ends.
const CONTROL_CHARACTER = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f\ufffe\uffff]/;

function* tokens(text: string) {
  const parser = new Parser();
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    count += 1;
    if (count > MAX_TOKENS) throw new LimitError(`more than ${MAX_TOKENS} YAML tokens in one file`, parser.offset);
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_PARSER_STACK) throw new LimitError('nested too deeply', parser.offset);
  }
  yield* parser.end();
}

function readDocument(document: Document.Parsed, text: string, file: YamlFile): void {
  if (document.errors.length > 0) {
    // What follows a colon quotes the text, and with it perhaps a secret.
    const found = document.errors.slice(0, MAX_SYNTAX_PROBLEMS);
    file.problems.push(
      ...found.map(({ message, code, pos: [offset] }) => ({
        message: message.replace(/: .*$/s, '') + syntaxHint(code, text, offset),
        offset,
      })),
    );
    return;
  }
  const { value, nodes, problems } = convert(document.contents);
  file.problems.push(...problems);
  if (problems.length > 0 || value === null || isEmptyMapping(value)) return;
  file.documents.push({
    value,
    offset: nodes.root?.range?.[0] ?? 0,
    locate: (path, atKey) => locate(nodes, path, atKey),
  });
}

function isEmptyMapping(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
}

/** Follows the path as far as it goes, through aliases and merged mappings. */
function locate(nodes: YamlNodes, path: Path, atKey: boolean): number {
  let node: unknown = nodes.root;
  let offset = nodes.root?.range?.[0] ?? 0;
  for (const segment of path) {
    if (isAlias(node)) node = nodes.aliases.get(node);
    const step = typeof segment === 'object' ? segment.key : segment;
    const found = typeof step === 'number' ? item(node, step) : entry(nodes, node, step, 0);
    if (!found) break;
    node = found.value;
    const at = !atKey && isScalar(node) ? node : found.key;
    offset = rangeOf(at) ?? rangeOf(node) ?? offset;
  }
  return offset;
}

type Entry = { key: unknown; value: unknown };

function item(node: unknown, index: number): Entry | undefined {
  const value = isSeq(node) ? node.items[index] : undefined;
  return value === undefined ? undefined : { key: value, value };
}

function entry(nodes: YamlNodes, node: unknown, key: string, depth: number): Entry | undefined {
  const target = isAlias(node) ? nodes.aliases.get(node) : node;
  if (isSeq(target))
    return target.items.map((one) => entry(nodes, one, key, depth + 1)).find((one) => one !== undefined);
  if (!isMap(target) || depth > MAX_PARSER_STACK) return undefined;
  const pair = target.items.find((one) => isScalar(one.key) && String(one.key.value) === key);
  if (pair) return { key: pair.key, value: pair.value };
  const merges = target.items.filter((one) => isScalar(one.key) && one.key.value === '<<');
  return merges.map((one) => entry(nodes, one.value, key, depth + 1)).find((one) => one !== undefined);
}

function rangeOf(node: unknown): number | undefined {
  return (node as { range?: [number, number, number] | null } | null)?.range?.[0];
}
