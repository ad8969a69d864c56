import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { expand } from '../../../src/kubelet/container/expand.ts';

const VARS: Record<string, string> = { A: 'one', B: '$(A)', EMPTY: '', 'odd name(': 'odd' };
const lookup = (name: string) => (Object.hasOwn(VARS, name) ? VARS[name] : undefined);

const cases: [string, string][] = [
  ['', ''],
  ['plain', 'plain'],
  ['$(A)', 'one'],
  ['-$(A)-$(A)-', '-one-one-'],
  ['$(EMPTY)|', '|'],
  ['$(MISSING)', '$(MISSING)'],
  ['$(B)', '$(A)'],
  ['$$(A)', '$(A)'],
  ['$$$(A)', '$one'],
  ['$$$$(A)', '$$(A)'],
  ['$A', '$A'],
  ['${', '${'],
  ['$', '$'],
  ['$$', '$'],
  ['a$', 'a$'],
  ['$(A', '$(A'],
  ['$(A$$', '$(A$'],
  ['$(A $(A)', '$(A $(A)'],
  ['$()', '$()'],
  ['$(odd name()', 'odd'],
  ['$x$(A)', '$xone'],
  ['$(A)$(', 'one$('],
  ['$(A)) $$)', 'one) $)'],
  ['$(\n)', '$(\n)'],
];

for (const [input, expected] of cases)
  test(`${JSON.stringify(input)} becomes ${JSON.stringify(expected)}`, () =>
    assert.equal(expand(input, lookup, 1000), expected));

/** The same rules, one character after the other. */
function slowly(input: string): string {
  let result = '';
  for (let at = 0; at < input.length; at += 1) {
    const next = input[at + 1];
    if (input[at] !== '$' || next === undefined) result += input[at];
    else if (next === '$') {
      result += '$';
      at += 1;
    } else if (next === '(' && input.indexOf(')', at) > 0) {
      const close = input.indexOf(')', at);
      const name = input.slice(at + 2, close);
      result += lookup(name) ?? `$(${name})`;
      at = close;
    } else {
      result += input[at];
    }
  }
  return result;
}

test('any text expands as if read one character after the other, and never throws', () => {
  const piece = fc.constantFrom('$', '(', ')', 'A', 'B', 'EMPTY', ' ', 'x', '$(A)', '$$');
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
      (input) => assert.equal(expand(input, lookup, 10_000), slowly(input)),
    ),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.string(), (input) => typeof expand(input, lookup, 10_000) === 'string'));
});

test('a result above the limit is undefined, one at the limit is not', () => {
  assert.equal(expand('$(A)$(A)', lookup, 6), 'oneone');
  assert.equal(expand('$(A)$(A)', lookup, 5), undefined);
  assert.equal(expand('plain', lookup, 4), undefined);
  const large = 'x'.repeat(1000);
  assert.equal(
    expand('$(L)'.repeat(100_000), () => large, 5000),
    undefined,
  );
});

test('a megabyte of openings that never close is read in one go', () => {
  const text = '$('.repeat(500_000);
  assert.equal(expand(text, lookup, text.length), text);
});
