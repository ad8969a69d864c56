import assert from 'node:assert/strict';
import { test } from 'node:test';
import { best, compare, longestGap, median, quantile, showMs, summarize } from '../../hack/bench-stats.ts';

test('quantiles lie on the line between the samples around them, in whatever order those came', () => {
  const samples = [40, 10, 30, 20];
  const cases: [fraction: number, expected: number][] = [
    [0, 10],
    [0.25, 17.5],
    [0.5, 25],
    [1, 40],
  ];
  for (const [fraction, expected] of cases) assert.equal(quantile(samples, fraction), expected, String(fraction));
  assert.deepEqual(samples, [40, 10, 30, 20]);
  assert.equal(median([7]), 7);
  assert.throws(() => median([]), /no samples/);
});

test('a summary is the median and the range of the middle half', () => {
  assert.deepEqual(summarize([5, 1, 4, 2, 3]), { median: 3, low: 2, high: 4, count: 5 });
});

test('two sets are compared by their medians, so one outlier changes nothing', () => {
  assert.equal(compare([110, 120, 9000], [100, 90, 100]).ratio, 1.2);
});

test('the best is the one with the smallest median, the first of equals', () => {
  const samples = new Map([
    [2, [1, 50, 60]],
    [3, [40, 40, 40]],
    [4, [40, 30, 900]],
  ]);
  assert.equal(best(samples), 3);
  assert.throws(() => best(new Map()), /nothing/);
});

test('times are shown in milliseconds, long ones in seconds', () => {
  assert.equal(showMs({ median: 240.4, low: 231, high: 259.6, count: 3 }), '240 ms (231–260)');
  assert.equal(showMs({ median: 12_340, low: 9_950, high: 15_000, count: 3 }), '12.3 s (9.9–15.0)');
});

test('the longest gap is the one between neighbours', () => {
  assert.equal(longestGap([0, 5, 105, 110, 150]), 100);
  assert.equal(longestGap([7]), 0);
  assert.equal(longestGap([]), 0);
});
