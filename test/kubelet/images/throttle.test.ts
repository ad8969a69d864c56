import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PullThrottle } from '../../../src/kubelet/images/throttle.ts';
import { Clock, silentLog, simEnv } from '../../sim/env.ts';
import { Random } from '../../sim/random.ts';

function throttled(perSecond: number, burst: number) {
  const clock = new Clock();
  const throttle = new PullThrottle(simEnv(clock, new Random('t'), silentLog), perSecond, burst);
  const turns: number[] = [];
  return {
    clock,
    turns,
    ask: (signal = new AbortController().signal) => void throttle.turn(signal).then(() => turns.push(clock.elapsedMs)),
  };
}

describe('pulls', () => {
  it('begin as many at once as may, and then at their rate', async () => {
    const { clock, turns, ask } = throttled(5, 3);
    for (let count = 0; count < 6; count += 1) ask();
    await clock.advance(1000);
    assert.deepEqual(turns, [0, 0, 0, 200, 400, 600]);
  });

  it('may come at once again after a pause', async () => {
    const { clock, turns, ask } = throttled(5, 2);
    ask();
    ask();
    await clock.advance(10_000);
    for (let count = 0; count < 3; count += 1) ask();
    await clock.advance(1000);
    assert.deepEqual(turns, [0, 0, 10_000, 10_000, 10_200]);
  });

  it('that are called off give their turn back', async () => {
    const { clock, turns, ask } = throttled(1, 1);
    const abort = new AbortController();
    ask();
    ask(abort.signal);
    await clock.advance(100);
    abort.abort();
    await clock.settle();
    ask();
    await clock.advance(2000);
    assert.deepEqual(turns, [0, 100, 1000]);
  });

  it('are not held up when there is no limit', async () => {
    const { clock, turns, ask } = throttled(0, 0);
    for (let count = 0; count < 50; count += 1) ask();
    await clock.settle();
    assert.equal(turns.length, 50);
  });
});
