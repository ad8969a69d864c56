/**
 * Fresh seeds each time, and those that once found a fault. A seed that fails here goes into `kept-seeds.json`;
 * `node hack/sim.ts --seed SEED --trace` shows it call by call.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { simulate } from './simulate.ts';

const FRESH_SEEDS = 20;
/** Virtual days per fresh seed. */
const DAYS = 0.05;

interface Kept {
  seed: string;
  days?: number;
  /** What went wrong when it was found. */
  found: string;
}

const kept: readonly Kept[] = JSON.parse(readFileSync(new URL('kept-seeds.json', import.meta.url), 'utf8'));

for (const { seed, days, found } of kept) {
  test(`kept seed ${seed}: ${found}`, async () => {
    const { violations } = await simulate({ seed, ...(days !== undefined && { days }) });
    assert.deepEqual(violations, []);
  });
}

const first = Math.floor(Math.random() * 1e9);
for (let seed = first; seed < first + FRESH_SEEDS; seed += 1) {
  test(`fresh seed ${seed}, replayed by: node hack/sim.ts --seed ${seed} --days ${DAYS} --trace`, async () => {
    const { violations } = await simulate({ seed: String(seed), days: DAYS });
    assert.deepEqual(violations, []);
  });
}

test('one seed gives one history, to the last call', async () => {
  const history = async () => {
    const lines: string[] = [];
    await simulate({ seed: 'same', days: 0.01, trace: (line) => lines.push(line) });
    return lines;
  };
  assert.deepEqual(await history(), await history());
});
