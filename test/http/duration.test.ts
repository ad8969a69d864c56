import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { age, humanDuration, rfc3339 } from '../../src/http/duration.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

test('a span is written in the units that kubectl picks for its size', () => {
  const cases: [number, string][] = [
    [-3 * SECOND, '<invalid>'],
    [-2 * SECOND, '<invalid>'],
    [-1999, '0s'],
    [0, '0s'],
    [999, '0s'],
    [119_999, '119s'],
    [2 * MINUTE, '2m'],
    [2 * MINUTE + SECOND, '2m1s'],
    [10 * MINUTE - 1, '9m59s'],
    [10 * MINUTE + 30 * SECOND, '10m'],
    [3 * HOUR - 1, '179m'],
    [3 * HOUR, '3h'],
    [3 * HOUR + 5 * MINUTE, '3h5m'],
    [8 * HOUR + 59 * MINUTE, '8h'],
    [48 * HOUR - 1, '47h'],
    [2 * DAY, '2d'],
    [3 * DAY + 2 * HOUR, '3d2h'],
    [8 * DAY + 5 * HOUR, '8d'],
    [2 * YEAR - 1, '729d'],
    [2 * YEAR, '2y'],
    [2 * YEAR + 3 * DAY, '2y3d'],
    [8 * YEAR + 200 * DAY, '8y'],
    [Number.NaN, '<invalid>'],
  ];
  for (const [spanMs, expected] of cases) assert.equal(humanDuration(spanMs), expected, `${spanMs} ms`);
});

test('a longer span never reads as a shorter one', () => {
  const span = fc.integer({ min: 0, max: 20 * YEAR });
  const unit: Record<string, number> = { s: SECOND, m: MINUTE, h: HOUR, d: DAY, y: YEAR };
  const read = (text: string) =>
    [...text.matchAll(/(\d+)([smhdy])/g)].reduce(
      (sum, [, count, name]) => sum + Number(count) * (unit[name ?? ''] ?? 0),
      0,
    );
  fc.assert(
    fc.property(span, span, (a, b) => {
      const [short, long] = a < b ? [a, b] : [b, a];
      assert.ok(read(humanDuration(short)) <= read(humanDuration(long)));
      assert.ok(read(humanDuration(long)) <= long);
    }),
  );
});

test('an age without an instant is unknown', () => {
  for (const instant of [undefined, null, '', 'yesterday']) assert.equal(age(instant, 0), '<unknown>');
});

test('times have whole seconds', () => {
  assert.equal(rfc3339(Date.parse('2026-11-20T12:00:00.987Z')), '2026-11-20T12:00:00Z');
});
