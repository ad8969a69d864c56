import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  milliCpuToQuotaUs,
  milliCpuToShares,
  sharesToWeight,
  weightToShares,
} from '../../../src/kubelet/sandbox/cpu.ts';

test('shares are 1024 per core, rounded down, between 2 and 262144', () => {
  const cases = [
    [0, 2],
    [1, 2],
    [2, 2],
    [3, 3],
    [100, 102],
    [250, 256],
    [1000, 1024],
    [1500, 1536],
    [256_000, 262_144],
    [1_000_000, 262_144],
  ] as const;
  for (const [milli, shares] of cases) assert.equal(milliCpuToShares(milli), shares, `${milli}m`);
});

test('quota is 100 µs per millicore, at least 1 ms, and none without a limit', () => {
  const cases = [
    [0, 0],
    [1, 1000],
    [9, 1000],
    [10, 1000],
    [11, 1100],
    [500, 50_000],
    [2500, 250_000],
  ] as const;
  for (const [milli, quotaUs] of cases) assert.equal(milliCpuToQuotaUs(milli), quotaUs, `${milli}m`);
});

test('shares become weights between 1 and 10000', () => {
  const cases = [
    [0, 1],
    [2, 1],
    [1024, 39],
    [262_144, 10_000],
    [999_999, 10_000],
  ] as const;
  for (const [shares, weight] of cases) assert.equal(sharesToWeight(shares), weight, `${shares} shares`);
});

test('a weight turned into shares and back is the same weight, or one less by rounding', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10_000 }), (weight) => {
      const back = sharesToWeight(weightToShares(weight));
      assert.ok(back === weight || back === weight - 1, `${weight} became ${back}`);
    }),
  );
});
