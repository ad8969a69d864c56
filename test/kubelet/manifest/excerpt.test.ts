import assert from 'node:assert/strict';
import { test } from 'node:test';
import { maskSecrets, SourceText } from '../../../src/kubelet/manifest/excerpt.ts';

test('shows two lines before the place and a caret under it', () => {
  const source = new SourceText('kind: Pod\nmetadata:\n  name: A_B\nspec: {}\n');
  const place = source.placeOf(28);
  assert.deepEqual(place, { line: 3, column: 9 });
  assert.equal(
    source.excerpt(place),
    ['1 | kind: Pod', '2 | metadata:', '3 |   name: A_B', '  |         ^'].join('\n'),
  );
});

test('places the first, the last and an empty line', () => {
  const source = new SourceText('a: 1\n\nb: 2');
  assert.deepEqual(source.placeOf(0), { line: 1, column: 1 });
  assert.deepEqual(source.placeOf(5), { line: 2, column: 1 });
  assert.deepEqual(source.placeOf(10), { line: 3, column: 5 });
  assert.deepEqual(new SourceText('').placeOf(0), { line: 1, column: 1 });
});

test('cuts a long line around the place, tabs taking one column', () => {
  const source = new SourceText(`\t${'x'.repeat(300)}HERE${'y'.repeat(300)}`);
  const lines = source.excerpt(source.placeOf(301)).split('\n');
  assert.equal(lines.length, 2);
  assert.ok((lines[0]?.length ?? 0) < 130);
  assert.equal(lines[0]?.indexOf('HERE'), lines[1]?.indexOf('^'));
});

const MASKED: [string, string, string][] = [
  [
    'the values of env',
    'env:\n- name: A\n  value: s3cret\n- value: "s3cret"\n  name: B\nimage: shown',
    'env:\n- name: A\n  value: ***\n- value: ***\n  name: B\nimage: shown',
  ],
  [
    'block scalars of env',
    'env:\n- name: A\n  value: |\n    s3cret\n    key: s3cret\nimage: shown',
    'env:\n- name: A\n  value: |\n    ***\n    key: ***\nimage: shown',
  ],
  ['env in flow style', '- env: [{name: A, value: s3cret}]\n  image: shown', '- env: ***\n  image: shown'],
  [
    'env with flow items',
    'env:\n- {name: A, value: "s3cret"}\n- {value: s3cret, name: B}',
    'env:\n- {name: A, value: ***\n- {value: ***',
  ],
  [
    'env in JSON',
    '"env": [\n  {\n    "name": "A",\n    "value": "s3cret"\n  }\n],\n"image": "shown"',
    '"env": [\n  {\n    "name": "A",\n    "value": ***\n  }\n],\n"image": "shown"',
  ],
  ['JSON on one line', '{"kind":"Pod","env":[{"name":"A","value":"s3cret"}]}', '{"kind":"Pod","env": ***'],
  [
    'data of a Secret',
    'data:\n  password: s3cret\n  "k": >\n    s3cret\nstringData: {a: s3cret}\ntype: Opaque',
    'data:\n  password: ***\n  "k": >\n    ***\nstringData: ***\ntype: Opaque',
  ],
  [
    'header values',
    'httpHeaders: [{name: Authorization, value: s3cret}]',
    'httpHeaders: [{name: Authorization, value: ***',
  ],
];

for (const [what, text, expected] of MASKED) {
  test(`hides ${what}`, () => {
    const masked = maskSecrets(text.split('\n')).join('\n');
    assert.equal(masked, expected);
    assert.doesNotMatch(masked, /s3cret/);
  });
}

test('does not hide labels and metadata that look alike', () => {
  const text =
    'metadata:\n  labels:\n    env: prod\n    environment: x\n  name: a\nvalueFrom: {fieldRef: {fieldPath: metadata.name}}';
  assert.equal(maskSecrets(text.split('\n')).join('\n'), text);
});
