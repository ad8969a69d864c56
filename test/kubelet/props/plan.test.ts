/** What holds for every plan, whatever the runtime holds. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../../../src/kubelet/observed.ts';
import { newestByName } from '../../../src/kubelet/plan/containers.ts';
import type { PodInput } from '../../../src/kubelet/plan/input.ts';
import { planPod } from '../../../src/kubelet/plan/pod.ts';
import type { Action, Plan } from '../../../src/kubelet/plan/types.ts';
import type { Revision } from '../../../src/kubelet/types.ts';
import { container, input, instance, KEY, NOW_MS, revision, sandbox } from '../build.ts';

const RUNS = 1000;
const YEAR_MS = 365 * 86_400_000;
const NAMES = ['a', 'b'] as const;

const policies = fc.constantFrom('Always' as const, 'OnFailure' as const, 'Never' as const);

function made(uid: string, restartPolicy: 'Always' | 'OnFailure' | 'Never', grace: number): Revision {
  const containers = NAMES.map((name) => container({ name }));
  return revision({ restartPolicy, terminationGracePeriodSeconds: grace, containers }, uid);
}

const revisions = fc.tuple(policies, fc.integer({ min: 0, max: 60 }));

function sandboxesOf(of: Revision) {
  const states = fc.array(fc.constantFrom('ready' as const, 'notready' as const), { maxLength: 3 });
  return states.map((list) => list.map((state, attempt) => sandbox(of, { attempt, state })).reverse());
}

/** Instances of both names in any of the sandboxes, also in one that is not listed; stamps may be off by years. */
function containersOf(of: Revision) {
  const one = fc.record({
    name: fc.constantFrom(...NAMES),
    state: fc.constantFrom('created' as const, 'running' as const, 'exited' as const, 'unknown' as const),
    sandboxAttempt: fc.integer({ min: 0, max: 3 }),
    exitCode: fc.constantFrom(0, 1, 137),
    backOffMs: fc.constantFrom(0, 10_000, 300_000),
    createdAtMs: fc.constantFrom(NOW_MS - YEAR_MS, NOW_MS - 30_000, NOW_MS + YEAR_MS),
    livedMs: fc.constantFrom(0, 1000, 700_000),
    firstSeenMs: fc.constantFrom(0, 990_000, 1_000_000),
  });
  return fc.array(one, { maxLength: 5 }).map((list) => {
    const attempts = new Map<string, number>();
    return list.map(({ name, state, sandboxAttempt, createdAtMs, livedMs, ...rest }) => {
      const attempt = attempts.get(name) ?? 0;
      attempts.set(name, attempt + 1);
      const finished = state === 'exited' ? { finishedAtMs: createdAtMs + livedMs } : {};
      const sandboxId = `s${of.uid}.${sandboxAttempt}`;
      return instance(of, { name, attempt, state, sandboxId, createdAtMs, ...finished, ...rest });
    });
  });
}

/** Within each revision the newest attempt first, as the cache gives them. */
function inOrder(containers: readonly ObservedContainer[]): ObservedContainer[] {
  return containers.toSorted((a, b) => (a.uid === b.uid ? b.attempt - a.attempt : a.uid < b.uid ? -1 : 1));
}

const situations: fc.Arbitrary<PodInput> = fc
  .tuple(revisions, revisions, fc.constantFrom('want' as const, 'drop' as const, 'hold' as const))
  .chain(([[policy, grace], [otherPolicy, otherGrace], state]) => {
    const wanted = made('u1', policy, grace);
    const other = made('u2', otherPolicy, otherGrace);
    return fc
      .record({
        sandboxes: fc.tuple(sandboxesOf(wanted), sandboxesOf(other)),
        containers: fc.tuple(containersOf(wanted), containersOf(other)),
        stopping: fc.subarray([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        networkReady: fc.boolean(),
        admitted: fc.boolean(),
        image: fc.constantFrom('present' as const, 'absent' as const, 'unknown' as const),
      })
      .map(({ sandboxes, containers, stopping, networkReady, admitted, image }) => {
        const all = inOrder(containers.flat());
        const observed = { key: KEY, sandboxes: sandboxes.flat(), containers: all };
        const slot: PodInput['slot'] =
          state === 'want'
            ? { state, key: KEY, revision: wanted }
            : state === 'drop'
              ? { state, key: KEY }
              : { state, key: KEY, why: 'not known' };
        const ids = stopping.flatMap((index) => all[index]?.id ?? []);
        return input({
          slot,
          observed,
          networkReady,
          inFlight: { stopping: new Set(ids), pulling: new Set(), hooks: new Set() },
          imageKnown: () => image,
          absentSince: () => (image === 'absent' ? 0 : undefined),
          ...(!admitted && { admission: { verdict: 'reject', reason: 'NodePorts', message: 'taken' } }),
        });
      });
  });

function check(name: string, holds: (given: PodInput, plan: Plan) => void): void {
  it(name, () => {
    fc.assert(
      fc.property(situations, (given) => holds(given, planPod(given))),
      { numRuns: RUNS },
    );
  });
}

const of = <K extends Action['kind']>(plan: Plan, kind: K) =>
  plan.actions.filter((action): action is Extract<Action, { kind: K }> => action.kind === kind);

function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || value instanceof Set) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
}

