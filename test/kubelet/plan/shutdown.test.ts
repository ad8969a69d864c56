import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planPod } from '../../../src/kubelet/plan/pod.ts';
import { CRITICAL_PRIORITY, podPriority } from '../../../src/kubelet/plan/priority.ts';
import {
  advanceShutdown,
  podShutdown,
  type ShutdownState,
  shutdownGroups,
  shutdownPeriodMs,
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

const SETTINGS = {
  shutdownGracePeriodMs: 60_000,
  shutdownGracePeriodCriticalPodsMs: 20_000,
  shutdownGracePeriodByPodPriority: [],
};

describe('a Pod that a shutdown ended for good', () => {
  const ended = (restartPolicy: string, exitCode: number, stopped: string[] = ['main.u1.0']) => {
    const once = revision({ restartPolicy });
    return input({
      slot: { state: 'want', key: KEY, revision: once },
      observed: observed([sandbox(once, { state: 'notready' })], [exited(once, 0, { exitCode })]),
      stoppedByShutdown: new Set(stopped),
    });
  };

  it('says so as long as it is there, whatever its exit code', () => {
    assert.deepEqual(planPod(ended('Never', 143)).down, GONE_DOWN);
    assert.deepEqual(planPod(ended('Never', 0)).down, GONE_DOWN);
    assert.deepEqual(planPod(ended('OnFailure', 0)).down, GONE_DOWN);
    assert.deepEqual(planPod({ ...ended('Never', 0), shutdown: stop() }).down, GONE_DOWN);
  });

  it('does not say so when another run ended it, or when it goes on', () => {
    assert.equal(planPod(ended('Never', 143, ['main.u1.7'])).down, undefined);
    assert.equal(planPod(ended('OnFailure', 143)).down, undefined);
    assert.equal(planPod(ended('Always', 0)).down, undefined);
  });
});

describe('the order of a shutdown', () => {
  const groups = shutdownGroups(SETTINGS);
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
    assert.equal(podPriority(pod({ priorityClassName: 'system-node-critical' }).pod), CRITICAL_PRIORITY + 1000);
    assert.equal(podPriority(pod({ priorityClassName: 'constructor' }).pod), 0);
    assert.equal(podPriority(pod({ priorityClassName: 'system-node-critical', priority: 5 }).pod), 5);
    assert.deepEqual(podShutdown(begun, pod({ priority: -7 }).pod), { stop: true, periodSeconds: 40 });
  });

  it('has a group for each priority that is given a time, the lowest first', () => {
    const period = (priority: number, seconds: number) => ({ priority, shutdownGracePeriodSeconds: seconds });
    const given = [period(100_000, 10), period(0, 60), period(10_000, 20), period(2_000_000_000, 0)];
    const groups = shutdownGroups({
      shutdownGracePeriodMs: 0,
      shutdownGracePeriodCriticalPodsMs: 0,
      shutdownGracePeriodByPodPriority: given,
    });
    assert.deepEqual(
      groups.map(({ priority, periodMs }) => [priority, periodMs]),
      [
        [0, 60_000],
        [10_000, 20_000],
        [100_000, 10_000],
        [2_000_000_000, 0],
      ],
    );
    assert.equal(shutdownPeriodMs(groups), 90_000);
    const secondsOf = (priority: number) =>
      podShutdown({ groups, turn: 0, turnBeganMs: 0 }, pod({ priority }).pod).periodSeconds;
    // Below the lowest: with the lowest. On a border: the group that begins there.
    assert.deepEqual([-5, 0, 9999, 10_000, 99_999, 100_000, 2_000_000_000].map(secondsOf), [60, 60, 60, 20, 20, 10, 0]);
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
