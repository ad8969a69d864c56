import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { logTail } from '../../../src/kubelet/container/log-tail.ts';

const STAMP = '2026-11-20T14:58:46.498270106Z';
const full = (content: string, stream = 'stdout') => `${STAMP} ${stream} F ${content}\n`;
const part = (content: string) => `${STAMP} stdout P ${content}\n`;
const tail = (log: string | Buffer, { whole = true, lines = 80, bytes = 2048 } = {}) =>
  logTail(Buffer.from(log), whole, lines, bytes).toString();

const cases: [string, string, string][] = [
  ['nothing', '', ''],
  ['stamps are removed and streams mixed', full('a') + full('b', 'stderr'), 'a\nb\n'],
  ['blanks inside and around are kept', full('  a  b '), '  a  b \n'],
  ['an empty line stays one', full(''), '\n'],
  ['an empty line without a trailing blank stays one', `${STAMP} stdout F\n`, '\n'],
  ['a partial line joins the next', part('a') + full('b'), 'ab\n'],
  ['further tags are ignored', `${STAMP} stdout P:x:y a\n${full('b')}`, 'ab\n'],
  ['a last line that is still being written counts', full('a').trimEnd(), 'a\n'],
  ['what is no log line is left out', `garbage\n${full('a')}${STAMP} stdin F x\n${STAMP} stdout Fx y\n`, 'a\n'],
];

for (const [name, log, expected] of cases) test(name, () => assert.equal(tail(log), expected));

test('at most that many lines are taken, from the end', () => {
  const log = Array.from({ length: 100 }, (_, index) => full(String(index))).join('');
  const lines = tail(log).split('\n');
  assert.deepEqual([lines[0], lines.length], ['20', 81]);
});

test('at most that many bytes are taken, from the end', () => {
  assert.equal(tail(full('abc') + full('defg'), { bytes: 6 }), '\ndefg\n');
});

test('a line cut by where reading began is left out', () => {
  assert.equal(tail(`dout F x\n${full('a')}`, { whole: false }), 'a\n');
  assert.equal(tail(`${full('x')}${full('a')}`.slice(1), { whole: false }), 'a\n');
});

test('bytes that are not UTF-8 come through', () => {
  const line = Buffer.concat([
    Buffer.from(`${STAMP} stdout F `),
    Buffer.from([0xff, 0xe2, 0x82, 0xac]),
    Buffer.from('\n'),
  ]);
  assert.deepEqual(logTail(line, true, 80, 2048), Buffer.from([0xff, 0xe2, 0x82, 0xac, 0x0a]));
});

test('any bytes are read without an error and within the limit', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 500 }),
      fc.boolean(),
      (bytes, whole) => logTail(Buffer.from(bytes), whole, 5, 20).length <= 20,
    ),
  );
});