check('the same input gives the same plan, and is not changed', (given, plan) => {
  assert.deepEqual(planPod(freeze(given)), plan);
});

check('nothing is both started and ended, and nothing ended twice', (_given, plan) => {
  const started = of(plan, 'start-container').flatMap(({ containerId }) => containerId ?? []);
  const ended = [...of(plan, 'stop-container'), ...of(plan, 'remove-container')].map(({ containerId }) => containerId);
  const used = of(plan, 'create-container').flatMap(({ sandbox }) =>
    sandbox === 'from-this-plan' ? [] : [sandbox.id],
  );
  const stopped = of(plan, 'stop-sandbox').map(({ sandboxId }) => sandboxId);
  const removed = of(plan, 'remove-sandbox').map(({ sandboxId }) => sandboxId);
  for (const id of started) assert.ok(!ended.includes(id), `${id} is started and ended`);
  for (const id of used) assert.ok(!stopped.includes(id) && !removed.includes(id), `${id} is used and ended`);
  for (const list of [started, ended, stopped, removed]) assert.equal(new Set(list).size, list.length);
  const names = of(plan, 'create-container').map(({ containerName }) => containerName);
  assert.equal(new Set(names).size, names.length);
});

check('no sandbox is stopped or removed under a container that runs', ({ observed }, plan) => {
  const doomed = [...of(plan, 'stop-sandbox'), ...of(plan, 'remove-sandbox')].map(({ sandboxId }) => sandboxId);
  for (const { id, state, sandboxId } of observed?.containers ?? []) {
    if (state === 'running') assert.ok(!doomed.includes(sandboxId), `${id} runs in ${sandboxId}`);
  }
});

check('the newest instance of each wanted container is never removed, nor the sandbox it is in', (given, plan) => {
  const { slot, observed } = given;
  if (slot.state !== 'want') return;
  const mine = (observed?.containers ?? []).filter(({ uid }) => uid === slot.revision.uid);
  const removed = of(plan, 'remove-container').map(({ containerId }) => containerId);
  const gone = of(plan, 'remove-sandbox').map(({ sandboxId }) => sandboxId);
  for (const { id, sandboxId } of newestByName(mine).values()) {
    assert.ok(!removed.includes(id), `${id} is removed`);
    assert.ok(!gone.includes(sandboxId), `${sandboxId} is removed with ${id} in it`);
  }
});

check('no wait for a restart is longer than the back-off, whatever the clocks say', (_given, plan) => {
  for (const { reason, untilMs = NOW_MS } of plan.waits) {
    if (reason === 'CrashLoopBackOff')
      assert.ok(untilMs > NOW_MS && untilMs <= NOW_MS + 300_000, `${untilMs - NOW_MS}`);
  }
});

check('what is held is left alone, and of what is dropped nothing is begun', ({ slot }, plan) => {
  if (slot.state === 'hold') assert.deepEqual(plan.actions, []);
  const begun = plan.actions.filter(({ kind }) => /^(run|create|start|pull|prepare)-/.test(kind));
  if (slot.state === 'drop') assert.deepEqual(begun, []);
});

check('a revision gets no sandbox as long as a container of another one runs', ({ observed }, plan) => {
  const running = (observed?.containers ?? []).filter(({ state }) => state === 'running' || state === 'unknown');
  for (const { revision: starting } of of(plan, 'run-sandbox')) {
    assert.deepEqual(
      running.filter(({ uid }) => uid !== starting.uid).map(({ id }) => id),
      [],
    );
  }
});

