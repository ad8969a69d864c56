import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { backOffMessage, goDuration, restartAfter, retryDelayMs } from '../../../src/kubelet/plan/restart.ts';
import { exited, NOW_MS, revision } from '../build.ts';

const clock = { nowMs: NOW_MS, monotonicMs: 1_000_000 };
const web = revision();

describe('restartAfter', () => {
  const rows = [
    {
      name: 'the first exit waits for nothing and makes the next delay 10 s',
      agoMs: 0,
      backOffMs: 0,
      waitMs: 0,
      next: 10_000,
    },
    { name: 'a delay counts from the end of the run', agoMs: 4_000, backOffMs: 10_000, waitMs: 6_000, next: 20_000 },
    { name: 'a delay that has passed waits for nothing', agoMs: 11_000, backOffMs: 10_000, waitMs: 0, next: 20_000 },
    { name: 'the delay doubles up to five minutes', agoMs: 0, backOffMs: 160_000, waitMs: 160_000, next: 300_000 },
    { name: 'and stays there', agoMs: 0, backOffMs: 300_000, waitMs: 300_000, next: 300_000 },
    {
      name: 'a run of more than ten minutes forgets it',
      agoMs: 0,
      backOffMs: 300_000,
      createdAgoMs: 600_001,
      waitMs: 0,
      next: 10_000,
    },
    {
      name: 'one of ten minutes does not',
      agoMs: 0,
      backOffMs: 300_000,
      createdAgoMs: 600_000,
      waitMs: 300_000,
      next: 300_000,
    },
    {
      name: 'a lower limit of the node bounds every delay',
      agoMs: 0,
      backOffMs: 20_000,
      maxMs: 1_000,
      waitMs: 1_000,
      next: 1_000,
    },
    {
      name: 'a clock set back a year waits no longer than the delay',
      agoMs: -31_536_000_000,
      backOffMs: 10_000,
      seenAgoMs: 3_000,
      waitMs: 7_000,
      next: 20_000,
    },
  ];
  for (const row of rows) {
    it(row.name, () => {
      const dead = exited(web, row.agoMs, {
        backOffMs: row.backOffMs,
        createdAtMs: NOW_MS - (row.createdAgoMs ?? row.agoMs + 1000),
        firstSeenMs: clock.monotonicMs - (row.seenAgoMs ?? Math.max(row.agoMs, 0)),
      });
      const restart = restartAfter(dead, clock, row.maxMs ?? 300_000);
      assert.equal(restart.waitMs, row.waitMs);
      assert.equal(restart.nextBackOffMs, row.next);
    });
  }
});

describe('durations', () => {
  it('are printed as Go prints them', () => {
    assert.deepEqual([0, 10_000, 80_000, 160_000, 300_000, 3_600_000].map(goDuration), [
      '0s',
      '10s',
      '1m20s',
      '2m40s',
      '5m0s',
      '1h0m0s',
    ]);
  });
  it('stand in the kubelet’s message', () => {
    assert.equal(
      backOffMessage(10_000, { name: 'web' }, 'web-n1_default(u1)'),
      'back-off 10s restarting failed container=web pod=web-n1_default(u1)',
    );
  });
  it('between tries grow from one to ten seconds', () => {
    assert.deepEqual([1, 2, 3, 4, 5, 50].map(retryDelayMs), [1000, 2000, 4000, 8000, 10_000, 10_000]);
  });
});
