import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Desire } from './desire.ts';
import { GROUPS } from './stories.ts';
import { watch } from './watch.ts';
import { CALM, World } from './world.ts';

/** A Pod is started with a disk that takes up to 3 s for each thing; `atMs` later the machine goes down. */
async function goDown(atMs: number): Promise<{ violations: string[]; started: number }> {
  const violations: string[] = [];
  const world = new World({
    seed: 'slow disk',
    runtime: { jitter: false, reserveNames: true },
    onPublished: (published) => desire.heard(published),
    onCall: (call, target) => shutdown.called(call, target),
    shutdownGroups: GROUPS,
  });
  const desire = new Desire(world.directory, () => world.clock.elapsedMs);
  const { shutdown } = watch(world, desire, (message) => violations.push(message), GROUPS);
  let started = 0;
  world.runtime.state.onFact(({ kind }) => {
    if (kind === 'container-started') started += 1;
  });
  world.setFaults({ ...CALM, host: { fails: 0, slow: 1 } });
  world.runtime.images.add('localhost/busybox:1');
  const containers = [{ name: 'c', image: 'localhost/busybox:1', command: ['httpd', '-f'] }];
  const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec: { containers } };
  world.directory.write('web.yaml', JSON.stringify(manifest));
  world.startAgent();
  await world.clock.advance(atMs);
  world.power.prepare(true);
  await world.clock.advance(60_000);
  world.killAgent();
  return { violations, started };
}

test('whenever the machine goes down, nothing more is made of what a slow disk holds up', async () => {
  const started: number[] = [];
  for (let atMs = 250; atMs <= 15_000; atMs += 250) {
    const told = await goDown(atMs);
    assert.deepEqual(told.violations, [], `after ${atMs} ms`);
    started.push(told.started);
  }
  assert.deepEqual([started[0], started.at(-1)], [0, 1], 'from before the start until after it');
});
