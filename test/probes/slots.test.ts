import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Slots } from '../../src/probes/slots.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';

function setting(limit: number, leaseMs: number) {
  const clock = new Clock();
  const slots = new Slots(simEnv(clock, new Random('slots'), silentLog), { limit, leaseMs });
  const begun: string[] = [];
  const begin = (name: string, takesMs: number) =>
    slots.run(async () => {
      begun.push(`${name}@${clock.elapsedMs}`);
      if (takesMs === Infinity) return new Promise<never>(() => {});
      await clock.sleep(takesMs);
      return name;
    });
  return { clock, slots, begun, begin };
}

describe('Slots', () => {
  it('begins in order of arrival, no more at once than the limit', async () => {
    const { clock, begun, begin } = setting(2, 1000);
    for (const name of ['a', 'b', 'c', 'd', 'e']) void begin(name, 10);
    await clock.advance(100);
    assert.deepEqual(begun, ['a@0', 'b@0', 'c@10', 'd@10', 'e@20']);
  });

  it('is not held up by what hangs for ever', async () => {
    const { clock, begun, begin } = setting(1, 250);
    void begin('hangs', Infinity);
    void begin('hangs too', Infinity);
    const last = begin('last', 5);
    await clock.advance(600);
    assert.deepEqual(begun, ['hangs@0', 'hangs too@250', 'last@500']);
    assert.equal(await last, 'last');
  });

  it('hands on how the work ended', async () => {
    const { slots } = setting(1, 250);
    await assert.rejects(
      slots.run(async () => {
        throw new Error('no');
      }),
      /no/,
    );
    assert.equal(await slots.run(async () => 'yes'), 'yes');
  });
});
