/**
 * The files of `fileKeyRef`: `NAME='value'` per line, a strict part of what a shell reads (pkg/kubelet/util/env/env_util.go).
 *
 *   # comment
 *   NAME='value, over
 *   several lines' # comment
 */

/** Longest file that is read. */
export const MAX_ENV_FILE_BYTES = 64 * 1024;

/** A line that is not as it should be; the message names the line, never its content. */
export class EnvFileError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'EnvFileError';
  }
}

const AFTER_QUOTE = /^[ \t]*(?:#.*)?$/;

/**
 * The value of the first line that sets `key`; empty when none does. What comes after that line is not looked at. Throws
 * EnvFileError for a line before it that is broken.
 */
export function envFileValue(text: string, key: string): string {
  const lines = text.split('\n');
  for (let index = 0; index < lines.length; index += 1) {
    const line = (lines[index] ?? '').replace(/\r$/, '').replace(/^[ \t]+/, '');
    if (line === '' || line.startsWith('#')) continue;
    const { name, rest } = assignment(line, index + 1);
    // A blank after the sign ends the value before it began.
    if (rest === '' || /^[ \t]/.test(rest)) {
      if (name === key) return '';
      continue;
    }
    if (!rest.startsWith("'")) throw bad(index + 1, 'value must be enclosed in single quotes');
    const quoted = readQuoted(lines, index, rest.slice(1));
    index = quoted.lastIndex;
    if (name === key) return quoted.value;
  }
  return '';
}

function assignment(line: string, number: number): { name: string; rest: string } {
  const equals = line.indexOf('=');
  if (equals < 0) throw bad(number, "missing '='");
  const name = line.slice(0, equals);
  if (name === '') throw bad(number, 'empty variable name');
  if (/[ \t]$/.test(name)) throw bad(number, "whitespace before '=' is not allowed");
  return { name, rest: line.slice(equals + 1) };
}

/** `begin` is what follows the opening quote in line `index`. */
function readQuoted(lines: readonly string[], index: number, begin: string): { value: string; lastIndex: number } {
  const parts: string[] = [];
  for (let last = index; last < lines.length; last += 1) {
    const line = last === index ? begin : (lines[last] ?? '');
    const end = line.indexOf("'");
    if (end < 0) {
      parts.push(line);
      continue;
    }
    if (!AFTER_QUOTE.test(line.slice(end + 1).replace(/\r$/, '')))
      throw bad(last + 1, 'unexpected content after closing quote');
    return { value: [...parts, line.slice(0, end)].join('\n'), lastIndex: last };
  }
  throw new EnvFileError(`invalid environment variable format starting at line ${index + 1}: unclosed single quote`);
}

function bad(line: number, what: string): EnvFileError {
  return new EnvFileError(`invalid environment variable format at line ${line}: ${what}`);
}
