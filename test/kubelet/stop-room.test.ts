import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StopRoom } from '../../src/kubelet/stop-room.ts';
import { podKey } from '../../src/kubelet/types.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';

const pod = (number: number) => podKey('default', `pod-${number}`);

function setting() {
  const clock = new Clock();
  const room = new StopRoom(simEnv(clock, new Random('r'), silentLog));
  const begin = (number: number, from: number, count: number) =>
    Array.from({ length: count }, (_, index) => room.begin(pod(number), `${number}/${from + index}`)).filter(Boolean)
      .length;
  return { clock, room, begin };
}

describe('the room for stops', () => {
  it('is ten for one Pod, and another Pod has its own', () => {
    const { begin } = setting();
    assert.deepEqual([begin(1, 0, 12), begin(2, 0, 12)], [10, 10]);
  });

  it('is fifty in all', () => {
    const { begin } = setting();
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map((number) => begin(number, 0, 10)),
      [10, 10, 10, 10, 10, 0],
    );
  });

  it('is there again when a stop has ended, or has become one that only waits', async () => {
    const { clock, room, begin } = setting();
    begin(1, 0, 4);
    await clock.advance(500);
    begin(1, 4, 6);
    assert.equal(begin(1, 10, 1), 0);
    room.ended('1/7');
    assert.equal(begin(1, 10, 2), 1);
    assert.equal(room.freeInMs(), 1500);
    await clock.advance(1500);
    assert.equal(begin(1, 11, 9), 4);
    assert.equal(room.freeInMs(), 500);
  });
});
