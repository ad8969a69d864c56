import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Verdict } from '../../src/kubelet/verdict.ts';
import { Verdicts } from '../../src/probes/verdicts.ts';
import { Clock, simEnv, textLog } from '../sim/env.ts';
import { Random } from '../sim/random.ts';

const READY: Verdict = { started: true, ready: true, readySinceMs: 1 };
const UNREADY: Verdict = { started: true, ready: false, readySinceMs: 2 };
const MINUTE_MS = 60_000;

/** An owner on a virtual clock; a write takes 2 ms and may be made to fail. */
function setting(known = new Map<string, Verdict>()) {
  const clock = new Clock();
  const log: string[] = [];
  const writes: { atMs: number; verdicts: ReadonlyMap<string, Verdict> }[] = [];
  const disk = { fails: false };
  const mirror = {
    write: async (verdicts: ReadonlyMap<string, Verdict>) => {
      await clock.sleep(2);
      if (disk.fails) throw new Error('no space left');
      writes.push({ atMs: clock.elapsedMs, verdicts });
    },
  };
  const verdicts = new Verdicts({
    env: simEnv(
      clock,
      new Random('verdicts'),
      textLog((line) => log.push(line)),
    ),
    mirror,
    known,
  });
  const pokes: number[] = [];
  const stop = new AbortController();
  const running = verdicts.run(() => pokes.push(clock.elapsedMs), stop.signal);
  return { clock, verdicts, writes, pokes, disk, log, stop, running };
}

describe('Verdicts', () => {
  it('shows what a former agent left', () => {
    assert.deepEqual(
      setting(new Map([['a', READY]]))
        .verdicts.current()
        .get('a'),
      READY,
    );
  });

  it('shows a verdict only once it is written down, and then pokes', async () => {
    const { clock, verdicts, writes, pokes } = setting();
    verdicts.set('a', READY);
    assert.equal(verdicts.get('a'), READY);
    await clock.advance(1);
    assert.equal(verdicts.current().get('a'), undefined);
    await clock.advance(1);
    assert.equal(verdicts.current().get('a'), READY);
    assert.deepEqual(
      writes.map(({ verdicts }) => [...verdicts]),
      [[['a', READY]]],
    );
    assert.deepEqual(pokes, [2]);
  });

  it('gathers what changes in quick succession, and loses nothing of it', async () => {
    const { clock, verdicts, writes } = setting();
    for (let index = 0; index < 100; index += 1) {
      verdicts.set(`c${index}`, index % 2 ? READY : UNREADY);
      await clock.advance(1);
    }
    await clock.advance(100);
    assert.equal(verdicts.current().size, 100);
    assert.equal(writes.length, 3);
  });

  it('keeps the same map as long as nothing changes', async () => {
    const { clock, verdicts } = setting(new Map([['a', READY]]));
    const before = verdicts.current();
    verdicts.retain(new Set(['a']));
    await clock.advance(MINUTE_MS);
    assert.equal(verdicts.current(), before);
  });

  it('goes on without a mirror, and says so once', async () => {
    const { clock, verdicts, disk, log } = setting();
    disk.fails = true;
    verdicts.set('a', READY);
    await clock.advance(100);
    verdicts.set('b', READY);
    await clock.advance(100);
    assert.deepEqual([...verdicts.current().keys()], ['a', 'b']);
    assert.equal(log.length, 1);
    assert.match(log[0] ?? '', /cannot be written down/);
  });

  it('writes down what could not be, without another change, once that is possible', async () => {
    const { clock, verdicts, disk, writes } = setting();
    disk.fails = true;
    verdicts.set('a', READY);
    await clock.advance(MINUTE_MS);
    disk.fails = false;
    await clock.advance(MINUTE_MS);
    assert.deepEqual(
      writes.map(({ verdicts }) => [...verdicts]),
      [[['a', READY]]],
    );
  });

  it('keeps the verdict on a container that is missing from listings for a while, and forgets it later', async () => {
    const { clock, verdicts } = setting(new Map([['a', READY]]));
    verdicts.retain(new Set());
    await clock.advance(9 * MINUTE_MS);
    verdicts.retain(new Set(['a']));
    verdicts.retain(new Set());
    await clock.advance(9 * MINUTE_MS);
    verdicts.retain(new Set());
    assert.equal(verdicts.get('a'), READY);
    await clock.advance(2 * MINUTE_MS);
    verdicts.retain(new Set());
    await clock.advance(MINUTE_MS);
    assert.equal(verdicts.current().size, 0);
  });

  it('holds no more than it may, whatever comes and goes', () => {
    const { verdicts } = setting();
    for (let index = 0; index < 5000; index += 1) {
      verdicts.set(`c${index}`, READY);
      verdicts.retain(new Set([`c${index}`]));
    }
    const kept = Array.from({ length: 5000 }, (_, index) => verdicts.get(`c${index}`)).filter(Boolean);
    assert.equal(kept.length, 4000);
    assert.equal(verdicts.get('c4999'), READY);
  });

  it('ends when it is told to', async () => {
    const { clock, stop, running } = setting();
    await clock.settle();
    stop.abort();
    await running;
  });
});
