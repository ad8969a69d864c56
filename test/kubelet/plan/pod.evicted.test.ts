/** Plans of Pods whose volumes have outgrown their limits. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PodInput } from '../../../src/kubelet/plan/input.ts';
import { planPod } from '../../../src/kubelet/plan/pod.ts';
import { exited, input, instance, KEY, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const MESSAGE = 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". ';
const of = revision();
const evicted: Partial<PodInput> = {
  slot: { state: 'want', key: KEY, revision: of },
  notes: notes((all) => all.evicted('u1', MESSAGE)),
};

const ROWS: PlanRow[] = [
  {
    name: 'its containers are stopped with the shortest grace period there is',
    given: { ...evicted, observed: observed([sandbox(of)], [instance(of)]) },
    actions: ['stop main.u1.0 grace 2s'],
  },
  {
    name: 'then its sandbox',
    given: { ...evicted, observed: observed([sandbox(of)], [exited(of, 1000, { exitCode: 137 })]) },
    actions: ['stop-sandbox su1.0'],
  },
  {
    name: 'and nothing is started again',
    given: { ...evicted, observed: observed([sandbox(of, { state: 'notready' })], [exited(of, 600_000)]) },
    actions: [],
  },
  { name: 'nor anything that never ran', given: evicted, actions: [] },
];

describe('an evicted Pod', () => {
  for (const row of ROWS) it(row.name, () => assertPlan(row));

  it('says why it ended', () => {
    const { over, down } = planPod(input({ ...evicted, observed: observed([sandbox(of)], [instance(of)]) }));
    assert.deepEqual([over, down], [true, { reason: 'Evicted', message: MESSAGE }]);
  });

  it('makes way for an edited one', () => {
    const next = revision({}, 'u2');
    const given = input({
      slot: { state: 'want', key: KEY, revision: next },
      observed: observed([sandbox(of, { state: 'notready' })], [exited(of, 1000)]),
      notes: notes(() => {}),
    });
    assert.ok(planPod(given).actions.some((action) => action.kind === 'run-sandbox'));
  });
});
