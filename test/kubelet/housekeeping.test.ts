import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Host } from '../../src/kubelet/host.ts';
import { collectOrphans } from '../../src/kubelet/housekeeping.ts';
import { Lanes } from '../../src/kubelet/lanes.ts';
import { Clock, silentLog, simEnv } from '../sim/env.ts';
import { Random } from '../sim/random.ts';

/** What one look removes. */
async function collected(pods: { name: string; uid: string }[], living: readonly string[]): Promise<string[]> {
  const clock = new Clock();
  const env = simEnv(clock, new Random('housekeeping'), silentLog);
  const removed: string[] = [];
  const host = {
    listPods: async () => pods.map((pod) => ({ namespace: 'default', ...pod })),
    removePod: async ({ uid }: { uid: string }) => {
      if (uid === 'stuck') throw new Error('busy');
      removed.push(uid);
    },
  } as unknown as Host;
  const lanes = new Lanes(env, () => {});
  collectOrphans({ env, host, lanes, living: (uid) => living.includes(uid) });
  await clock.advance(1000);
  return removed;
}

test('all that edits of one Pod left goes at one look, and what lives stays', async () => {
  const edits = Array.from({ length: 50 }, (_, index) => ({ name: 'web', uid: `web-${index}` }));
  const pods = [...edits, { name: 'db', uid: 'db-1' }, { name: 'web', uid: 'stuck' }, { name: 'web', uid: 'last' }];
  const removed = await collected(pods, ['db-1', 'web-7']);
  assert.equal(removed.length, 50);
  assert.ok(!removed.includes('db-1') && !removed.includes('web-7') && removed.includes('last'));
});
