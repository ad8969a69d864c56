/** A Pod that is resized, with the agent killed at every step of it, and with every call gone wrong in each way. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unsettled } from './convergence.ts';
import { Desire } from './desire.ts';
import type { Outcome } from './faults.ts';
import { isRunning } from './runtime-state.ts';
import { watch } from './watch.ts';
import { stamp, World } from './world.ts';

const LIMIT_MS = 600_000;
const RESTARTS = [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }];

function manifest(cpu: string, memory: string): string {
  const container = (name: string, more: object) => ({
    ...{ name, image: 'localhost/busybox:1', command: ['httpd', '-f'] },
    ...{ resources: { requests: { cpu }, limits: { memory } }, ...more },
  });
  const spec = {
    terminationGracePeriodSeconds: 5,
    containers: [container('stays', {}), container('restarts', { resizePolicy: RESTARTS })],
  };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec });
}

/** `touch` is called when the Pod runs, right before its manifest changes. Returns what went wrong, and how much there was. */
async function tell(
  touch: (world: World, count: () => void) => void,
): Promise<{ violations: string[]; count: number }> {
  const world = new World({
    seed: 'resize',
    runtime: { jitter: false, reserveNames: true },
    onPublished: (published) => desire.heard(published),
  });
  const desire = new Desire(world.directory, () => world.clock.elapsedMs);
  const violations: string[] = [];
  const fail = (message: string) => violations.push(`${stamp(world.clock)} ${message}`);
  watch(world, desire, fail);
  world.runtime.images.add('localhost/busybox:1');
  const settle = async (chapter: string) => {
    const began = world.clock.elapsedMs;
    let problems = ['nothing was looked at'];
    while (problems.length > 0 && world.clock.elapsedMs - began < LIMIT_MS) {
      await world.clock.advance(1000);
      problems = unsettled(world, desire);
    }
    if (problems.length > 0) fail(`${chapter} does not come to rest: ${problems.join('; ')}`);
  };
  const ids = (name: string) =>
    [...world.runtime.state.containers.values()]
      .filter((container) => container.config.metadata.name === name && isRunning(container))
      .map(({ id }) => id);
  world.directory.write('web.yaml', manifest('1', '64Mi'));
  world.startAgent();
  await settle('the start');
  const before = ids('stays');
  let count = 0;
  touch(world, () => {
    count += 1;
  });
  world.directory.write('web.yaml', manifest('500m', '128Mi'));
  await settle('more memory and less cpu');
  world.directory.write('web.yaml', manifest('2', '32Mi'));
  await settle('less memory and more cpu');
  if (ids('stays').join() !== before.join()) fail(`it was ${before} and is ${ids('stays')}`);
  const told = { violations, count };
  world.killAgent();
  return told;
}

test('whenever the agent is killed, the next one brings the Pod to its amounts', async () => {
  let survived = false;
  for (let steps = 0; !survived; steps += 1) {
    const { violations, count } = await tell((world, died) => {
      const { agent } = world;
      agent?.life.onDeath(() => {
        died();
        world.clock.after(1000, () => {
          if (!world.agent) world.startAgent();
        });
      });
      agent?.life.killAfter(steps);
    });
    assert.deepEqual(violations, [], `killed at step ${steps}`);
    survived = count === 0;
    assert.ok(steps < 5000, 'the story never ends untouched');
  }
});

const FAULTS: readonly Exclude<Outcome, 'done'>[] = ['unavailable', 'error-before', 'error-after', 'late-effect'];

for (const outcome of FAULTS)
  test(`whichever one call ends with "${outcome}", the Pod comes to its amounts`, async () => {
    let untouched = false;
    for (let fatal = 1; !untouched; fatal += 1) {
      const { violations, count } = await tell((world, called) => {
        let calls = 0;
        world.criFaults.wish = () => {
          calls += 1;
          called();
          return calls === fatal ? { outcome, atMs: -5000 } : undefined;
        };
      });
      assert.deepEqual(violations, [], `call ${fatal}`);
      untouched = count < fatal;
      assert.ok(fatal < 5000, 'the story never ends untouched');
    }
  });
