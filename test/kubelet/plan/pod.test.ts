import { describe, it } from 'node:test';
import type { PodInput } from '../../../src/kubelet/plan/input.ts';
import { container, exited, instance, KEY, NOW_MS, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const web = revision();
const edited = revision({ containers: [container({ image: 'busybox:2' })] }, 'u2');
const two = revision({ containers: [container({ name: 'a' }), container({ name: 'b' })] });
const never = revision({ restartPolicy: 'Never' });
const onFailure = revision({
  restartPolicy: 'OnFailure',
  containers: [container({ name: 'a' }), container({ name: 'b' })],
});
const endedWell = (name: string, more = {}) => exited(onFailure, 100, { name, exitCode: 0, ...more });
const want = (of = web): PodInput['slot'] => ({ state: 'want', key: KEY, revision: of });
const drop: PodInput['slot'] = { state: 'drop', key: KEY };
const first = ['check-image busybox:1', 'create main attempt 0 restarts 0 back-off 0s', 'start main'];

const rows: PlanRow[] = [
  {
    name: 'a Pod of which nothing exists gets a sandbox and its containers',
    given: {},
    actions: ['prepare-pod', 'run-sandbox u1 attempt 0', ...first],
    waits: ['ContainerCreating'],
  },
  { name: 'a running Pod is left alone', given: { observed: observed([sandbox(web)], [instance(web)]) }, actions: [] },
  {
    name: 'containers start in the order of the spec',
    given: { slot: want(two), observed: observed([sandbox(two)], []) },
    actions: [
      'prepare-pod',
      'check-image busybox:1',
      'create a attempt 0 restarts 0 back-off 0s',
      'start a',
      'check-image busybox:1',
      'create b attempt 0 restarts 0 back-off 0s',
      'start b',
    ],
    waits: ['ContainerCreating', 'ContainerCreating'],
  },
  {
    name: 'a container that was created but not started is started',
    given: { observed: observed([sandbox(web)], [instance(web, { state: 'created' })]) },
    actions: ['start main main.u1.0'],
    waits: ['ContainerCreating'],
  },
  {
    name: 'one created in a sandbox that died is made anew as the same restart',
    given: {
      observed: observed(
        [sandbox(web, { state: 'notready' })],
        [instance(web, { state: 'created', attempt: 2, restartCount: 2, backOffMs: 20_000 })],
      ),
    },
    actions: [
      'stop-sandbox su1.0',
      'prepare-pod',
      'run-sandbox u1 attempt 1',
      'check-image busybox:1',
      'create main attempt 3 restarts 2 back-off 20s',
      'start main',
    ],
    waits: ['ContainerCreating'],
  },
  {
    name: 'the first exit is followed by a restart at once',
    given: { observed: observed([sandbox(web)], [exited(web, 100)]) },
    actions: ['prepare-pod', 'check-image busybox:1', 'create main attempt 1 restarts 1 back-off 10s', 'start main'],
  },
  {
    name: 'the second exit waits 10 s from the end of the run',
    given: {
      observed: observed([sandbox(web)], [exited(web, 3000, { attempt: 1, backOffMs: 10_000, firstSeenMs: 997_000 })]),
    },
    actions: [],
    waits: ['CrashLoopBackOff 7s'],
  },
  {
    name: 'dead instances are removed but for the newest and the one before it',
    given: {
      observed: observed(
        [sandbox(web)],
        [
          instance(web, { attempt: 3 }),
          exited(web, 1000, { attempt: 2 }),
          exited(web, 2000, { attempt: 1 }),
          exited(web, 3000),
        ],
      ),
    },
    actions: ['remove main.u1.1', 'remove main.u1.0'],
  },
  {
    name: 'a sandbox that died is replaced, and the restart counts on',
    given: { observed: observed([sandbox(web, { state: 'notready' })], [exited(web, 100)]) },
    actions: [
      'stop-sandbox su1.0',
      'prepare-pod',
      'run-sandbox u1 attempt 1',
      'check-image busybox:1',
      'create main attempt 1 restarts 1 back-off 10s',
      'start main',
    ],
  },
  {
    name: 'a container that outlived its sandbox is stopped first',
    given: { observed: observed([sandbox(web, { state: 'notready' })], [instance(web)]) },
    actions: ['stop main.u1.0 grace 30s'],
    waits: ['Stopping'],
  },
  {
    name: 'of two sandboxes that stand both are stopped before the next is made',
    given: { observed: observed([sandbox(web, { attempt: 1 }), sandbox(web)], []) },
    actions: ['stop-sandbox su1.1', 'stop-sandbox su1.0', 'prepare-pod', 'run-sandbox u1 attempt 2', ...first],
    waits: ['ContainerCreating'],
  },
  {
    name: 'a stop under way in a dead sandbox is waited for',
    given: {
      observed: observed([sandbox(web, { state: 'notready' })], [instance(web)]),
      inFlight: { stopping: new Set(['main.u1.0']), pulling: new Set(), hooks: new Set() },
    },
    actions: [],
    waits: ['Stopping'],
  },
  {
    name: 'one that was created late does not cut the back-off of the run before it',
    given: {
      observed: observed(
        [sandbox(web)],
        [
          instance(web, { state: 'created', attempt: 2 }),
          exited(web, 3000, { attempt: 1, backOffMs: 10_000, firstSeenMs: 997_000 }),
        ],
      ),
    },
    actions: [],
    waits: ['CrashLoopBackOff 7s'],
  },
  {
    name: 'an empty dead sandbox that is not the newest is removed',
    given: {
      observed: observed(
        [sandbox(web, { attempt: 1 }), sandbox(web, { state: 'notready' })],
        [instance(web, { sandboxId: 'su1.1' })],
      ),
    },
    actions: ['remove-sandbox su1.0'],
  },
  {
    name: 'an old sandbox that holds the last dead instance of a name is kept',
    given: {
      observed: observed(
        [sandbox(web, { attempt: 1 }), sandbox(web, { state: 'notready' })],
        [instance(web, { attempt: 1, sandboxId: 'su1.1' }), exited(web, 100)],
      ),
    },
    actions: [],
  },
  {
    name: 'Never: a Pod that ended is over, and its network is freed',
    given: { slot: want(never), observed: observed([sandbox(never)], [exited(never, 100)]) },
    actions: ['stop-sandbox su1.0'],
  },
  {
    name: 'Never: after a reboot it is over, and no sandbox is made',
    given: { slot: want(never), observed: observed([sandbox(never, { state: 'notready' })], [exited(never, 100)]) },
    actions: [],
  },
  {
    name: 'Never: what was created but never ran gets its run in a new sandbox',
    given: {
      slot: want(never),
      observed: observed([sandbox(never, { state: 'notready' })], [instance(never, { state: 'created' })]),
    },
    actions: [
      'stop-sandbox su1.0',
      'prepare-pod',
      'run-sandbox u1 attempt 1',
      'check-image busybox:1',
      'create main attempt 1 restarts 0 back-off 0s',
      'start main',
    ],
    waits: ['ContainerCreating'],
  },
  {
    name: 'OnFailure: what was stopped to be resized runs again, whatever it ended with',
    given: {
      slot: want(onFailure),
      observed: observed([sandbox(onFailure)], [endedWell('a', { stoppedToResize: true }), endedWell('b')]),
    },
    actions: ['prepare-pod', 'check-image busybox:1', 'create a attempt 1 restarts 1 back-off 10s', 'start a'],
  },
  {
    name: 'OnFailure: only what failed runs again',
    given: {
      slot: want(onFailure),
      observed: observed([sandbox(onFailure)], [endedWell('a'), exited(onFailure, 100, { name: 'b' })]),
    },
    actions: ['prepare-pod', 'check-image busybox:1', 'create b attempt 1 restarts 1 back-off 10s', 'start b'],
  },
  {
    name: 'a deleted Pod is stopped with its own grace period',
    given: {
      slot: drop,
      observed: observed([sandbox(revision({ terminationGracePeriodSeconds: 7 }))], [instance(web)]),
    },
    actions: ['stop main.u1.0 grace 7s'],
    waits: ['Terminating'],
  },
  {
    name: 'a grace period of zero still gives the runtime two seconds',
    given: {
      slot: drop,
      observed: observed([sandbox(revision({ terminationGracePeriodSeconds: 0 }))], [instance(web)]),
    },
    actions: ['stop main.u1.0 grace 2s'],
    waits: ['Terminating'],
  },
  {
    name: 'while a stop is under way nothing is asked twice',
    given: {
      slot: drop,
      observed: observed([sandbox(web)], [instance(web)]),
      inFlight: { stopping: new Set(['main.u1.0']), pulling: new Set(), hooks: new Set() },
    },
    actions: [],
    waits: ['Terminating'],
  },
  {
    name: 'a stopped Pod that is unwanted is removed with its files',
    given: { slot: drop, observed: observed([sandbox(web)], [exited(web, 100)]) },
    actions: ['stop-sandbox su1.0', 'remove-sandbox su1.0', 'release-pod u1'],
  },
  {
    name: 'a container whose sandbox is gone is removed by itself',
    given: { slot: drop, observed: observed([], [exited(web, 100)]) },
    actions: ['remove main.u1.0', 'release-pod u1'],
  },
  {
    name: 'an edit stops the former revision first',
    given: { slot: want(edited), observed: observed([sandbox(web)], [instance(web)]) },
    actions: ['stop main.u1.0 grace 30s'],
    waits: ['Terminating'],
  },
  {
    name: 'an edit looks for its images before anything is stopped',
    given: { slot: want(edited), observed: observed([sandbox(web)], [instance(web)]), imageKnown: () => 'unknown' },
    actions: ['check-image busybox:2'],
    waits: ['PullingAhead'],
  },
  {
    name: 'an edit pulls its images while the former revision runs',
    given: { slot: want(edited), observed: observed([sandbox(web)], [instance(web)]), imageKnown: () => 'absent' },
    actions: ['pull-image busybox:2'],
    waits: ['PullingAhead'],
  },
  {
    name: 'a pull that failed does not keep an edit from taking effect',
    given: {
      slot: want(edited),
      observed: observed([sandbox(web)], [instance(web)]),
      imageKnown: () => 'absent',
      notes: notes((all) => all.pullFailed('u2', 'busybox:2', 'ErrImagePull', 'no', 999_000), 'u2'),
    },
    actions: ['stop main.u1.0 grace 30s'],
    waits: ['Terminating'],
  },
  {
    name: 'the former sandbox is stopped before the next one is made, and removed after',
    given: { slot: want(edited), observed: observed([sandbox(web)], [exited(web, 100)]) },
    actions: [
      'stop-sandbox su1.0',
      'prepare-pod',
      'run-sandbox u2 attempt 0',
      'check-image busybox:2',
      'create main attempt 0 restarts 0 back-off 0s',
      'start main',
      'remove-sandbox su1.0',
      'release-pod u1',
    ],
    waits: ['ContainerCreating'],
  },
  {
    name: 'a Pod that was told to stop ends first when it is wanted again',
    given: {
      observed: observed([sandbox(web)], [instance(web)]),
      notes: notes((all) => all.leaving('u1', NOW_MS, 1_000_000)),
    },
    actions: ['stop main.u1.0 grace 30s'],
    waits: ['Terminating'],
  },
  {
    name: 'a container whose image changed under the same uid is replaced',
    given: {
      slot: want(revision({ containers: [container({ image: 'busybox:3' })] })),
      observed: observed([sandbox(web)], [instance(web)]),
    },
    actions: ['stop main.u1.0 grace 30s'],
  },
  {
    name: 'a slot on hold is not touched',
    given: {
      slot: { state: 'hold', key: KEY, why: 'not read yet' },
      observed: observed([sandbox(web)], [exited(web, 100)]),
    },
    actions: [],
    waits: ['Held'],
  },
  {
    name: 'a rejected Pod waits without a sandbox',
    given: { admission: { verdict: 'reject', reason: 'NodePorts', message: 'no' } },
    actions: [],
    waits: ['NodePorts', 'ContainerCreating'],
  },
  {
    name: 'without a network only host-network Pods start',
    given: { networkReady: false },
    actions: [],
    waits: ['NetworkNotReady', 'ContainerCreating'],
  },
  {
    name: 'a failure of one container does not keep the next from starting',
    given: {
      slot: want(two),
      observed: observed([sandbox(two)], []),
      notes: notes((all) => all.failed('u1', 'container/a', 'CreateContainerError', 'no', 999_500)),
    },
    actions: ['prepare-pod', 'check-image busybox:1', 'create b attempt 0 restarts 0 back-off 0s', 'start b'],
    waits: ['CreateContainerError 0.5s', 'ContainerCreating'],
  },
  {
    name: 'a sandbox that failed is tried again a little later',
    given: { notes: notes((all) => all.failed('u1', 'sandbox', 'FailedCreatePodSandBox', 'no', 999_500)) },
    actions: [],
    waits: ['FailedCreatePodSandBox 0.5s', 'ContainerCreating'],
  },
];

describe('planPod', () => {
  for (const row of rows) it(row.name, () => assertPlan(row));
});
