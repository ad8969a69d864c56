import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { applyJsonPatch } from '../../../src/metadata/ingest/json-patch.ts';
import { Refusal } from '../../../src/metadata/ingest/types.ts';

const DOCUMENT = { a: 1, list: [1, 2], deep: { 'x/y': { 'm~n': true } } };
const GOOD: [unknown[], unknown][] = [
  [[], DOCUMENT],
  [[{ op: 'add', path: '/b', value: [1] }], { ...DOCUMENT, b: [1] }],
  [[{ op: 'add', path: '/list/-', value: 3 }], { ...DOCUMENT, list: [1, 2, 3] }],
  [[{ op: 'add', path: '/list/0', value: 0 }], { ...DOCUMENT, list: [0, 1, 2] }],
  [[{ op: 'remove', path: '/deep/x~1y/m~0n' }], { ...DOCUMENT, deep: { 'x/y': {} } }],
  [[{ op: 'replace', path: '/a', value: null }], { ...DOCUMENT, a: null }],
  [[{ op: 'move', from: '/a', path: '/list/1' }], { list: [1, 1, 2], deep: DOCUMENT.deep }],
  [
    [
      { op: 'copy', from: '/list', path: '/other' },
      { op: 'add', path: '/list/-', value: 3 },
    ],
    { ...DOCUMENT, list: [1, 2, 3], other: [1, 2] },
  ],
  [[{ op: 'test', path: '/list', value: [1, 2] }], DOCUMENT],
];
for (const [patch, expected] of GOOD) {
  test(`${JSON.stringify(patch)} is applied`, () => {
    const before = structuredClone(DOCUMENT);
    assert.deepEqual(applyJsonPatch(DOCUMENT, patch), expected);
    assert.deepEqual(DOCUMENT, before);
  });
}

const BAD: [unknown, RegExp][] = [
  [5, /patch\[0\]: an operation is a mapping/],
  [{ op: 'put', path: '/a' }, /op must be one of add, remove/],
  [{ op: 'add', path: '/a' }, /add needs value/],
  [{ op: 'move', path: '/a' }, /move needs from/],
  [{ op: 'remove', path: 'a' }, /"a" is no JSON Pointer/],
  [{ op: 'remove', path: '/a~2' }, /is no JSON Pointer/],
  [{ op: 'remove', path: '/none' }, /patch\[0\] \(remove \/none\): there is nothing at the path/],
  [{ op: 'add', path: '/none/x', value: 1 }, /there is nothing to add to/],
  [{ op: 'add', path: '/list/9', value: 1 }, /the list is shorter/],
  [{ op: 'add', path: '/list/01', value: 1 }, /no leading zero/],
  [{ op: 'add', path: '/list/x', value: 1 }, /an index of a list is a number/],
  [{ op: 'copy', from: '/none', path: '/a' }, /there is nothing at "from"/],
  [{ op: 'move', from: '/deep', path: '/deep/x' }, /cannot be moved into itself/],
  [{ op: 'test', path: '/a', value: 2 }, /the test failed/],
  [{ op: 'add', path: '/__proto__/x', value: 1 }, /cannot be done/],
];
for (const [operation, message] of BAD) {
  test(`${JSON.stringify(operation)} is refused`, () => {
    assert.throws(() => applyJsonPatch(DOCUMENT, [operation]), { name: 'Refusal', message });
  });
}

test('any operations make a document or a refusal', () => {
  const pointer = fc.constantFrom(
    '',
    '/',
    '/a',
    '/list/0',
    '/list/-',
    '/list/00',
    '/deep/x~1y',
    '/constructor/prototype',
    '/a/b',
  );
  const operation = fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', '_get', 'toString'),
      path: fc.oneof(pointer, fc.jsonValue()),
      from: pointer,
      value: fc.jsonValue(),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 5 }), fc.jsonValue(), (patch, document) => {
      for (const target of [DOCUMENT, document]) {
        try {
          applyJsonPatch(target, patch);
        } catch (error) {
          assert.ok(error instanceof Refusal, String(error));
        }
      }
      assert.deepEqual(Object.keys(Object.prototype), []);
    }),
  );
});

test('copies of copies come to an end', () => {
  const patch = Array.from({ length: 100 }, (_, index) => ({ op: 'copy', from: '', path: `/${index}` }));
  assert.throws(() => applyJsonPatch(DOCUMENT, patch), { name: 'Refusal', message: /the copies are too large/ });
});
