import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../src/config/duration.ts';

const GOOD: [string, number][] = [
  ['0', 0],
  ['+0', 0],
  ['-0', 0],
  ['0s', 0],
  ['20s', 20_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['.5s', 500],
  ['1.s', 1000],
  ['250ms', 250],
  ['1h2m3s4ms', 3_723_004],
  ['1500us', 1.5],
  ['1µs', 0.001],
  ['1μs', 0.001],
  ['3000000ns', 3],
  ['-2m', -120_000],
  ['+2m', 120_000],
  ['2562047h', 2562047 * 3_600_000],
];

for (const [text, ms] of GOOD) {
  test(`the Go duration ${text} is ${ms} ms`, () =>
    assert.equal(Math.abs((parseDuration(text) ?? Number.NaN) - ms) < 1e-6, true));
}

for (const text of [
  '',
  '-',
  '20',
  '1 s',
  's',
  '1d',
  '1e3s',
  '1m 30s',
  '0x1s',
  '..5s',
  '1s1',
  '2562048h',
  `${'1'.repeat(70)}s`,
  '∞',
]) {
  test(`${JSON.stringify(text).slice(0, 30)} is no Go duration`, () => assert.equal(parseDuration(text), undefined));
}

test('a duration that is printed reads back as itself', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 40), max: 2 ** 40 }), (ms) => {
      const read = parseDuration(formatDuration(ms));
      assert.ok(read !== undefined && Math.abs(read - ms) < 1e-3, `${ms} → ${formatDuration(ms)} → ${read}`);
    }),
  );
});

test('any text is read or refused, never a fault', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('1', '.', 's', 'm', 'h', 'n', 'u', '-', ' ', 'µ') }), (text) => {
      const read = parseDuration(text);
      assert.ok(read === undefined || Number.isFinite(read));
    }),
  );
});
