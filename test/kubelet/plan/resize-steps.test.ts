import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planPod } from '../../../src/kubelet/plan/pod.ts';
import { podSize, resizeSubject, SIZE_SUBJECT } from '../../../src/kubelet/plan/resize.ts';
import { container, input, instance, notes, observed, revision, sandbox } from '../build.ts';
import { node } from '../node.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const MI = 2 ** 20;
const sized = (memory: string, name = 'main') => container({ name, resources: { limits: { memory } } });
const shown = (mebibytes: number) => ({ cpuPeriod: 100_000, cpuShares: 2, memoryLimitInBytes: mebibytes * MI });
const RUNNING = revision({ containers: [sized('64Mi')] });
const WANTED = revision({ containers: [sized('128Mi')] });
const SIZE = podSize(WANTED.pod, node());

function given(wanted = WANTED, mebibytes = 64) {
  return {
    slot: { state: 'want' as const, key: wanted.key, revision: wanted },
    observed: observed([sandbox(RUNNING)], [instance(RUNNING, { resources: shown(mebibytes) })]),
    notes: notes((all) => all.sized('u1', podSize(RUNNING.pod, node()))),
  };
}
const failing = (subject: string) =>
  notes((all) => {
    all.sized('u1', SIZE);
    all.failed('u1', subject, 'ResizeError', 'no', 1_000_000);
  });
const restarts = revision({
  containers: [{ ...sized('128Mi'), resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] }],
});

const RESIZE = 'resize main.u1.0 shares 2 quota undefined memory 134217728';

const ROWS: PlanRow[] = [
  {
    name: 'room first, then the container, then the Pod as it shall be',
    given: given(),
    actions: ['raise-pod', RESIZE, 'size-pod'],
  },
  { name: 'an agent that died after the container sizes the Pod', given: given(WANTED, 128), actions: ['size-pod'] },
  {
    name: 'an agent that did not size the Pod itself looks once',
    given: { ...given(RUNNING), notes: notes(() => {}) },
    actions: ['size-pod'],
  },
  { name: 'nothing to do', given: given(RUNNING), actions: [] },
  {
    name: 'a policy that restarts stops the container',
    given: given(restarts),
    actions: ['stop main.u1.0 grace 30s'],
  },
  {
    name: 'what failed is tried again later',
    given: { ...given(), notes: failing(resizeSubject('main')) },
    actions: [],
    waits: ['ResizeError 1s'],
  },
  {
    name: 'a Pod that cannot be sized holds its containers back',
    given: { ...given(), notes: failing(SIZE_SUBJECT) },
    actions: [],
    waits: ['ResizeError 1s'],
  },
  {
    name: 'a container that is created beside it finds the Pod prepared',
    given: {
      ...given(revision({ containers: [sized('128Mi'), container({ name: 'more' })] })),
    },
    actions: [
      'raise-pod',
      RESIZE,
      'size-pod',
      'prepare-pod',
      'check-image busybox:1',
      'create more attempt 0 restarts 0 back-off 0s',
      'start more',
    ],
    waits: ['ContainerCreating'],
  },
  {
    name: 'a Pod that does not get what its manifest asks for says why',
    given: {
      ...given(RUNNING),
      admission: { verdict: 'admit', allocated: RUNNING.pod, pending: { reason: 'Deferred', message: 'no room' } },
    },
    actions: [],
    waits: ['ResizeDeferred'],
  },
  {
    name: 'a Pod without amounts has no size',
    given: {
      slot: { state: 'want', key: RUNNING.key, revision: revision() },
      observed: observed([sandbox(revision())], [instance(revision())]),
    },
    actions: [],
  },
];

describe('a plan with resizes', () => {
  for (const row of ROWS) it(row.name, () => assertPlan(row));

  it('says that it is at it, and what keeps it', () => {
    assert.deepEqual(planPod(input(given())).resizing, {});
    assert.deepEqual(planPod(input({ ...given(), notes: failing(resizeSubject('main')) })).resizing, { error: 'no' });
    assert.equal(planPod(input(given(RUNNING))).resizing, undefined);
  });
});
