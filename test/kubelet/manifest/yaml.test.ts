import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readYaml } from '../../../src/kubelet/manifest/yaml.ts';

const values = (text: string) => readYaml(text).documents.map((document) => document.value);
const problems = (text: string) => readYaml(text).problems.map((problem) => `${problem.offset} ${problem.message}`);

const READ: [string, string, unknown[]][] = [
  [
    'octal, booleans and underscores as in go-yaml',
    'a: 0644\nb: yes\nc: 1_000\nd: 22:22\ne: 2001-12-14',
    [{ a: 420, b: true, c: 1000, d: '22:22', e: '2001-12-14' }],
  ],
  ['quoted text as text', 'a: "0644"\nb: \'yes\'\nc: ""', [{ a: '0644', b: 'yes', c: '' }]],
  [
    'explicit core tags',
    'a: !!str 1\nb: !!int "3"\nc: !!bool "yes"\nd: !!float 2\ne: !!null ""\nf: ! 5',
    [{ a: '1', b: 3, c: true, d: 2, e: null, f: '5' }],
  ],
  ['keys as written', 'yes: 1\n8080: 2\nnull: 3', [{ yes: 1, 8080: 2, null: 3 }]],
  [
    'several documents, empty ones left out',
    '---\n# nothing\n---\na: 1\n---\n...\n---\n{}\n---\nb: 2\n',
    [{ a: 1 }, { b: 2 }],
  ],
  ['JSON, with tabs', '{\n\t"a": [1,\t"x"],\n\t"b": null\n}', [{ a: [1, 'x'], b: null }]],
  ['escaped surrogate pairs', '{"a": "\\ud83d\\ude00 \\/"}', [{ a: '😀 /' }]],
  ['CRLF line ends', 'a: 1\r\nb:\r\n- x\r\n', [{ a: 1, b: ['x'] }]],
  ['aliases', 'a: &x [1, 2]\nb: *x', [{ a: [1, 2], b: [1, 2] }]],
  [
    'an anchor set twice: the nearest one before counts',
    'a: &x 1\nb: *x\nc: &x 2\nd: *x',
    [{ a: 1, b: 1, c: 2, d: 2 }],
  ],
  [
    'a merge key: what is written out wins',
    'a: &x {k: 1, l: 2}\nb:\n  <<: *x\n  k: 3',
    [{ a: { k: 1, l: 2 }, b: { k: 3, l: 2 } }],
  ],
  ['a merge list: the first one wins', 'b:\n  <<: [{k: 1}, {k: 2, l: 2}]', [{ b: { k: 1, l: 2 } }]],
  ['a quoted << is an ordinary key', '"<<": {k: 1}', [{ '<<': { k: 1 } }]],
  ['block scalars', 'a: |\n  x\n  y\nb: >-\n  x\n  y\n', [{ a: 'x\ny\n', b: 'x y' }]],
  ['a directive that asks for YAML 1.1', '%YAML 1.1\n---\na: 1:30', [{ a: '1:30' }]],
  ['nothing at all', '', []],
  ['comments only', '# x\n# y\n', []],
  ['a scalar document', 'hello', ['hello']],
];

for (const [what, text, expected] of READ) {
  test(`reads ${what}`, () => {
    assert.deepEqual(problems(text), []);
    assert.deepEqual(values(text), expected);
  });
}

