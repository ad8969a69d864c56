/** Plans of Pods that depend on documents. */
import { describe, it } from 'node:test';
import type { PodInput } from '../../../src/kubelet/plan/input.ts';
import { instance, KEY, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const of = revision();
const running: Partial<PodInput> = {
  slot: { state: 'want', key: KEY, revision: of },
  observed: observed([sandbox(of)], [instance(of)]),
};
const followed = (digest: string) => ({ references: { digest, followed: true } });
const CREATE = ['prepare-pod', 'check-image busybox:1', 'create main attempt 0 restarts 0 back-off 0s', 'start main'];
const failedWith = (digest: string | undefined, subject: string) =>
  notes((all) =>
    all.failed(
      'u1',
      subject,
      subject === 'pod' ? 'FailedMount' : 'CreateContainerConfigError',
      'secret "x" not found',
      999_500,
      digest,
    ),
  );

const ROWS: PlanRow[] = [
  {
    name: 'files are looked at once by an agent that does not know them',
    given: { ...running, ...followed('a') },
    actions: ['prepare-pod'],
  },
  {
    name: 'files that are up to date need nothing',
    given: { ...running, ...followed('a'), notes: notes((all) => all.prepared('u1', 'a')) },
    actions: [],
  },
  {
    name: 'files follow a document that changed, and the container runs on',
    given: { ...running, ...followed('b'), notes: notes((all) => all.prepared('u1', 'a')) },
    actions: ['prepare-pod'],
  },
  {
    name: 'a document that is only in the environment changes nothing of a running container',
    given: { ...running, references: { digest: 'b', followed: false } },
    actions: [],
  },
  {
    name: 'a container that failed waits before it is tried again',
    given: { observed: observed([sandbox(of)], []), ...followed('a'), notes: failedWith('a', 'container/main') },
    actions: ['prepare-pod'],
    waits: ['CreateContainerConfigError 0.5s'],
  },
  {
    name: 'a container that failed without a document is tried at once when there is one',
    given: { observed: observed([sandbox(of)], []), ...followed('b'), notes: failedWith('a', 'container/main') },
    actions: CREATE,
    waits: ['ContainerCreating'],
  },
  {
    name: 'a volume that failed waits, and keeps the whole Pod',
    given: { ...followed('a'), notes: failedWith('a', 'pod') },
    actions: [],
    waits: ['FailedMount 0.5s', 'ContainerCreating'],
  },
  {
    name: 'a volume that failed without a document is tried at once when there is one',
    given: { ...followed('b'), notes: failedWith('a', 'pod') },
    actions: ['prepare-pod', 'run-sandbox u1 attempt 0', ...CREATE.slice(1)],
    waits: ['ContainerCreating'],
  },
  {
    name: 'a pull that failed waits',
    given: {
      observed: observed([sandbox(of)], []),
      references: { digest: 'a', followed: false },
      notes: notes((all) => all.pullFailed('u1', 'busybox:1', 'ErrImagePull', 'denied', 995_000, 'a')),
    },
    actions: [],
    waits: ['ImagePullBackOff 5s'],
  },
  {
    name: 'a pull that failed without a pull secret is tried at once when there is one',
    given: {
      observed: observed([sandbox(of)], []),
      references: { digest: 'b', followed: false },
      notes: notes((all) => {
        all.pullFailed('u1', 'busybox:1', 'ErrImagePull', 'denied', 995_000, 'a');
      }),
      absentSince: () => 990_000,
    },
    actions: ['pull-image busybox:1'],
    waits: ['ContainerCreating'],
  },
  {
    name: 'a Pod that names no document waits as before',
    given: { notes: failedWith(undefined, 'pod') },
    actions: [],
    waits: ['FailedMount 0.5s', 'ContainerCreating'],
  },
];

describe('a Pod that depends on documents', () => {
  for (const row of ROWS) it(row.name, () => assertPlan(row));
});
