import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planPod } from '../../../src/kubelet/plan/pod.ts';
import {
  advanceShutdown,
  CRITICAL_PRIORITY,
  podPriority,
  podShutdown,
  type ShutdownState,
  shutdownGroups,
} from '../../../src/kubelet/plan/shutdown.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { container, exited, input, instance, KEY, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const WEB = revision();
const GONE_DOWN = { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' };
const NOT_TAKEN = {
  reason: 'NodeShutdown',
  message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
};
const up = observed([sandbox(WEB)], [instance(WEB)]);
const down = observed([sandbox(WEB)], [exited(WEB, 0)]);
const stop = (periodSeconds = 60) => ({ stop: true, periodSeconds });
const waits = { stop: false, periodSeconds: 60 };

describe('a Pod on a machine that goes down', () => {
  const hooked = revision({ containers: [container({ lifecycle: { preStop: { sleep: { seconds: 5 } } } })] });
  const sidecar = revision({ initContainers: [container({ name: 'side', restartPolicy: 'Always' })] });
  const rows: PlanRow[] = [
    {
      name: 'is stopped with its own grace period',
      given: { observed: up, shutdown: stop() },
      actions: ['stop main.u1.0 grace 30s'],
      waits: ['NodeShutdown'],
    },
    {
      name: 'is stopped within the time of its group when that is shorter',
      given: { observed: up, shutdown: stop(10) },
      actions: ['stop main.u1.0 grace 10s'],
      waits: ['NodeShutdown'],
    },
    {
      name: 'has its hook run first',
      given: {
        slot: { state: 'want', key: KEY, revision: hooked },
        observed: observed([sandbox(hooked)], [instance(hooked)]),
        shutdown: stop(),
      },
      actions: ['preStop main.u1.0'],
      waits: ['NodeShutdown'],
    },
    {
      name: 'stops its sidecars last',
      given: {
        slot: { state: 'want', key: KEY, revision: sidecar },
        observed: observed([sandbox(sidecar)], [instance(sidecar), instance(sidecar, { name: 'side' })]),
        shutdown: stop(),
        notesOf: () => notes(() => {}),
      },
      actions: ['stop main.u1.0 grace 30s'],
      waits: ['NodeShutdown', 'Stopping 30s'],
    },
    {
      name: 'frees its network when nothing runs any more, and keeps its record',
      given: { observed: down, shutdown: stop() },
      actions: ['stop-sandbox su1.0'],
      waits: ['NodeShutdown'],
    },
    {
      name: 'is left alone when it is down',
      given: { observed: observed([sandbox(WEB, { state: 'notready' })], [exited(WEB, 0)]), shutdown: stop() },
      actions: [],
      waits: ['NodeShutdown'],
    },
    {
      name: 'runs on as long as it is not its turn',
      given: { observed: up, shutdown: waits },
      actions: [],
    },
    {
      name: 'is not started, whosever turn it is',
      given: { shutdown: waits },
      actions: [],
      waits: ['NodeShutdown'],
    },
    {
      name: 'starts again in a new sandbox when the machine stays up after all',
      given: { observed: observed([sandbox(WEB, { state: 'notready' })], [exited(WEB, 60_000)]) },
      actions: [
        'stop-sandbox su1.0',
        'prepare-pod',
        'run-sandbox u1 attempt 1',
        'check-image busybox:1',
        'create main attempt 1 restarts 1 back-off 10s',
        'start main',
      ],
    },
  ];
  for (const row of rows) it(row.name, () => assertPlan(row));

  it('says so in its status: terminated when it ran, rejected when it did not', () => {
    assert.deepEqual(planPod(input({ observed: up, shutdown: stop() })).down, GONE_DOWN);
    assert.deepEqual(planPod(input({ observed: down, shutdown: stop() })).down, GONE_DOWN);
    assert.deepEqual(planPod(input({ shutdown: waits })).down, NOT_TAKEN);
    assert.equal(planPod(input({ observed: up, shutdown: waits })).down, undefined);
  });

  it('keeps its own end when it had come to it before', () => {
    const done = revision({ restartPolicy: 'Never' });
    const ended = observed([sandbox(done)], [exited(done, 0, { exitCode: 0 })]);
    const plan = planPod(
      input({ slot: { state: 'want', key: KEY, revision: done }, observed: ended, shutdown: stop() }),
    );
    assert.equal(plan.down, undefined);
  });
});

describe('the order of a shutdown', () => {
  const groups = shutdownGroups(60_000, 20_000);
  const begun: ShutdownState = { groups, turn: 0, turnBeganMs: 1000 };
  const pod = (spec: Partial<PodSpec>, alive = true) => ({ pod: revision(spec).pod, alive });
  const plain = pod({});
  const critical = pod({ priorityClassName: 'system-node-critical' });
  const turn = (pods: (typeof plain)[], atMs: number, state = begun) => advanceShutdown(state, pods, atMs).turn;

  it('gives the last part of the period to critical Pods', () => {
    assert.deepEqual(groups, [
      { priority: 0, periodMs: 40_000 },
      { priority: CRITICAL_PRIORITY, periodMs: 20_000 },
    ]);
    assert.deepEqual(podShutdown(begun, plain.pod), { stop: true, periodSeconds: 40 });
    assert.deepEqual(podShutdown(begun, critical.pod), { stop: false, periodSeconds: 20 });
    assert.deepEqual(podShutdown({ ...begun, turn: 1 }, critical.pod), { stop: true, periodSeconds: 20 });
  });

  it('knows critical Pods by priority and by the two classes that every cluster has', () => {
    assert.equal(podPriority(pod({ priority: 5 }).pod), 5);
    assert.equal(podPriority(pod({ priorityClassName: 'mine' }).pod), 0);
    assert.equal(podPriority(pod({ priorityClassName: 'system-cluster-critical' }).pod), CRITICAL_PRIORITY);
    assert.deepEqual(podShutdown(begun, pod({ priority: -7 }).pod), { stop: true, periodSeconds: 40 });
  });

  it('goes on when a group has ended', () => {
    assert.equal(turn([plain, critical], 1000), 0);
    assert.equal(turn([{ ...plain, alive: false }, critical], 1000), 1);
  });

  it('goes on when the time of a group is over, each with a time of its own', () => {
    assert.equal(turn([plain, critical], 40_999), 0);
    const second = advanceShutdown(begun, [plain, critical], 41_000);
    assert.deepEqual([second.turn, second.turnBeganMs], [1, 41_000]);
    assert.equal(turn([plain, critical], 60_999, second), 1);
    assert.equal(turn([plain, critical], 61_000, second), 2);
  });

  it('is over at once when nothing runs, and stays over', () => {
    const over = advanceShutdown(begun, [], 1000);
    assert.equal(over.turn, 2);
    assert.equal(advanceShutdown(over, [plain], 99_000), over);
  });
});
