import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EPOCH_MS } from '../sim/env.ts';
import { BAD, exec, OK, proberSetting, target, tcp } from './setting.ts';

const SECOND_MS = 1000;
const NEVER = new Promise<never>(() => {});

describe('when probes run', () => {
  it('is at once and then each period', async () => {
    const { clock, prober, at } = proberSetting();
    prober.update([target('a', { livenessProbe: tcp(), readinessProbe: tcp({ periodSeconds: 4 }) })]);
    await clock.advance(21 * SECOND_MS);
    assert.deepEqual(at('a', 'liveness'), [0, 10, 20]);
    assert.deepEqual(at('a', 'readiness'), [0, 4, 8, 12, 16, 20]);
  });

  it('is never before the initial delay, counted from the start of the container', async () => {
    const { clock, prober, at } = proberSetting();
    await clock.advance(2 * SECOND_MS);
    prober.update([target('a', { livenessProbe: tcp({ initialDelaySeconds: 5 }) }, { startedAtMs: EPOCH_MS + 500 })]);
    await clock.advance(12 * SECOND_MS);
    assert.deepEqual(at('a'), [5.5]);
  });

  it('is soon again for a container that is not ready yet, then each period', async () => {
    const { clock, prober, world, at } = proberSetting();
    world.answer = async (_, { at }) => (at >= 12 ? OK : BAD);
    prober.update([target('a', { readinessProbe: tcp() })]);
    await clock.advance(40 * SECOND_MS);
    assert.deepEqual(at('a'), [0, 1, 3, 7, 15, 25, 35]);
  });

  it('keeps the beat when a probe takes longer than its period, and never overlaps', async () => {
    const { clock, prober, world, at } = proberSetting();
    world.answer = async (_, tried) => {
      if (tried.at === 2) await clock.sleep(3300);
      return OK;
    };
    prober.update([target('a', { livenessProbe: tcp({ periodSeconds: 2, timeoutSeconds: 9 }) })]);
    await clock.advance(9 * SECOND_MS);
    assert.deepEqual(at('a'), [0, 2, 5.3, 6, 8]);
  });

  it('is spread over the period for what was well before this agent started', async () => {
    const known = new Map(
      Array.from({ length: 200 }, (_, index) => [`c${index}`, { started: true, ready: true, readySinceMs: 1 }]),
    );
    const { clock, prober, tries } = proberSetting({ known });
    prober.update(
      [...known.keys()].map((id) => target(id, { readinessProbe: tcp() }, { startedAtMs: EPOCH_MS - 60_000 })),
    );
    await clock.advance(10 * SECOND_MS);
    assert.equal(tries.length, 200);
    const perSecond = Array.from(
      { length: 10 },
      (_, second) => tries.filter((each) => Math.floor(each.at) === second).length,
    );
    assert.ok(Math.max(...perSecond) < 40, `per second: ${perSecond}`);
  });

  it('does not depend on other targets that hang, but for their first time', async () => {
    const { clock, prober, world, at } = proberSetting({ execsAtOnce: 1 });
    world.answer = async ({ target }) => {
      if (target.containerId !== 'well') await clock.sleep(5000);
      return OK;
    };
    prober.update(['a', 'b', 'c', 'well'].map((id) => target(id, { livenessProbe: exec() })));
    await clock.advance(25 * SECOND_MS);
    assert.deepEqual(at('well'), [6, 16]);
    assert.deepEqual(
      [at('a'), at('b'), at('c')],
      [
        [0, 10, 20],
        [2, 12, 22],
        [4, 14, 24],
      ],
    );
  });

  it('spreads what fell due together and had to queue up', async () => {
    const { clock, prober, world, late } = proberSetting({ execsAtOnce: 1 });
    world.answer = async () => {
      await clock.sleep(90);
      return OK;
    };
    prober.update(Array.from({ length: 100 }, (_, index) => target(`c${index}`, { livenessProbe: exec() })));
    await clock.advance(SECOND_MS);
    await clock.advance(9 * SECOND_MS);
    const first = late.splice(0);
    assert.equal(Math.max(...first), 99 * 90);
    await clock.advance(20 * SECOND_MS);
    assert.ok(Math.max(...late) <= 500, `late by ${Math.max(...late)} ms`);
  });

  it('begins no more commands at once than it may, and tells how late the others are', async () => {
    const { clock, prober, world, late } = proberSetting({ execsAtOnce: 2 });
    let now = 0;
    let most = 0;
    world.answer = async () => {
      now += 1;
      most = Math.max(most, now);
      await clock.sleep(40);
      now -= 1;
      return OK;
    };
    prober.update(Array.from({ length: 6 }, (_, index) => target(`c${index}`, { livenessProbe: exec() })));
    await clock.advance(SECOND_MS);
    assert.equal(most, 2);
    assert.deepEqual(late, [0, 0, 40, 40, 80, 80]);
  });

  it('ends with the container, and with the agent', async () => {
    const { clock, prober, world, at, stop, running } = proberSetting();
    let aborted = 0;
    world.answer = ({ signal }) => {
      signal.addEventListener('abort', () => aborted++);
      return NEVER;
    };
    prober.update([target('a', { livenessProbe: tcp() }), target('b', { livenessProbe: tcp() })]);
    await clock.advance(SECOND_MS);
    prober.update([target('b', { livenessProbe: tcp() })]);
    assert.equal(aborted, 1);
    stop.abort();
    await running;
    assert.equal(aborted, 2);
    prober.update([target('c', { livenessProbe: tcp() })]);
    await clock.advance(100 * SECOND_MS);
    assert.deepEqual([at('a'), at('b'), at('c')], [[0], [0], []]);
  });

  it('keeps every rule for any probes and any answers', async () => {
    const number = (min: number, max: number) => fc.integer({ min, max });
    const numbers = fc.record({
      periodSeconds: number(1, 5),
      timeoutSeconds: number(1, 8),
      initialDelaySeconds: number(0, 6),
      failureThreshold: number(1, 3),
    });
    const probes = fc.record(
      { livenessProbe: numbers.map(tcp), readinessProbe: numbers.map(tcp), startupProbe: numbers.map(tcp) },
      { requiredKeys: [] },
    );
    const answers = fc.array(fc.tuple(fc.constantFrom(OK, OK, OK, BAD), number(0, 7000)), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(fc.array(probes, { minLength: 1, maxLength: 4 }), answers, async (containers, answers) => {
        const { clock, prober, world, tries } = proberSetting();
        const running = new Set<unknown>();
        const startedUp = new Set<string>();
        world.answer = async ({ probe, target }, tried) => {
          assert.ok(!running.has(probe), 'two ticks of one probe at once');
          assert.ok(clock.nowMs() - EPOCH_MS >= (probe.initialDelaySeconds ?? 0) * 1000, 'before the initial delay');
          const gated = target.container.startupProbe && tried.type !== 'startup';
          assert.ok(!gated || startedUp.has(tried.id), `${tried.type} before startup`);
          running.add(probe);
          const [answer = OK, takesMs = 0] = answers[(tries.length - 1) % answers.length] ?? [];
          await clock.sleep(takesMs);
          running.delete(probe);
          if (tried.type === 'startup' && answer === OK) startedUp.add(tried.id);
          return answer;
        };
        prober.update(containers.map((probes, index) => target(`c${index}`, probes)));
        await clock.advance(60 * SECOND_MS);
        for (const { started, ready, failed } of prober.verdicts().values())
          assert.ok(started || !failed || failed.probe === 'startup', `${ready}`);
      }),
      { numRuns: 60 },
    );
  });
});
