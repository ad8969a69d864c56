import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { yamlText } from '../../src/cli/get-yaml.ts';

test('scalars are quoted as kubectl quotes them', () => {
  const cases: [string, string][] = [
    ['plain', 'plain'],
    ['', '""'],
    ['yes', '"yes"'],
    ['08', '"08"'],
    ['12:30:45', '"12:30:45"'],
    ['2026-11-20T10:30:00Z', '"2026-11-20T10:30:00Z"'],
    ['10Mi', '10Mi'],
    ['a: b', "'a: b'"],
    ['@x', "'@x'"],
    ["it's: x", "'it''s: x'"],
    [' lead', "' lead'"],
    ['---', "'---'"],
    ['tab\there', '"tab\\there"'],
    ['bell\x07', '"bell\\a"'],
    ['a \nb', '"a \\nb"'],
    ['one\ntwo', '|-\n  one\n  two'],
    ['one\n', '|\n  one'],
    ['one\n\n', '|+\n  one\n'],
    [' one\ntwo', '|2-\n   one\n  two'],
  ];
  for (const [text, expected] of cases) assert.equal(yamlText({ k: text }), `k: ${expected}\n`);
});

test('long lines are folded at blanks after column 80', () => {
  const words = Array(20).fill('word').join(' ');
  assert.equal(
    yamlText({ k: words }),
    `k: ${Array(16).fill('word').join(' ')}\n  ${Array(4).fill('word').join(' ')}\n`,
  );
  assert.equal(yamlText({ k: 'x'.repeat(200) }), `k: ${'x'.repeat(200)}\n`);
});

test('sequences are not indented, and keys are in the order of Go', () => {
  const value = { k10: [{ b: 1, a: [[true], []] }], k9: {}, K: null, '-': [] };
  assert.equal(
    yamlText(value),
    '"-": []\nK: null\nk9: {}\nk10:\n- a:\n  - - true\n  - []\n  b: 1\n'.replace('"-"', "'-'"),
  );
});

const key = fc.string({ minLength: 1, maxLength: 12 }).filter((text) => text !== '__proto__');
const text = fc.oneof(
  fc.string({ maxLength: 20 }),
  fc
    .array(fc.constantFrom('word', ' ', '  ', '\n', ': ', ' #', "'", '"', '\\', '\t', '-', '0', 'é', 'yes'), {
      maxLength: 60,
    })
    .map((parts) => parts.join('')),
);
const leaf = fc.oneof(text, fc.integer(), fc.boolean(), fc.constant(null));
const { node } = fc.letrec((tie) => ({
  node: fc.dictionary(
    key,
    fc.oneof({ depthSize: 'small' }, leaf, tie('node'), fc.array(fc.oneof(leaf, tie('node')), { maxLength: 4 })),
    {
      maxKeys: 5,
      noNullPrototype: true,
    },
  ),
}));

/** As a reader sees it that takes every scalar for text. */
function asText(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return value.map(asText);
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, asText(part)]));
}

test('what is written reads back as it was', () => {
  fc.assert(
    fc.property(node, (value) => {
      assert.deepEqual(parse(yamlText({ root: value }), { schema: 'failsafe' }), asText({ root: value }));
    }),
    { numRuns: 500 },
  );
});
