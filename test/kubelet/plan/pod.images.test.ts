import { describe, it } from 'node:test';
import type { PodInput } from '../../../src/kubelet/plan/input.ts';
import { container, KEY, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const web = revision();
const always = revision({ containers: [container({ imagePullPolicy: 'Always' })] });
const neverPull = revision({ containers: [container({ imagePullPolicy: 'Never' })] });
const want = (of = web): PodInput['slot'] => ({ state: 'want', key: KEY, revision: of });
const first = ['check-image busybox:1', 'create main attempt 0 restarts 0 back-off 0s', 'start main'];

const rows: PlanRow[] = [
  {
    name: 'an absent image is pulled',
    given: { observed: observed([sandbox(web)], []), absentSince: () => 1 },
    actions: ['pull-image busybox:1'],
    waits: ['ContainerCreating'],
  },
  {
    name: 'policy Always pulls before each start',
    given: { slot: want(always), observed: observed([sandbox(always)], []) },
    actions: ['pull-image busybox:1'],
    waits: ['ContainerCreating'],
  },
  {
    name: 'policy Always starts once its own pull is done',
    given: {
      slot: want(always),
      observed: observed([sandbox(always)], []),
      notes: notes((all) => all.pulled('u1', 'busybox:1', 'main', 0)),
    },
    actions: ['prepare-pod', ...first],
    waits: ['ContainerCreating'],
  },
  {
    name: 'policy Never does not pull',
    given: { slot: want(neverPull), observed: observed([sandbox(neverPull)], []), absentSince: () => 999_000 },
    actions: [],
    waits: ['ErrImageNeverPull 9s'],
  },
  {
    name: 'a failed pull is shown as such first',
    given: {
      observed: observed([sandbox(web)], []),
      notes: notes((all) => all.pullFailed('u1', 'busybox:1', 'ErrImagePull', 'no', 999_000)),
    },
    actions: [],
    waits: ['ErrImagePull 1s'],
  },
  {
    name: 'and then as its back-off',
    given: {
      observed: observed([sandbox(web)], []),
      notes: notes((all) => all.pullFailed('u1', 'busybox:1', 'ErrImagePull', 'no', 995_000)),
    },
    actions: [],
    waits: ['ImagePullBackOff 5s'],
  },
];

describe('images in a plan', () => {
  for (const row of rows) it(row.name, () => assertPlan(row));
});
