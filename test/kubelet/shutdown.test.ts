import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observed } from '../../src/kubelet/observed.ts';
import type { Resolved } from '../../src/kubelet/plan/resolve.ts';
import { shutdownGroups } from '../../src/kubelet/plan/shutdown.ts';
import { NodeShutdown } from '../../src/kubelet/shutdown.ts';
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
  pods: new Map([[KEY, observed([sandbox(WEB)], running ? [instance(WEB)] : [])]]),
});

function shutting() {
  const clock = new Clock();
  const state = { pokes: 0, ended: 0 };
  const shutdown = new NodeShutdown(simEnv(clock, new Random('s'), silentLog), shutdownGroups(60_000, 20_000), () => {
    state.pokes += 1;
  });
  return { clock, state, shutdown, begin: () => void shutdown.begin().then(() => (state.ended += 1)) };
}

describe('a shutdown of the machine', () => {
  it('concerns nobody before it begins', () => {
    const { shutdown } = shutting();
    shutdown.observe(RESOLVED, seen(true));
    assert.equal(shutdown.of(WEB.pod), undefined);
  });

  it('may go on once every Pod has ended', async () => {
    const { shutdown, clock, state, begin } = shutting();
    begin();
    assert.equal(state.pokes, 1);
    shutdown.observe(RESOLVED, seen(true));
    await clock.settle();
    assert.deepEqual([shutdown.of(WEB.pod)?.stop, state.ended], [true, 0]);
    shutdown.observe(RESOLVED, seen(false));
    await clock.settle();
    assert.equal(state.ended, 1);
  });

  it('asks for a round when the time of a group is over, and may go on after the last one', async () => {
    const { shutdown, clock, state, begin } = shutting();
    begin();
    for (const elapsedMs of [40_000, 60_000]) {
      const { pokes } = state;
      await clock.advance(elapsedMs - clock.elapsedMs);
      assert.equal(state.pokes, pokes + 1);
      shutdown.observe(RESOLVED, seen(true));
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

  it('that is told twice may go on at once when it was through', async () => {
    const { shutdown, clock, state, begin } = shutting();
    begin();
    shutdown.observe(RESOLVED, seen(false));
    begin();
    await clock.settle();
    assert.equal(state.ended, 2);
  });
});
