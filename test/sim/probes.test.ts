/**
 * Targets that come and go, answer late or not at all, a runtime that fails and an agent that is killed again and again:
 * nothing is stopped and no Pod turns unready but for what its own probes said, often enough, to one agent.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Published } from '../../src/kubelet/published.ts';
import type { Answer, Attempt } from '../../src/probes/types.ts';
import { NO_FAULTS } from './faults.ts';
import { Random } from './random.ts';
import type { ContainerEntry } from './runtime-state.ts';
import { CALM, stamp, World } from './world.ts';

const SEEDS = 12;
const STORM_MS = 20 * 60_000;
const SETTLE_MS = 10 * 60_000;
const TYPES = ['startup', 'readiness', 'liveness'] as const;
const POLITE = 'trap "exit 0" TERM; while :; do sleep 0.1; done';
const IMAGE = 'localhost/busybox:1';

type Type = (typeof TYPES)[number];
interface Rule {
  periodSeconds: number;
  timeoutSeconds: number;
  initialDelaySeconds: number;
  successThreshold: number;
  failureThreshold: number;
}
type Rules = Partial<Record<Type, Rule>>;
/** What one agent was told by one probe of one container. */
interface Result {
  readonly agent: number;
  readonly well: boolean;
}
interface Shown {
  readonly ready: boolean;
  readonly started: boolean;
  /** Results of the readiness probe before it was shown. */
  readonly results: number;
}

function drawRules(random: Random): Rules {
  const rules: Rules = {};
  for (const type of TYPES) {
    if (random.chance(0.35)) continue;
    rules[type] = {
      periodSeconds: random.between(1, 10),
      timeoutSeconds: random.between(1, 3),
      initialDelaySeconds: random.pick([0, 0, random.between(1, 20)]),
      successThreshold: type === 'readiness' ? random.between(1, 3) : 1,
      failureThreshold: type === 'startup' ? random.between(3, 30) : random.between(1, 4),
    };
  }
  return rules;
}

function manifest(name: string, containers: ReadonlyMap<string, Rules>): string {
  const list = [...containers].map(([container, rules]) => ({
    name: container,
    image: IMAGE,
    command: ['sh', '-c', POLITE],
    ...Object.fromEntries(
      Object.entries(rules).map(([type, numbers]) => [`${type}Probe`, { tcpSocket: { port: 80 }, ...numbers }]),
    ),
  }));
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: { terminationGracePeriodSeconds: 2, containers: list },
  });
}

/** Did one agent hear `count` failures (or successes) in a row, the last of them after the first `after` results? */
function heard(results: readonly Result[], well: boolean, count: number, after = 0): boolean {
  return results.some((_, index) => {
    const run = results.slice(Math.max(0, index + 1 - count), index + 1);
    return (
      index >= after && run.length === count && run.every((each) => each.well === well && each.agent === run[0]?.agent)
    );
  });
}

class Story {
  readonly random: Random;
  readonly world: World;
  readonly violations: string[] = [];
  /** By container name: names are unique in the whole story. */
  readonly rules = new Map<string, Rules>();
  readonly #results = new Map<string, Result[]>();
  readonly #moods = new Map<string, { well: boolean; untilMs: number; random: Random }>();
  readonly #shown = new Map<string, Shown>();
  mended = false;
  stops = 0;
  flips = 0;

  constructor(seed: string) {
    this.random = new Random(`probes/${seed}`);
    this.world = new World({
      seed,
      runtime: { jitter: true, reserveNames: true },
      probe: (attempt) => this.#answer(attempt),
      onPublished: (published) => this.#look(published),
    });
    this.world.runtime.images.add(IMAGE);
    this.world.runtime.state.onFact((fact) => {
      if (fact.kind === 'container-signalled' && fact.signal === 'TERM') this.#stopped(fact.container);
    });
  }

  fail(message: string): void {
    this.violations.push(`${stamp(this.world.clock)} ${message}`);
  }

  results(id: string, type: Type): Result[] {
    const key = `${id}/${type}`;
    const known = this.#results.get(key) ?? [];
    this.#results.set(key, known);
    return known;
  }