/** What the runtime would hold after these actions; every process that starts runs for ever, every stop succeeds. */
function carryOut(before: ObservedPod, actions: readonly Action[]): ObservedPod {
  let sandboxes: ObservedSandbox[] = [...before.sandboxes];
  let containers: ObservedContainer[] = [...before.containers];
  const end = (each: ObservedContainer): ObservedContainer =>
    each.state === 'running' || each.state === 'unknown'
      ? { ...each, state: 'exited', exitCode: 137, finishedAtMs: NOW_MS, firstSeenMs: 1_000_000 }
      : each;
  let fresh = '';
  for (const action of actions) {
    if (action.kind === 'run-sandbox') {
      const one = sandbox(action.revision, { attempt: action.attempt, createdAtMs: NOW_MS });
      fresh = one.id;
      sandboxes = [one, ...sandboxes];
    } else if (action.kind === 'stop-sandbox') {
      sandboxes = sandboxes.map((each) => (each.id === action.sandboxId ? { ...each, state: 'notready' } : each));
      containers = containers.map((each) => (each.sandboxId === action.sandboxId ? end(each) : each));
    } else if (action.kind === 'remove-sandbox') {
      sandboxes = sandboxes.filter(({ id }) => id !== action.sandboxId);
      containers = containers.filter(({ sandboxId }) => sandboxId !== action.sandboxId);
    } else if (action.kind === 'create-container') {
      const { revision: owner, containerName: name, attempt, restartCount, backOffMs, epoch } = action;
      const sandboxId = action.sandbox === 'from-this-plan' ? fresh : action.sandbox.id;
      const change = { name, attempt, restartCount, backOffMs, epoch, sandboxId, createdAtMs: NOW_MS };
      containers = [instance(owner, { ...change, state: 'created' }), ...containers];
    } else if (action.kind === 'start-container') {
      const { containerId, containerName, uid } = action;
      const newest = containers.find((each) => each.uid === uid && each.name === containerName);
      const id = containerId ?? newest?.id;
      containers = containers.map((each) => (each.id === id ? { ...each, state: 'running' } : each));
    } else if (action.kind === 'stop-container') {
      containers = containers.map((each) => (each.id === action.containerId ? end(each) : each));
    } else if (action.kind === 'remove-container') {
      containers = containers.filter(({ id }) => id !== action.containerId);
    }
  }
  const newestFirst = (a: ObservedSandbox, b: ObservedSandbox) =>
    a.uid === b.uid ? b.attempt - a.attempt : a.uid < b.uid ? -1 : 1;
  return { key: before.key, sandboxes: sandboxes.toSorted(newestFirst), containers: inOrder(containers) };
}

it('it settles: carried out again and again, a plan comes to an end, and what is wanted for ever runs', () => {
  fc.assert(
    fc.property(situations, (given) => {
      let observed = given.observed ?? { key: KEY, sandboxes: [], containers: [] };
      const base = {
        ...given,
        inFlight: input().inFlight,
        admission: { verdict: 'admit' } as const,
        networkReady: true,
        imageKnown: () => 'present' as const,
        absentSince: () => undefined,
      };
      // Long after everything: no back-off is left.
      const clock = { nowMs: NOW_MS + 2 * YEAR_MS, monotonicMs: 1e12 };
      let rounds = 0;
      for (;;) {
        const plan = planPod({ ...base, clock, observed });
        if (plan.actions.length === 0) break;
        observed = carryOut(observed, plan.actions);
        rounds += 1;
        assert.ok(rounds <= 12, `still ${plan.actions.map(({ kind }) => kind).join(', ')}`);
        if (given.slot.state === 'drop' && observed.sandboxes.length + observed.containers.length === 0) break;
      }
      const { slot } = given;
      if (slot.state === 'drop') assert.deepEqual(observed.containers, []);
      if (slot.state !== 'want') return;
      assert.ok(observed.containers.every(({ uid }) => uid === slot.revision.uid));
      if (slot.revision.pod.spec.restartPolicy !== 'Always') return;
      const running = observed.containers.filter(({ state }) => state === 'running').map(({ name }) => name);
      assert.deepEqual(running.sort(), [...NAMES]);
      assert.equal(observed.sandboxes.filter(({ state }) => state === 'ready').length, 1);
    }),
    { numRuns: RUNS },
  );
});
