import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EPOCH_MS } from '../sim/env.ts';
import { BAD, exec, OK, proberSetting, target, tcp } from './setting.ts';

const SECOND_MS = 1000;

describe('what probes come to', () => {
  it('is ready after success, unready after the threshold of failures, and pokes at once', async () => {
    const { clock, prober, world, verdict, pokes } = proberSetting();
    prober.update([target('a', { readinessProbe: tcp({ periodSeconds: 1, failureThreshold: 2 }) })]);
    await clock.advance(500);
    assert.deepEqual(verdict('a'), { started: true, ready: true, readySinceMs: EPOCH_MS });
    world.answer = async () => BAD;
    await clock.advance(600);
    assert.equal(verdict('a')?.ready, true);
    await clock.advance(1000);
    assert.deepEqual(verdict('a'), { started: true, ready: false, readySinceMs: EPOCH_MS + 2000 });
    assert.deepEqual(pokes, [0, 2000]);
  });

  it('says nothing of a container that is as it began', async () => {
    const { clock, prober, world, verdict } = proberSetting();
    world.answer = async (_, { type }) => (type === 'liveness' ? OK : BAD);
    prober.update([target('a', { readinessProbe: tcp(), livenessProbe: tcp() })]);
    await clock.advance(5 * SECOND_MS);
    assert.equal(verdict('a'), undefined);
  });

  it('waits for startup, then asks for readiness at once', async () => {
    const { clock, prober, world, at, verdict } = proberSetting();
    world.answer = async (_, tried) => (tried.type === 'startup' && tried.at < 6 ? BAD : OK);
    const probes = {
      startupProbe: tcp({ periodSeconds: 3, failureThreshold: 30 }),
      readinessProbe: tcp({ periodSeconds: 30 }),
      livenessProbe: tcp(),
    };
    prober.update([target('a', probes)]);
    await clock.advance(5 * SECOND_MS);
    assert.equal(verdict('a'), undefined);
    await clock.advance(12 * SECOND_MS);
    assert.deepEqual([at('a', 'startup'), at('a', 'readiness'), at('a', 'liveness')], [[0, 3, 6], [6], [6, 16]]);
    assert.deepEqual(verdict('a'), { started: true, ready: true, readySinceMs: EPOCH_MS + 6000 });
  });

  for (const type of ['liveness', 'startup'] as const) {
    it(`is a stop after ${type} has failed, with the grace period of that probe, and no further ${type}`, async () => {
      const { clock, prober, world, at, verdict } = proberSetting();
      world.answer = async () => BAD;
      prober.update([target('a', { [`${type}Probe`]: tcp({ periodSeconds: 1, terminationGracePeriodSeconds: 7 }) })]);
      await clock.advance(20 * SECOND_MS);
      assert.deepEqual(at('a'), [0, 1, 2]);
      assert.deepEqual(verdict('a')?.failed, { probe: type, graceSeconds: 7 });
    });
  }

  it('begins anew with a new container', async () => {
    const { clock, prober, world, verdict } = proberSetting();
    const probes = { livenessProbe: tcp({ periodSeconds: 1 }), readinessProbe: tcp({ periodSeconds: 1 }) };
    prober.update([target('a', probes)]);
    await clock.advance(500);
    world.answer = async (_, { type }) => (type === 'liveness' ? BAD : OK);
    await clock.advance(2000);
    assert.equal(verdict('a')?.failed, undefined);
    prober.update([target('b', probes)]);
    await clock.advance(1500);
    assert.deepEqual(verdict('b'), { started: true, ready: true, readySinceMs: EPOCH_MS + 2500 });
    await clock.advance(1000);
    assert.equal(verdict('b')?.failed?.probe, 'liveness');
  });

  it('stays what it was over a restart of the agent, until the probe fails as often as it must', async () => {
    const known = new Map([['a', { started: true, ready: true, readySinceMs: 17 }]]);
    const { clock, prober, world, at, verdict } = proberSetting({ known });
    world.answer = async () => BAD;
    const probes = { startupProbe: tcp(), readinessProbe: tcp() };
    prober.update([target('a', probes, { startedAtMs: EPOCH_MS - 5000 })]);
    await clock.advance(19 * SECOND_MS);
    assert.deepEqual(verdict('a'), known.get('a'));
    await clock.advance(15 * SECOND_MS);
    assert.equal(verdict('a')?.ready, false);
    assert.equal(verdict('a')?.started, true);
    assert.equal(at('a', 'startup').length, 0);
  });

  it('is asked for at once when a restarted agent does not know', async () => {
    const { clock, prober, at, verdict } = proberSetting();
    prober.update([target('a', { readinessProbe: tcp() }, { startedAtMs: EPOCH_MS - 5000 })]);
    await clock.advance(1);
    assert.deepEqual(at('a'), [0]);
    assert.equal(verdict('a')?.ready, true);
  });

  it('keeps readiness up to date while the Pod is being stopped, and nothing else', async () => {
    const { clock, prober, world, at, verdict } = proberSetting();
    const probes = {
      livenessProbe: tcp({ periodSeconds: 1 }),
      readinessProbe: tcp({ periodSeconds: 1, failureThreshold: 1 }),
    };
    const one = target('a', probes);
    prober.update([one]);
    await clock.advance(1500);
    prober.update([{ ...one, stopping: true }]);
    world.answer = async () => BAD;
    await clock.advance(3000);
    assert.deepEqual(
      [at('a', 'liveness'), at('a', 'readiness')],
      [
        [0, 1],
        [0, 1, 2, 3, 4],
      ],
    );
    assert.deepEqual([verdict('a')?.ready, verdict('a')?.failed], [false, undefined]);
  });

  it('runs no command any more in a container that was told to stop, and asks over the network still', async () => {
    const { clock, prober, at } = proberSetting();
    const ready = { periodSeconds: 1 };
    const both = [target('a', { readinessProbe: exec(ready) }), target('b', { readinessProbe: tcp(ready) })];
    prober.update(both);
    await clock.advance(1500);
    prober.update(both.map((one) => ({ ...one, stopping: true })));
    await clock.advance(1000);
    prober.update(both.map((one) => ({ ...one, stopping: true, told: true })));
    await clock.advance(2000);
    assert.deepEqual(
      [at('a'), at('b')],
      [
        [0, 1, 2],
        [0, 1, 2, 3, 4],
      ],
    );
    // It runs on after all.
    prober.update(both);
    await clock.advance(500);
    assert.deepEqual(at('a'), [0, 1, 2, 4.5]);
  });

  it('does not run a command that queued up before its container was told to stop', async () => {
    const { clock, prober, world, tries } = proberSetting({ execsAtOnce: 1 });
    const all = ['a', 'b'].map((name) => target(name, { livenessProbe: exec({ timeoutSeconds: 5 }) }));
    world.answer = async () => {
      await clock.sleep(1000);
      return { result: 'success', output: '' };
    };
    prober.update(all);
    await clock.advance(500);
    prober.update(all.map((one) => ({ ...one, stopping: true, told: true })));
    await clock.advance(30_000);
    assert.equal(tries.length, 1);
  });

  it('is looked after in full again when the Pod is not stopped after all', async () => {
    const { clock, prober, at } = proberSetting();
    const one = target('a', { livenessProbe: tcp({ periodSeconds: 1 }) });
    prober.update([one]);
    await clock.advance(500);
    prober.update([{ ...one, stopping: true }]);
    await clock.advance(3000);
    prober.update([one]);
    await clock.advance(2000);
    assert.deepEqual(at('a'), [0, 3.5, 4.5, 5.5]);
  });

  it('is not touched by errors, however many', async () => {
    const { clock, prober, world, tries, verdict, counted } = proberSetting();
    prober.update([
      target('a', { readinessProbe: exec({ failureThreshold: 1 }), livenessProbe: exec({ failureThreshold: 1 }) }),
    ]);
    await clock.advance(SECOND_MS);
    const before = verdict('a');
    world.answer = async () => ({ result: 'error', as: 'unknown', output: 'no such file' });
    await clock.advance(60 * SECOND_MS);
    assert.equal(verdict('a'), before);
    assert.equal(tries.length, 2 + 3 * 12);
    assert.equal(counted.filter(({ result }) => result === 'unknown').length, 12);
  });

  it('takes over probes that were edited in place', async () => {
    const { clock, prober, world, verdict } = proberSetting();
    prober.update([target('a', { readinessProbe: tcp({ periodSeconds: 1, failureThreshold: 1 }) })]);
    await clock.advance(500);
    world.answer = async () => BAD;
    await clock.advance(SECOND_MS);
    assert.equal(verdict('a')?.ready, false);
    prober.update([target('a', {})]);
    await clock.advance(SECOND_MS);
    assert.equal(verdict('a')?.ready, true);
  });
});

