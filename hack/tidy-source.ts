/** Source text → what the tidy rules look at: code without comments and text, and the imports. */
import path from 'node:path';

export interface Import {
  /** As written. */
  specifier: string;
  /** Path of the imported file in the tree; undefined for packages and for files that are not there. */
  target: string | undefined;
  /** Nothing is loaded at run time. */
  typeOnly: boolean;
  line: number;
}

export interface SourceFile {
  /** Relative to the project, with slashes. */
  path: string;
  text: string;
  /** The text with comments and the insides of strings blanked; positions stay. Equal to `text` outside of scripts. */
  code: string;
  imports: Import[];
}

export interface Tree {
  files: readonly SourceFile[];
  /** By path. */
  byPath: ReadonlyMap<string, SourceFile>;
}

const SCRIPT = /\.(ts|mjs|cjs|js)$/;

export function isScript(file: string): boolean {
  return SCRIPT.test(file);
}

/** The tree of these files: path → text. */
export function treeOf(texts: ReadonlyMap<string, string>): Tree {
  const files = [...texts].map(([file, text]): SourceFile => {
    const code = isScript(file) ? blank(text) : text;
    return { path: file, text, code, imports: isScript(file) ? importsOf(file, text, code, texts) : [] };
  });
  return { files, byPath: new Map(files.map((file) => [file.path, file])) };
}

export function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}

const IMPORT = /\b(?:import|export)\b(\s+type\b)?([^;'"`]*?\bfrom)?\s*(['"])|\bimport\s*\(\s*(['"])/g;
const ONLY_TYPES = /^\s*\{\s*(?:type\s+\w+(?:\s+as\s+\w+)?\s*,?\s*)+\}\s*from$/;

function importsOf(file: string, text: string, code: string, texts: ReadonlyMap<string, string>): Import[] {
  const found: Import[] = [];
  for (const match of code.matchAll(IMPORT)) {
    const [whole, typeWord, clause, quote, dynamicQuote] = match;
    if (!dynamicQuote && !clause && !/^import\s*['"]$/.test(whole)) continue;
    const begin = match.index + whole.length;
    const specifier = text.slice(begin, text.indexOf(quote ?? dynamicQuote ?? '', begin));
    const typeOnly = typeWord !== undefined || (clause !== undefined && ONLY_TYPES.test(clause));
    found.push({ specifier, target: resolve(file, specifier, texts), typeOnly, line: lineAt(text, match.index) });
  }
  return found;
}

function resolve(file: string, specifier: string, texts: ReadonlyMap<string, string>): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const target = path.posix.join(path.posix.dirname(file), specifier);
  return texts.has(target) ? target : undefined;
}

/** After these a slash begins a regular expression, not a division. */
const BEFORE_REGEX =
  /(?:^|[=(,:;[!&|?{}+\-*%<>~^]|\b(?:return|typeof|case|in|of|await|yield|throw|new|void|delete))\s*$/;

/** Blanks comments and the insides of strings, templates and regular expressions. `${…}` in templates stays code. */
export function blank(text: string): string {
  const out = text.split('');
  const erase = (from: number, to: number) => {
    for (let index = from; index < to; index += 1) if (out[index] !== '\n') out[index] = ' ';
  };
  /** For each open template: how many braces are open inside its `${`. */
  const templates: number[] = [];
  let index = 0;
  const template = (from: number) => {
    let at = from;
    while (at < text.length && text[at] !== '`' && !text.startsWith('${', at)) at += text[at] === '\\' ? 2 : 1;
    erase(from, Math.min(at, text.length));
    if (text[at] === '`') return at + 1;
    templates.push(0);
    return at + 2;
  };
  while (index < text.length) {
    const char = text[index];
    const open = templates.length - 1;
    if (text.startsWith('//', index)) {
      const end = endOr(text, '\n', index);
      erase(index, end);
      index = end;
    } else if (text.startsWith('/*', index)) {
      const end = Math.min(endOr(text, '*/', index) + 2, text.length);
      erase(index, end);
      index = end;
    } else if (char === "'" || char === '"') {
      const end = closing(text, index, (at) => text[at] === char || text[at] === '\n');
      erase(index + 1, end);
      index = end + 1;
    } else if (char === '/' && BEFORE_REGEX.test(out.slice(Math.max(0, index - 40), index).join(''))) {
      let inClass = false;
      const end = closing(text, index, (at) => {
        if (text[at] === '[') inClass = true;
        else if (text[at] === ']') inClass = false;
        return text[at] === '\n' || (text[at] === '/' && !inClass);
      });
      erase(index + 1, end);
      index = end + 1;
    } else if (char === '`') {
      index = template(index + 1);
    } else if (char === '}' && open >= 0 && templates[open] === 0) {
      templates.pop();
      index = template(index + 1);
    } else {
      if (open >= 0 && char === '{') templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && char === '}') templates[open] = (templates[open] ?? 0) - 1;
      index += 1;
    }
  }
  return out.join('');
}

function endOr(text: string, mark: string, from: number): number {
  const end = text.indexOf(mark, from);
  return end < 0 ? text.length : end;
}

function closing(text: string, from: number, isEnd: (at: number) => boolean): number {
  let at = from + 1;
  while (at < text.length && !isEnd(at)) at += text[at] === '\\' ? 2 : 1;
  return Math.min(at, text.length);
}
