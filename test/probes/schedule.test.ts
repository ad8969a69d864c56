import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Env } from '../../src/kubelet/env.ts';
import { nextDueMs, Schedule } from '../../src/probes/schedule.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';

function setting() {
  const clock = new Clock();
  let timers = 0;
  const env = simEnv(clock, new Random('schedule'), silentLog);
  const after: Env['after'] = (delayMs, fn) => {
    timers += 1;
    return env.after(delayMs, fn);
  };
  return { clock, schedule: new Schedule({ ...env, after }), timers: () => timers };
}

describe('Schedule', () => {
  it('runs what was not cancelled, each at its instant, in order', async () => {
    const job = fc.record({ dueMs: fc.integer({ min: 0, max: 50 }), cancelled: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.array(job, { maxLength: 40 }), async (jobs) => {
        const { clock, schedule } = setting();
        const ran: { dueMs: number; index: number; atMs: number }[] = [];
        const cancels = jobs.map(({ dueMs }, index) =>
          schedule.at(dueMs, () => ran.push({ dueMs, index, atMs: clock.elapsedMs })),
        );
        for (const [index, { cancelled }] of jobs.entries()) if (cancelled) cancels[index]?.();
        await clock.advance(60);
        const expected = jobs
          .map(({ dueMs, cancelled }, index) => ({ dueMs, index, atMs: dueMs, cancelled }))
          .filter(({ cancelled }) => !cancelled)
          .sort((a, b) => a.dueMs - b.dueMs || a.index - b.index)
          .map(({ cancelled: _, ...rest }) => rest);
        assert.deepEqual(ran, expected);
      }),
    );
  });

  it('needs no second timer for what is due later', () => {
    const { schedule, timers } = setting();
    for (const dueMs of [10, 20, 30, 40]) schedule.at(dueMs, () => {});
    assert.equal(timers(), 1);
    schedule.at(5, () => {});
    assert.equal(timers(), 2);
  });

  it('runs what is late at once, but never before it returns', async () => {
    const { clock, schedule } = setting();
    await clock.advance(100);
    let ran = false;
    schedule.at(50, () => {
      ran = true;
    });
    assert.equal(ran, false);
    await clock.advance(0);
    assert.equal(ran, true);
  });

  it('may be changed by what it runs', async () => {
    const { clock, schedule } = setting();
    const ran: string[] = [];
    const later = schedule.at(20, () => ran.push('later'));
    schedule.at(10, () => {
      ran.push('first');
      later();
      schedule.at(15, () => ran.push('between'));
    });
    await clock.advance(30);
    assert.deepEqual(ran, ['first', 'between']);
  });
});

describe('nextDueMs', () => {
  for (const [what, nowMs, expected] of [
    ['a tick that ended in time', 1200, 2000],
    ['one that took as long as the period', 2000, 2000],
    ['one that took a little longer: the missed one comes at once', 2300, 2000],
    ['one that took several periods: only the last missed one is made up for', 5700, 5000],
  ] as const) {
    it(`keeps the beat after ${what}`, () => assert.equal(nextDueMs(1000, 1000, nowMs), expected));
  }
});