describe('what probes tell', () => {
  const told = async (
    answer: Awaited<ReturnType<ReturnType<typeof proberSetting>['world']['answer']>>,
    type: 'liveness' | 'readiness' | 'startup',
  ) => {
    const { clock, prober, world, tries, events, counted, objects } = proberSetting();
    world.answer = async () => answer;
    prober.update([target('a', { [`${type}Probe`]: tcp() })]);
    await clock.advance(1);
    return {
      events,
      tries: tries.length,
      counted: counted.map(({ result }) => result),
      fieldPath: objects[0]?.fieldPath,
    };
  };
  const path = 'spec.containers{main}';

  for (const [what, answer, type, expected] of [
    ['nothing of a success', OK, 'liveness', { events: [], tries: 1, counted: ['successful'], fieldPath: undefined }],
    [
      'of a failure what came back',
      BAD,
      'liveness',
      { events: ['Warning Unhealthy Liveness probe failed: broken'], tries: 1, counted: ['failed'], fieldPath: path },
    ],
    [
      'of a warning that it is one',
      { result: 'warning', output: 'moved' },
      'readiness',
      {
        events: ['Warning ProbeWarning Readiness probe warning: moved'],
        tries: 1,
        counted: ['successful'],
        fieldPath: path,
      },
    ],
    [
      'of an error its state',
      { result: 'error', as: 'unknown', output: 'rpc' },
      'startup',
      {
        events: ['Warning Unhealthy Startup probe errored and resulted in unknown state: rpc'],
        tries: 3,
        counted: ['unknown'],
        fieldPath: path,
      },
    ],
    [
      'nothing when the runtime is away',
      { result: 'error', as: 'unknown', output: 'away', away: true },
      'startup',
      { events: [], tries: 1, counted: [], fieldPath: undefined },
    ],
  ] as const) {
    it(`is ${what}`, async () => assert.deepEqual(await told(answer, type), expected));
  }

  it('names the place of a sidecar', async () => {
    const { clock, prober, world, objects } = proberSetting();
    world.answer = async () => BAD;
    const one = target('a', { livenessProbe: tcp(), restartPolicy: 'Always' });
    prober.update([
      { ...one, pod: { ...one.pod, spec: { ...one.pod.spec, containers: [], initContainers: [one.container] } } },
    ]);
    await clock.advance(1);
    assert.equal(objects[0]?.fieldPath, 'spec.initContainers{main}');
  });

  it('is, of each probe that runs, the last result with a bounded output', async () => {
    const { clock, prober, world } = proberSetting();
    world.answer = async () => {
      await clock.sleep(30);
      return { result: 'failure', output: 'x'.repeat(5000) };
    };
    prober.update([target('a', { livenessProbe: tcp({ periodSeconds: 1, failureThreshold: 5 }) })]);
    await clock.advance(1500);
    const [report, ...others] = prober.lastResults();
    assert.equal(others.length, 0);
    assert.equal(report?.output.length, 1024);
    const { output: _, ...rest } = report ?? { output: '' };
    const expected = {
      key: 'default/web-n1',
      container: 'main',
      containerId: 'a',
      type: 'liveness',
      kind: 'tcpSocket',
      result: 'failure',
    };
    assert.deepEqual(rest, { ...expected, atMs: EPOCH_MS + 1030, durationMs: 30, run: 2, threshold: 5 });
    prober.update([]);
    assert.deepEqual(prober.lastResults(), []);
  });
});
