import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EnvFileError, envFileValue } from '../../../src/kubelet/container/env-file.ts';

const GOOD: [string, string, string][] = [
  ['a value', "A='x'", 'x'],
  ['blanks before the name', "  \tA='x'", 'x'],
  ['comments and empty lines before it', "# A='no'\n\n   # more\nA='x'", 'x'],
  ['a value over several lines', "A='one\n two\nthree'", 'one\n two\nthree'],
  ['a comment after the value', "A='x'  # why", 'x'],
  ['signs in the value', `A='"=#\\n$B'`, '"=#\\n$B'],
  ['the first of two', "A='1'\nA='2'", '1'],
  ['the line before one that is broken', "A='1'\nbroken", '1'],
  ['another variable first', "B='b'\nA='a'", 'a'],
  ['a variable of several lines before it', "B='\nA=not'\nA='a'", 'a'],
  ['line ends of another system', "B='b'\r\nA='a'\r\n", 'a'],
  ['nothing after the sign', 'A=', ''],
  ['a blank after the sign', "A= 'x'", ''],
  ['an empty value', "A=''", ''],
  ['no such variable', "B='b'", ''],
  ['an empty file', '', ''],
];

for (const [what, text, value] of GOOD) test(`reads ${what}`, () => assert.equal(envFileValue(text, 'A'), value));

const AT = 'invalid environment variable format at line';
const BAD: [string, string, string][] = [
  ['a line without a sign', '\nhello', `${AT} 2: missing '='`],
  ['no name', "='x'", `${AT} 1: empty variable name`],
  ['a blank before the sign', "B ='x'", `${AT} 1: whitespace before '=' is not allowed`],
  ['a value without quotes', 'B=x', `${AT} 1: value must be enclosed in single quotes`],
  ['a value in double quotes', 'B="x"', `${AT} 1: value must be enclosed in single quotes`],
  ['something after the value', "B='x\ny' z", `${AT} 2: unexpected content after closing quote`],
  [
    'a quote that is not closed',
    "\nB='x\ny",
    'invalid environment variable format starting at line 2: unclosed single quote',
  ],
];

for (const [what, text, message] of BAD)
  test(`refuses ${what}`, () => assert.throws(() => envFileValue(text, 'A'), { name: 'EnvFileError', message }));

test('whatever is written is read back, among whatever else', () => {
  const name = fc.stringMatching(/^[A-Z_]{1,4}$/);
  const value = fc.string({ minLength: 1 }).map((text) => text.replaceAll(/['\r]/g, '') || 'x');
  fc.assert(
    fc.property(fc.uniqueArray(fc.tuple(name, value), { selector: ([key]) => key, minLength: 1 }), (all) => {
      const text = all.map(([key, content]) => `${key}='${content}' # c`).join('\n');
      for (const [key, content] of all) assert.equal(envFileValue(text, key), content);
    }),
  );
});

test('no text makes it throw anything but its own error', () => {
  const text = fc.array(fc.constantFrom('A', '=', "'", '#', '\n', ' ', '\r', 'x')).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (given) => {
      try {
        assert.equal(typeof envFileValue(given, 'A'), 'string');
      } catch (error) {
        assert.ok(error instanceof EnvFileError);
      }
    }),
  );
});
