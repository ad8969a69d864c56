import assert from 'node:assert/strict';
import { it } from 'node:test';
import { byName } from '../../../src/kubelet/plan/containers.ts';
import { instance, observed, revision, sandbox } from '../build.ts';
import { assertPlan } from '../plan-rows.ts';

const web = revision();
const running = instance(web, { attempt: 5, restartCount: 5 });
const late = { ...instance(web, { state: 'created', attempt: 5, restartCount: 5 }), id: 'late' };

it('an instance that runs comes before a newer one that was only created', () => {
  assert.deepEqual(byName([late, running]).get('main'), [running, late]);
});

it('a creation that came through late is removed, and what runs is left alone', () => {
  assertPlan({
    name: 'late',
    given: { observed: observed([sandbox(web)], [late, running]) },
    actions: ['remove late'],
  });
});

it('of several that do not run the newest comes first', () => {
  const exited = instance(web, { state: 'exited', attempt: 4 });
  assert.deepEqual(byName([late, exited]).get('main'), [late, exited]);
});
