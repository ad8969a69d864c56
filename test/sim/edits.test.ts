/** A manifest that is edited again and again while other Pods run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unsettled } from './convergence.ts';
import { Desire } from './desire.ts';
import { isRunning } from './runtime-state.ts';
import { watch } from './watch.ts';
import { World } from './world.ts';

const IMAGE = 'localhost/busybox:1';
const EDITS = 500;

function manifest(name: string, revision: number): string {
  const env = [{ name: 'REVISION', value: String(revision) }];
  const containers = [
    { name: 'c', image: IMAGE, env, command: ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'] },
  ];
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 5, containers },
  });
}

test(`${EDITS} edits in a minute end in the last one; nobody else is touched, and nothing is left`, async () => {
  const violations: string[] = [];
  const world: World = new World({
    seed: 'edits',
    runtime: { jitter: false, reserveNames: true },
    onPublished: (published) => desire.heard(published),
  });
  const desire = new Desire(world.directory, () => world.clock.elapsedMs);
  watch(world, desire, (message) => violations.push(message));
  world.runtime.images.add(IMAGE);
  let started = 0;
  world.runtime.state.onFact(({ kind }) => {
    if (kind === 'container-started') started += 1;
  });
  const settle = async () => {
    await world.clock.until(() => unsettled(world, desire).length === 0, 600_000);
    assert.deepEqual(unsettled(world, desire), []);
  };
  const running = () =>
    [...world.runtime.state.containers.values()].filter(isRunning).map(({ id, config }) => ({
      id,
      pod: config.labels['io.kubernetes.pod.name'],
      value: config.envs.find(({ key }) => key === 'REVISION')?.value,
    }));

  for (const name of ['edited', 'steady']) world.directory.write(`${name}.yaml`, manifest(name, 0));
  world.startAgent();
  await settle();
  const [steady] = running().filter(({ pod }) => pod === 'steady-node');
  assert.ok(steady);

  let most = 0;
  let restarts = started;
  for (let edit = 1; edit <= EDITS; edit += 1) {
    world.directory.write('edited.yaml', manifest('edited', edit));
    await world.clock.advance(60_000 / EDITS);
    most = Math.max(most, world.runtime.state.containers.size, world.runtime.state.sandboxes.size);
  }
  await settle();
  restarts = started - restarts;

  assert.deepEqual(
    running().filter(({ pod }) => pod === 'steady-node'),
    [steady],
  );
  assert.deepEqual(
    running()
      .filter(({ pod }) => pod === 'edited-node')
      .map(({ value }) => value),
    [String(EDITS)],
  );
  // A start and a stop take longer than the time between two edits: most revisions are never started.
  assert.ok(restarts < EDITS / 2, `${restarts} starts`);
  assert.ok(most < 20, `${most} containers or sandboxes at once`);
  assert.deepEqual(violations, []);

  // The same text again is no edit.
  const before = started;
  for (let edit = 0; edit < EDITS; edit += 1) {
    world.directory.write('edited.yaml', manifest('edited', EDITS));
    await world.clock.advance(60_000 / EDITS);
  }
  await settle();
  assert.equal(started, before);
  world.killAgent();
});