const REFUSED: [string, string, string][] = [
  ['a duplicate key', 'a: 1\nb: 2\na: 3', '10 the key "a" is already set in this mapping'],
  ['a tab as indentation', 'a:\n\tb: 1', '3 Tabs are not allowed as indentation: use spaces'],
  ['an alias without an anchor', 'a: *x', '3 the alias *x has no anchor before it'],
  ['an alias inside its own anchor', 'a: &x [*x]', '7 the alias *x contains itself'],
  ['a foreign tag', 'a: !!binary aGk=', '12 the YAML tag !!binary is not supported'],
  ['a tag that the value does not fit', 'a: !!int x', '9 the value is no !!int'],
  ['a key that is no text', '? [a]\n: b', '2 a mapping key must be text'],
  ['an empty key', ': b', '0 a mapping key must be text'],
  ['the key __proto__', '__proto__: {a: 1}', '0 the key "__proto__" is not allowed'],
  ['a merge of a scalar', '<<: x', '4 a merge key "<<" needs a mapping or a list of mappings'],
  ['a control character', 'a: "x\u0001"', '5 control character U+0001 is not allowed'],
  [
    'an unclosed bracket',
    'a: [1, 2',
    '8 Flow sequence in block collection must be sufficiently indented and end with a ]',
  ],
  ['a directive without a document', '%YAML 1.2', '9 Missing directives-end indicator line'],
  ['two JSON texts in a row', '{"a":1}\n{"b":2}', '8 Unexpected flow-map-start at node end'],
];

for (const [what, text, expected] of REFUSED) {
  test(`refuses ${what}`, () => {
    assert.equal(problems(text)[0], expected);
    assert.deepEqual(values(text), []);
  });
}

const LIMITS: [string, string, RegExp][] = [
  ['deep flow nesting', '['.repeat(500_000), /nested too deeply/],
  ['deep block nesting', '- '.repeat(300_000), /nested too deeply/],
  ['nesting just over the limit', `${'['.repeat(70)}${']'.repeat(70)}`, /nested more than 64 levels deep/],
  [
    'an alias bomb',
    `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghi'].map((name, index) => `${name}: &${name} [${Array(9).fill(`*${'abcdefghi'[index]}`).join()}]`).join('\n')}`,
    /counting each use of an alias/,
  ],
  [
    'a merge bomb',
    `a: &a {k: v}\n${[...'bcdefghij'].map((name, index) => `${name}: &${name} {<<: [${Array(9).fill(`*${'abcdefghij'[index]}`).join()}]}`).join('\n')}`,
    /counting each use of an alias/,
  ],
  ['a flood of tokens', `[${','.repeat(1_000_000)}`, /more than 250000 YAML tokens/],
  ['a flood of documents', '---\na: 1\n'.repeat(600), /more than 500 documents/],
];

for (const [what, text, expected] of LIMITS) {
  test(`stops at ${what}`, () => {
    const file = readYaml(text);
    assert.deepEqual(file.documents, []);
    assert.match(file.problems[0]?.message ?? '', expected);
  });
}

test('a document with a syntax error does not hide the others', () => {
  const file = readYaml('a: 1\n---\nb: [\n---\nc: 3\n');
  assert.deepEqual(
    file.documents.map((document) => document.value),
    [{ a: 1 }, { c: 3 }],
  );
  assert.ok(file.problems.length > 0);
});

test('syntax errors do not quote the text', () => {
  for (const text of ['a: |hunter2\n', '- a\n} hunter2', 'a: b\n]"hunter2"']) {
    for (const problem of readYaml(text).problems) assert.doesNotMatch(problem.message, /hunter2/);
  }
});

test('a path leads back to its place, through aliases and merged mappings', () => {
  const text = 'base: &b\n  image: x\nlist:\n- <<: *b\n  name: n\n- *b\n';
  const [document] = readYaml(text).documents;
  assert.ok(document);
  const at = (path: (string | number)[], key = false) => text.slice(document.locate(path, key)).split('\n')[0];
  assert.equal(at(['list', 0, 'name']), 'n');
  assert.equal(at(['list', 0, 'name'], true), 'name: n');
  assert.equal(at(['list', 0, 'image']), 'x');
  assert.equal(at(['list', 1, 'image'], true), 'image: x');
  assert.equal(at(['list', 0, 'nothing', 'here']), '<<: *b');
  assert.equal(at(['nowhere']), 'base: &b');
});
