import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addTotals, formatTotals, readTotals, skippedTests } from '../../hack/test-totals.ts';

const OUTPUT = `✔ a test (0.5ms)
▶ a suite
  ﹣ inside (0.1ms) # no kubectl 1.36
▶ a suite (1ms)
﹣ outside (0.2ms) # SKIP
ℹ tests 3
ℹ suites 1
ℹ pass 1
ℹ fail 0
ℹ skipped 2
ℹ duration_ms 12.5
`;

test('the totals of node’s test runner are read, added and printed as it prints them', () => {
  const totals = readTotals(OUTPUT);
  assert.equal(totals.get('tests'), 3);
  assert.equal(
    formatTotals(addTotals([totals, totals])),
    'ℹ tests 6\nℹ suites 2\nℹ pass 2\nℹ fail 0\nℹ skipped 4\nℹ duration_ms 25\n',
  );
  assert.equal(readTotals('no totals').size, 0);
});

test('tests that were left out are named with their reasons', () => {
  assert.deepEqual(skippedTests(OUTPUT), ['inside: no kubectl 1.36', 'outside: SKIP']);
});