  /** Each probe of each container has its moods. */
  #isWell(id: string, type: Type): boolean {
    if (this.mended) return true;
    const now = this.world.clock.elapsedMs;
    const key = `${id}/${type}`;
    const mood = this.#moods.get(key) ?? { well: false, untilMs: 0, random: this.random.child(key) };
    this.#moods.set(key, mood);
    while (mood.untilMs <= now) {
      mood.well = !mood.well;
      mood.untilMs += mood.random.between(1, mood.well ? 120_000 : 15_000);
    }
    return mood.well;
  }

  /** How long it takes; often nothing, now and then for ever. */
  #takesMs(): number {
    if (this.mended) return 5;
    return this.random.chance(0.05) ? 3_600_000 : this.random.between(0, this.random.chance(0.2) ? 3000 : 50);
  }

  async #answer({ target, probe, timeoutMs }: Attempt): Promise<Answer> {
    const type = TYPES.find((each) => target.container[`${each}Probe`] === probe) ?? 'liveness';
    const agent = this.world.agents;
    const well = this.#isWell(target.containerId, type);
    if (!this.mended && this.random.chance(0.05)) return { result: 'error', as: 'unknown', output: 'nobody knows' };
    const takesMs = this.#takesMs();
    await this.world.clock.sleep(Math.min(takesMs, timeoutMs));
    const result = well && takesMs <= timeoutMs;
    // Nobody hears an answer that the agent did not live to see.
    if (this.world.agent?.number === agent) this.results(target.containerId, type).push({ agent, well: result });
    return { result: result ? 'success' : 'failure', output: '' };
  }

  #stopped({ id, config }: ContainerEntry): void {
    this.stops += 1;
    const rules = this.rules.get(config.metadata.name) ?? {};
    const reason = (['liveness', 'startup'] as const).find((type) => {
      const rule = rules[type];
      return rule && heard(this.results(id, type), false, rule.failureThreshold);
    });
    if (!reason) this.fail(`${id} (${config.metadata.name}) is stopped without a reason`);
  }

  #look({ pods }: Published): void {
    for (const { name, containerID = '', state, ready, started = false } of pods.flatMap(
      ({ pod }) => pod.status?.containerStatuses ?? [],
    )) {
      if (!state?.running) continue;
      const id = containerID.replace('containerd://', '');
      const rule = this.rules.get(name)?.readiness;
      const results = this.results(id, 'readiness');
      const before = this.#shown.get(id) ?? { ready: false, started: false, results: 0 };
      if (before.started && !started) this.fail(`${id} had started, and now has not`);
      if (before.ready !== ready) {
        this.flips += 1;
        const needed = ready ? rule?.successThreshold : rule?.failureThreshold;
        if (needed !== undefined && !heard(results, ready, needed, before.ready ? before.results : 0)) {
          this.fail(`${id} (${name}) turns ${ready ? 'ready' : 'unready'} without a reason`);
        }
        if (needed === undefined && !ready) this.fail(`${id} (${name}) turns unready and has no probe for it`);
      }
      if (before.ready !== ready || before.started !== started)
        this.#shown.set(id, { ready, started, results: results.length });
    }
  }

  async tell(): Promise<void> {
    const { world, random } = this;
    for (let pod = 0; pod < random.between(1, 4); pod += 1) {
      const containers = new Map(
        Array.from({ length: random.between(1, 3) }, (_, index) => [`p${pod}-c${index}`, drawRules(random)]),
      );
      for (const [name, rules] of containers) this.rules.set(name, rules);
      world.directory.write(`p${pod}.yaml`, manifest(`p${pod}`, containers));
    }
    const some = (most: number) => (random.chance(0.5) ? most * random.next() : 0);
    world.setFaults({
      ...CALM,
      cri: {
        ...NO_FAULTS,
        unavailable: some(0.2),
        errorBefore: some(0.2),
        errorAfter: some(0.2),
        staleList: some(0.5),
      },
      stream: { ...CALM.stream, loss: some(1), delayMs: random.between(0, 2000) },
    });
    world.startAgent();
    while (world.clock.elapsedMs < STORM_MS) {
      await world.clock.advance(random.between(1, 90_000));
      if (random.chance(0.5)) world.agent?.life.killAfter(random.between(0, 50));
      await world.clock.advance(random.between(1, 3000));
      if (!world.agent) world.startAgent();
    }
    this.mended = true;
    world.setFaults(CALM);
    // One that is not marked for death.
    world.killAgent();
    world.startAgent();
    const settled = await world.clock.until(() => this.#unready().length === 0, SETTLE_MS);
    if (!settled) this.fail(`not ready after all is well: ${this.#unready()}`);
    world.killAgent();
  }

  #unready(): string[] {
    const pods = this.world.agent?.kubelet.published().pods ?? [];
    const shown = new Set(
      pods
        .flatMap(({ pod }) => (pod.status?.containerStatuses ?? []).filter((each) => each.ready && each.started))
        .map(({ name }) => name),
    );
    return [...this.rules.keys()].filter((name) => !shown.has(name));
  }
}

test('probes stop and turn nothing without a reason, over any trouble', async (t) => {
  const first = Math.floor(Math.random() * 1e9);
  let stops = 0;
  let flips = 0;
  for (let seed = first; seed < first + SEEDS; seed += 1) {
    const story = new Story(String(seed));
    await story.tell();
    stops += story.stops;
    flips += story.flips;
    assert.deepEqual(story.violations, [], `seed ${seed}`);
  }
  t.diagnostic(`${SEEDS} stories: ${stops} containers stopped, ${flips} turns of readiness`);
  assert.ok(stops > 0 && flips > 0, 'the stories were too quiet');
});
