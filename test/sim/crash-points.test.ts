/**
 * Each story is told again and again with the agent killed at its first, second, third … step, and with the first,
 * second, third … call gone wrong, until it ends untouched: the first story in each way there is, the others with the
 * ways taking turns, from another one on each day.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { unsettled } from './convergence.ts';
import { Desire } from './desire.ts';
import type { Outcome } from './faults.ts';
import { GROUPS, STORIES, type Teller } from './stories.ts';
import { watch } from './watch.ts';
import { stamp, World } from './world.ts';

const LIMIT_MS = 600_000;

interface Story {
  world: World;
  violations: string[];
  /** Steps of the agent, or calls, so far. */
  count: number;
}

/** `touch` is called before the agent first starts, and does the damage. */
async function tell(name: string, touch: (story: Story) => void): Promise<Story> {
  const world = new World({
    seed: 'story',
    runtime: { jitter: false, reserveNames: true },
    onPublished: (published) => desire.heard(published),
    onCall: (call, target) => shutdown.called(call, target),
    probe: async () => ({ result: 'success', output: '' }),
    shutdownGroups: GROUPS,
  });
  const desire = new Desire(world.directory, () => world.clock.elapsedMs);
  const story: Story = { world, violations: [], count: 0 };
  const fail = (message: string) => story.violations.push(`${stamp(world.clock)} ${message}`);
  const { shutdown } = watch(world, desire, fail, GROUPS);
  world.runtime.images.add('localhost/busybox:1');
  const teller: Teller = {
    world,
    write: (pod, spec) => {
      const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod }, spec };
      world.directory.write(`${pod}.yaml`, JSON.stringify(manifest));
    },
    remove: (pod) => world.directory.remove(`${pod}.yaml`),
    pass: (ms) => world.clock.advance(ms),
    settle: async (chapter) => {
      const began = world.clock.elapsedMs;
      let problems = ['nothing was looked at'];
      while (problems.length > 0 && world.clock.elapsedMs - began < LIMIT_MS) {
        await world.clock.advance(1000);
        problems = unsettled(world, desire);
      }
      if (problems.length > 0) fail(`${chapter} does not come to rest: ${problems.join('; ')}`);
    },
  };
  touch(story);
  world.startAgent();
  await STORIES[name]?.(teller);
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

type Fault = Exclude<Outcome, 'done'>;

const FAULTS: readonly Fault[] = ['unavailable', 'error-before', 'error-after', 'cut-short', 'hang', 'late-effect'];

const [first] = Object.keys(STORIES);
const TODAY = Math.floor(Date.now() / 86_400_000);

for (const name of Object.keys(STORIES)) {
  describe(name, () => {
    test('comes to the same end whenever the agent is killed in it', async () => {
      let survived = false;
      for (let steps = 0; !survived; steps += 1) {
        const story = await tell(name, (begun) => {
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

    const turns = Array.from({ length: FAULTS.length }, (_, index) => FAULTS[(TODAY + index) % FAULTS.length] as Fault);
    for (const outcomes of name === first ? FAULTS.map((outcome) => [outcome]) : [turns]) {
      test(`comes to the same end whichever one call goes wrong: ${outcomes.join(', ')}`, async () => {
        let untouched = false;
        for (let fatal = 1; !untouched; fatal += 1) {
          const story = await tell(name, (begun) => {
            begun.world.criFaults.wish = () => {
              begun.count += 1;
              const outcome = outcomes[fatal % outcomes.length] as Fault;
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
  });
}
