import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapLimited, together } from '../../src/kubelet/limits.ts';

const ticks = async (count: number) => {
  for (let tick = 0; tick < count; tick += 1) await undefined;
};

test('no more than the limit are worked on at once, in order, and all of them are', async () => {
  let running = 0;
  let most = 0;
  const begun: number[] = [];
  await mapLimited([5, 1, 3, 2, 4], 2, async (count) => {
    begun.push(count);
    running += 1;
    most = Math.max(most, running);
    await ticks(count);
    running -= 1;
  });
  assert.deepEqual(begun, [5, 1, 3, 2, 4]);
  assert.equal(most, 2);
});

test('after an error no further work begins, and what has begun ends first', async () => {
  const ended: string[] = [];
  const work = async (name: string) => {
    await ticks(name === 'slow' ? 20 : 1);
    if (name === 'bad') throw new Error('bad');
    ended.push(name);
  };
  await assert.rejects(mapLimited(['slow', 'bad', 'never'], 2, work), /bad/);
  assert.deepEqual(ended, ['slow']);
});

test('together gives all results, or the first error in order after everything has ended', async () => {
  assert.deepEqual(await together([Promise.resolve(1), Promise.resolve('two')]), [1, 'two']);
  let ended = false;
  const slow = async () => {
    await ticks(20);
    ended = true;
    throw new Error('slow');
  };
  const quick = async () => {
    throw new Error('quick');
  };
  await assert.rejects(together([slow(), quick()]), /slow/);
  assert.equal(ended, true);
});
