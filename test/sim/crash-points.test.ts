/**
 * One short story (start, crash loop, edit, delete), told again and again with the agent killed at its first, second,
 * third … step, and with the first, second, third … call gone wrong in each way there is, until it ends untouched.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unsettled } from './convergence.ts';
import { Desire } from './desire.ts';
import type { Outcome } from './faults.ts';
import { watch } from './watch.ts';
import { stamp, World } from './world.ts';

const LIMIT_MS = 600_000;
const LOOP = 'while :; do sleep 0.1; done';

function manifest(name: string, scripts: readonly string[], labels: Record<string, string> = {}): string {
  const containers = scripts.map((script, index) => {
    return { name: `c${index}`, image: 'localhost/busybox:1', command: ['sh', '-c', script] };
  });
  const spec = { terminationGracePeriodSeconds: 5, containers };
  return JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels }, spec });
}

interface Story {
  world: World;
  violations: string[];
  /** Steps of the agent, or calls, so far. */
  count: number;
}

/** `touch` is called before the agent first starts, and does the damage. */
async function tell(touch: (story: Story) => void): Promise<Story> {
  const world = new World({
    seed: 'story',
    runtime: { jitter: false, reserveNames: true },
    onPublished: (published) => desire.heard(published),
  });
  const desire = new Desire(world.directory, () => world.clock.elapsedMs);
  const story: Story = { world, violations: [], count: 0 };
  const fail = (message: string) => story.violations.push(`${stamp(world.clock)} ${message}`);
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
  const polite = `trap "exit 0" TERM; ${LOOP}`;
  touch(story);
  world.directory.write('web.yaml', manifest('web', [polite, 'sleep 1; exit 1']));
  world.startAgent();
  await settle('the start');
  await world.clock.advance(15_000);
  world.directory.write('web.yaml', manifest('web', [polite, polite], { edit: 'two' }));
  await settle('the edit');
  world.directory.remove('web.yaml');
  await settle('the removal');
  world.killAgent();
  return story;
}

/** Starts the agent again a second after each death. */
function resurrect({ world }: Story): void {
  world.agent?.life.onDeath(() => {
    world.clock.after(1000, () => {
      if (!world.agent) world.startAgent();
    });
  });
}

test('whenever the agent is killed in the story, the next one brings it to the same end', async () => {
  let survived = false;
  for (let steps = 0; !survived; steps += 1) {
    const story = await tell((begun) => {
      const { world } = begun;
      const start = world.startAgent.bind(world);
      world.startAgent = () => {
        const agent = start();
        if (begun.count === 0) {
          begun.count = 1;
          agent.life.killAfter(steps);
          resurrect(begun);
        }
        return agent;
      };
    });
    survived = story.world.agents === 1;
    assert.deepEqual(story.violations, [], `killed at step ${steps}`);
    assert.ok(steps < 5000, 'the story never ends untouched');
  }
});

const FAULTS: readonly Exclude<Outcome, 'done'>[] = [
  'unavailable',
  'error-before',
  'error-after',
  'cut-short',
  'hang',
  'late-effect',
];

for (const outcome of FAULTS) {
  test(`whichever one call ends with "${outcome}", the story comes to the same end`, async () => {
    let untouched = false;
    for (let fatal = 1; !untouched; fatal += 1) {
      const story = await tell((begun) => {
        begun.world.criFaults.wish = () => {
          begun.count += 1;
          // Half-way, for what is cut short; and 5 s before the deadline for what comes late.
          return begun.count === fatal ? { outcome, atMs: outcome === 'cut-short' ? 40 : -5000 } : undefined;
        };
      });
      untouched = story.count < fatal;
      assert.deepEqual(story.violations, [], `call ${fatal}`);
      assert.ok(fatal < 5000, 'the story never ends untouched');
    }
  });
}
