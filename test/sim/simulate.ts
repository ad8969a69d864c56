/**
 * One seed: a machine, Pods that come, change, break and go, a mix of faults, an agent that is killed again and again;
 * storms in which everything may go wrong and calms in which everything must come right.
 */
import { mayLackRoom } from './amounts.ts';
import { contradictions, isRejected, unsettled } from './convergence.ts';
import { Desire } from './desire.ts';
import { Disturbances } from './disturbances.ts';
import type { Plan } from './plan.ts';
import { drawPlan } from './plan.ts';
import { Random } from './random.ts';
import { Rest } from './rest.ts';
import { watch } from './watch.ts';
import { CALM, stamp, World } from './world.ts';

const MINUTE_MS = 60_000;
const TICK_MS = 5_000;
/** The longest of: a call that hangs, a grace period, two steps of back-off. */
const SETTLE_LIMIT_MS = 20 * MINUTE_MS;
const CALLS_PER_MINUTE = 400;
const CALLS_PER_MINUTE_AND_POD = 200;
const LONGEST_READ_MS = 60_000;
/** Calls that change nothing. */
const READING = /^(List|Version|Status|RuntimeConfig|ImageStatus|ImageFsInfo|ExecSync)|Status$/;

export interface SimulationOptions {
  seed: string;
  /** Virtual days; drawn when absent. */
  days?: number;
  trace?: (line: string) => void;
}

export interface SimulationResult {
  seed: string;
  /** Empty: all is well. The first one stops the simulation. */
  violations: string[];
  virtualMs: number;
  /** Calls by name. */
  calls: Record<string, number>;
  agents: number;
  plan: Plan;
}

/** Thrown to end a simulation at its first violation. */
class Stop extends Error {}

export async function simulate(options: SimulationOptions): Promise<SimulationResult> {
  const plan = drawPlan(new Random(options.seed).child('plan'), options.days);
  const calls: Record<string, number> = {};
  let callsThisMinute = 0;
  const violations: string[] = [];
  const world = new World({
    seed: options.seed,
    runtime: { jitter: true, reserveNames: plan.reserveNames, tellsEnds: plan.tellsEnds },
    ...(options.trace && { trace: options.trace }),
    onCall: (call, target) => {
      calls[call] = (calls[call] ?? 0) + 1;
      callsThisMinute += 1;
      if (!READING.test(call)) rest.called(call, target);
      shutdown.called(call, target);
      backOff.called(call, target);
    },
    onPublished: (published) => desire.heard(published),
    probe: async () => ({ result: 'success', output: '' }),
    shutdownGroups: plan.shutdownGroups,
  });
  const { clock } = world;
  const fail = (message: string) => {
    world.trace(`VIOLATION ${message}`);
    violations.push(`${stamp(clock)} ${message}`);
  };
  const rest = new Rest(world, fail);
  const desire = new Desire(world.directory, () => clock.elapsedMs);
  const { backOff, shutdown } = watch(world, desire, fail, plan.shutdownGroups);
  if (options.trace) world.runtime.state.onFact((fact) => world.trace(`   ${describe(fact)}`));

  const disturbances = new Disturbances(world, plan, () => backOff.jumped());
  const onRejection = (error: unknown) =>
    fail(`unhandled rejection: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', onRejection);
  let minuteMs = 0;

  /** Lets time pass, looking around every few seconds. */
  async function pass(durationMs: number, look: () => void): Promise<void> {
    const untilMs = clock.elapsedMs + durationMs;
    while (clock.elapsedMs < untilMs) {
      await clock.advance(Math.min(TICK_MS, untilMs - clock.elapsedMs));
      if (world.agent?.ended !== undefined) fail(`agent #${world.agent.number} ended: ${world.agent.ended}`);
      if (clock.elapsedMs - minuteMs >= MINUTE_MS) {
        const limit = CALLS_PER_MINUTE + CALLS_PER_MINUTE_AND_POD * plan.pods;
        if (callsThisMinute > limit) fail(`${callsThisMinute} calls in one minute`);
        callsThisMinute = 0;
        minuteMs = clock.elapsedMs;
      }
      look();
      if (violations.length > 0) throw new Stop();
    }
  }

  async function settle(): Promise<void> {
    const sinceMs = clock.elapsedMs;
    let problems = ['nothing was looked at'];
    while (problems.length > 0 && clock.elapsedMs - sinceMs < SETTLE_LIMIT_MS) {
      await pass(TICK_MS, () => {
        problems = unsettled(world, desire);
      });
    }
    if (problems.length > 0) {
      for (const { revision } of desire.wishes.values()) world.trace(`wanted ${JSON.stringify(revision.pod.spec)}`);
      fail(`not settled ${SETTLE_LIMIT_MS / MINUTE_MS} minutes after the last fault: ${problems.join('; ')}`);
      throw new Stop();
    }
    world.trace(`settled after ${clock.elapsedMs - sinceMs} ms`);
  }

  try {
    await disturbances.begin();
    const endMs = plan.days * 24 * 60 * MINUTE_MS;
    for (;;) {
      world.trace('storm');
      world.setFaults(plan.faults);
      disturbances.start();
      await pass(plan.stormMs(), () => {});
      disturbances.stop();
      const stormEndMs = clock.elapsedMs;
      const last = clock.elapsedMs >= endMs;
      world.trace(last ? 'everything is mended' : 'calm');
      world.setFaults(CALM);
      await disturbances.heal(last);
      await settle();
      const calmSinceMs = clock.elapsedMs;
      await pass(plan.calmMs(), () => {
        rest.look(
          [...desire.wishes.values()].map(({ revision }) => revision.pod),
          desire.uncertain,
        );
        backOff.overdue(calmSinceMs, (key) => mayRun(key));
        // A call that hung in the storm may hold the agent up for as long as its deadline.
        const quietSinceMs = (key: string) => Math.max(rest.quietSinceMs(key), stormEndMs + LONGEST_READ_MS);
        for (const problem of contradictions(world, desire, quietSinceMs)) fail(problem);
      });
      rest.end();
      if (last) break;
    }
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
  } finally {
    process.off('unhandledRejection', onRejection);
    world.killAgent();
  }
  return { seed: options.seed, violations, virtualMs: clock.elapsedMs, calls, agents: world.agents, plan };

  /** Nothing outside the agent keeps this Pod's containers from being restarted. */
  function mayRun(key: string): boolean {
    const images = desire.wishes.get(key)?.revision.pod.spec.containers ?? [];
    const obtainable = images.every(
      ({ image, imagePullPolicy }) => imagePullPolicy !== 'Always' && world.runtime.images.resolve(image) !== undefined,
    );
    const fits = !isRejected(world, desire, key) && !mayLackRoom(world, desire, key);
    return obtainable && fits && !desire.uncertain.has(key);
  }
}

function describe(fact: { kind: string; container?: { id: string }; sandbox?: { id: string } }): string {
  return `${fact.kind} ${fact.container?.id ?? fact.sandbox?.id}`;
}
