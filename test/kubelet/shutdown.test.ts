import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observed } from '../../src/kubelet/observed.ts';
import type { Resolved } from '../../src/kubelet/plan/resolve.ts';
import { shutdownGroups } from '../../src/kubelet/plan/shutdown.ts';
import { NodeShutdown, type ShutdownMemory } from '../../src/kubelet/shutdown.ts';
import type { Slot } from '../../src/kubelet/slot.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';
import { instance, KEY, observed, revision, sandbox } from './build.ts';

const WEB = revision();
const RESOLVED: Resolved = {
  slots: new Map([[KEY, { state: 'want', key: KEY, revision: WEB }]]),
  order: [KEY],
  problems: [],
};
const seen = (running: boolean): Observed => ({
  generation: 1,
  pods: new Map([
    [KEY, running ? observed([sandbox(WEB)], [instance(WEB)]) : observed([sandbox(WEB, { state: 'notready' })], [])],
  ]),
});

const SETTINGS = {
  shutdownGracePeriodMs: 60_000,
  shutdownGracePeriodCriticalPodsMs: 20_000,
  shutdownGracePeriodByPodPriority: [],
};

function shutting(memory?: ShutdownMemory) {
  const clock = new Clock();
  const state = { pokes: 0, ended: 0 };
  const shutdown = new NodeShutdown(
    simEnv(clock, new Random('s'), silentLog),
    shutdownGroups(SETTINGS),
    () => {
      state.pokes += 1;
    },
    memory,
  );
  return { clock, state, shutdown, begin: () => void shutdown.begin().then(() => (state.ended += 1)) };
}

describe('a shutdown of the machine', () => {
  it('concerns nobody before it begins', () => {
    const { shutdown } = shutting();
    shutdown.observe(RESOLVED, seen(true), () => true);
    assert.equal(shutdown.of(WEB.pod), undefined);
  });

  it('may go on once every Pod has ended', async () => {
    const { shutdown, clock, state, begin } = shutting();
    begin();
    assert.equal(state.pokes, 1);
    shutdown.observe(RESOLVED, seen(true), () => true);
    await clock.settle();
    assert.deepEqual([shutdown.of(WEB.pod)?.stop, state.ended], [true, 0]);
    shutdown.observe(RESOLVED, seen(false), () => true);
    await clock.settle();
    assert.equal(state.ended, 1);
  });

  it('waits for the network to go too, for what no listing shows yet, and for what leaves, but not for what is held', async () => {
    const { shutdown, clock, state, begin } = shutting();
    const resolved = (slot: Slot): Resolved => ({ ...RESOLVED, slots: new Map([[KEY, slot]]) });
    const standing: Observed = { generation: 1, pods: new Map([[KEY, observed([sandbox(WEB)], [])]]) };
    const ended = async () => {
      await clock.settle();
      return state.ended;
    };
    begin();
    shutdown.observe(RESOLVED, standing, () => true);
    assert.equal(await ended(), 0);
    shutdown.observe(RESOLVED, seen(false), () => false);
    assert.equal(await ended(), 0);
    shutdown.observe(resolved({ state: 'drop', key: KEY }), seen(true), () => true);
    assert.equal(await ended(), 0);
    shutdown.observe(resolved({ state: 'hold', key: KEY, why: 'unknown' }), seen(true), () => true);
    assert.equal(await ended(), 1);
  });

  it('asks for a round when the time of a group is over, and may go on after the last one', async () => {
    const { shutdown, clock, state, begin } = shutting();
    begin();
    for (const elapsedMs of [40_000, 60_000]) {
      const { pokes } = state;
      await clock.advance(elapsedMs - clock.elapsedMs);
      assert.equal(state.pokes, pokes + 1);
      shutdown.observe(RESOLVED, seen(true), () => true);
    }
    await clock.settle();
    assert.equal(state.ended, 1);
  });

  it('that is called off concerns nobody any more', async () => {
    const { shutdown, clock, state, begin } = shutting();
    begin();
    shutdown.cancel();
    await clock.settle();
    assert.deepEqual([shutdown.of(WEB.pod), state.ended, state.pokes], [undefined, 1, 2]);
    await clock.advance(100_000);
    assert.equal(state.pokes, 2);
  });

  it('remembers what it stops, lets go when that is written down, and forgets what is gone', async () => {
    const written: string[][] = [];
    let settle = () => {};
    const { shutdown, clock, state, begin } = shutting({
      stopped: new Map([['gone', new Set(['c1'])]]),
      keep(stopped) {
        written.push([...stopped].map(([uid, ids]) => `${uid} ${[...ids]}`));
        return new Promise((resolve) => {
          settle = resolve;
        });
      },
    });
    begin();
    shutdown.observe(RESOLVED, seen(true), () => true);
    const before = shutdown.stopped('u1');
    shutdown.observe(RESOLVED, seen(true), () => true);
    assert.equal(shutdown.stopped('u1'), before);
    assert.deepEqual(written, [['u1 main.u1.0']]);
    shutdown.observe(RESOLVED, seen(false), () => true);
    await clock.settle();
    assert.equal(state.ended, 0);
    settle();
    await clock.settle();
    assert.equal(state.ended, 1);
    assert.equal(shutdown.stopped('gone'), undefined);
  });

  it('that is told twice may go on at once when it was through', async () => {
    const { shutdown, clock, state, begin } = shutting();
    begin();
    shutdown.observe(RESOLVED, seen(false), () => true);
    begin();
    await clock.settle();
    assert.equal(state.ended, 2);
  });
});
