import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hints } from '../../../src/kubelet/sources/hints.ts';
import { createClock } from '../../cri/clock.ts';

/** Waits on a clock of its own; `done` tells whether the wait is over after pending callbacks ran. */
function waiting(maxMs: number) {
  const clock = createClock();
  const hints = new Hints(clock);
  const stop = new AbortController();
  let over = false;
  const wait = (limitMs: number) => {
    over = false;
    void hints.wait(limitMs, stop.signal).then(() => {
      over = true;
    });
  };
  const done = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return over;
  };
  wait(maxMs);
  return { clock, hints, stop, wait, done };
}

test('without notices the wait lasts its whole time', async () => {
  const { clock, done } = waiting(1000);
  clock.advance(999);
  assert.equal(await done(), false);
  clock.advance(1);
  assert.equal(await done(), true);
  assert.deepEqual(clock.pending(), []);
});

test('a notice ends the wait after its quiet time', async () => {
  const { clock, hints, done } = waiting(20_000);
  hints.note(100);
  clock.advance(99);
  assert.equal(await done(), false);
  clock.advance(1);
  assert.equal(await done(), true);
});

test('each notice of a burst begins the quiet time anew, and a short one does not cut a long one', async () => {
  const { clock, hints, done } = waiting(20_000);
  hints.note(100);
  clock.advance(90);
  hints.note(100);
  hints.note(10);
  clock.advance(99);
  assert.equal(await done(), false);
  clock.advance(1);
  assert.equal(await done(), true);
});

test('a burst without end is looked into after a second', async () => {
  const { clock, hints, done } = waiting(20_000);
  for (let passedMs = 0; passedMs < 1000; passedMs += 50) {
    hints.note(100);
    assert.equal(await done(), false);
    clock.advance(50);
  }
  assert.equal(await done(), true);
});

test('a notice between two waits counts for the next one, and only for that', async () => {
  const { clock, hints, wait, done } = waiting(0);
  assert.equal(await done(), true);
  hints.note(100);
  wait(20_000);
  clock.advance(100);
  assert.equal(await done(), true);
  wait(20_000);
  clock.advance(19_000);
  assert.equal(await done(), false);
});

test('a notice does not lengthen the wait', async () => {
  const { clock, hints, done } = waiting(50);
  hints.note(100);
  clock.advance(50);
  assert.equal(await done(), true);
});

test('stopping ends the wait at once and leaves no timer', async () => {
  const { clock, stop, done } = waiting(20_000);
  stop.abort();
  assert.equal(await done(), true);
  assert.deepEqual(clock.pending(), []);
});
