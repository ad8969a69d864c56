import { describe, it } from 'node:test';
import type { PodInput } from '../../../src/kubelet/plan/input.ts';
import { container, exited, instance, KEY, NOW_MS, notes, observed, revision, sandbox } from '../build.ts';
import { assertPlan, type PlanRow } from '../plan-rows.ts';

const init = (name: string) => container({ name });
const sidecar = (name: string, change = {}) => container({ name, restartPolicy: 'Always', ...change });
const want = (of: ReturnType<typeof revision>): PodInput['slot'] => ({ state: 'want', key: KEY, revision: of });
const create = (name: string, attempt = 0, backOff = 0) => [
  'check-image busybox:1',
  `create ${name} attempt ${attempt} restarts ${attempt} back-off ${backOff}s`,
  `start ${name}`,
];
const done = (of: ReturnType<typeof revision>, name: string, change = {}) =>
  exited(of, 1000, { name, exitCode: 0, reason: 'Completed', ...change });

const plain = revision({ initContainers: [init('i1'), init('i2')], containers: [container()] });
const never = revision({ restartPolicy: 'Never', initContainers: [init('i1')], containers: [container()] });
const withSidecars = revision({
  initContainers: [sidecar('s1'), init('i1'), sidecar('s2')],
  containers: [container()],
});
const gated = revision({
  initContainers: [sidecar('s1', { startupProbe: { tcpSocket: { port: 1 } } })],
  containers: [container()],
});
const hooked = revision({
  containers: [
    container({ name: 'a', lifecycle: { postStart: { sleep: { seconds: 1 } }, preStop: { sleep: { seconds: 5 } } } }),
    container({ name: 'b' }),
  ],
});
const limited = revision({ activeDeadlineSeconds: 90 });
const rules = [{ action: 'RestartAllContainers', exitCodes: { operator: 'In', values: [42] } }];
const together = revision({
  restartPolicy: 'Never',
  initContainers: [init('i1')],
  containers: [container({ restartPolicy: 'Never', restartPolicyRules: rules }), container({ name: 'b' })],
});
const ruled = revision({
  restartPolicy: 'Never',
  containers: [
    container({
      restartPolicy: 'Never',
      restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'NotIn', values: [0, 7] } }],
    }),
  ],
});
const P = 'PodInitializing';

const rows: PlanRow[] = [
  {
    name: 'the first init container starts alone',
    given: { slot: want(plain), observed: observed([sandbox(plain)], []) },
    actions: ['prepare-pod', ...create('i1')],
    waits: [P, P, P],
  },
  {
    name: 'while it runs nothing else starts',
    given: { slot: want(plain), observed: observed([sandbox(plain)], [instance(plain, { name: 'i1' })]) },
    actions: [],
    waits: [P, P],
  },
  {
    name: 'the next one follows when it ended well',
    given: { slot: want(plain), observed: observed([sandbox(plain)], [done(plain, 'i1')]) },
    actions: ['prepare-pod', ...create('i2')],
    waits: [P, P],
  },
  {
    name: 'one that failed runs again, with the back-off of a crash loop',
    given: {
      slot: want(plain),
      observed: observed(
        [sandbox(plain)],
        [exited(plain, 1000, { name: 'i1', attempt: 1, backOffMs: 10_000, firstSeenMs: 999_000 })],
      ),
    },
    actions: [],
    waits: ['CrashLoopBackOff 9s', P, P],
  },
  {
    name: 'when all ended well the regular containers start',
    given: { slot: want(plain), observed: observed([sandbox(plain)], [done(plain, 'i1'), done(plain, 'i2')]) },
    actions: ['prepare-pod', ...create('main')],
    waits: [P],
  },
  {
    name: 'an init container whose record is lost is not run again when a later one has been reached',
    given: { slot: want(plain), observed: observed([sandbox(plain)], [done(plain, 'i2')]) },
    actions: ['prepare-pod', ...create('main')],
    waits: [P, P],
  },
  {
    name: 'nor when a regular container has run in this sandbox',
    given: { slot: want(plain), observed: observed([sandbox(plain)], [exited(plain, 1000)]) },
    actions: ['prepare-pod', ...create('main', 1, 10)],
    waits: [P, P],
  },
  {
    name: 'in a new sandbox everything is initialised again',
    given: {
      slot: want(plain),
      observed: observed(
        [sandbox(plain, { state: 'notready' })],
        [exited(plain, 1000), done(plain, 'i1'), done(plain, 'i2')],
      ),
    },
    actions: ['stop-sandbox su1.0', 'prepare-pod', 'run-sandbox u1 attempt 1', ...create('i1', 1)],
    waits: [P],
  },
  {
    name: 'policy Never: an init container that failed ends the Pod',
    given: { slot: want(never), observed: observed([sandbox(never)], [exited(never, 1000, { name: 'i1' })]) },
    actions: ['stop-sandbox su1.0'],
  },
  {
    name: 'a sidecar is started in its place and the next follows',
    given: {
      slot: want(withSidecars),
      observed: observed([sandbox(withSidecars)], [instance(withSidecars, { name: 's1' })]),
    },
    actions: ['prepare-pod', ...create('i1')],
    waits: [P, P, P],
  },
  {
    name: 'a sidecar with a startup probe is waited for',
    given: { slot: want(gated), observed: observed([sandbox(gated)], [instance(gated, { name: 's1' })]) },
    actions: [],
    waits: [P],
  },
  {
    name: 'until it has started',
    given: {
      slot: want(gated),
      observed: observed([sandbox(gated)], [instance(gated, { name: 's1' })]),
      verdicts: new Map([['s1.u1.0', { started: true, ready: true, readySinceMs: 0 }]]),
    },
    actions: ['prepare-pod', ...create('main')],
    waits: [P],
  },
  {
    name: 'a sidecar that ended is restarted beside a running main container, whatever its exit code',
    given: {
      slot: want(withSidecars),
      observed: observed(
        [sandbox(withSidecars)],
        [
          instance(withSidecars),
          done(withSidecars, 's1'),
          done(withSidecars, 'i1'),
          instance(withSidecars, { name: 's2' }),
        ],
      ),
    },
    actions: ['prepare-pod', ...create('s1', 1, 10)],
  },
  {
    name: 'when the main container is done the sidecars stop, the last one first',
    given: {
      slot: want(revision({ ...withSidecars.pod.spec, restartPolicy: 'Never' })),
      observed: observed(
        [sandbox(withSidecars)],
        [
          done(withSidecars, 'main'),
          instance(withSidecars, { name: 's1' }),
          done(withSidecars, 'i1'),
          instance(withSidecars, { name: 's2' }),
        ],
      ),
    },
    actions: ['stop s2.u1.0 grace 30s'],
    waits: ['Stopping 30s'],
  },
  {
    name: 'the time a sidecar waits for its turn counts',
    given: {
      slot: { state: 'drop', key: KEY },
      observed: observed(
        [sandbox(withSidecars)],
        [
          done(withSidecars, 'main'),
          instance(withSidecars, { name: 's1' }),
          done(withSidecars, 'i1'),
          done(withSidecars, 's2'),
        ],
      ),
      notesOf: () => notes((all) => all.leaving('u1', NOW_MS, 990_000)),
    },
    actions: ['stop s1.u1.0 grace 20s'],
    waits: ['Terminating'],
  },
  {
    name: 'a postStart hook runs before the next container starts',
    given: {
      slot: want(hooked),
      observed: observed([sandbox(hooked)], [instance(hooked, { name: 'a' })]),
      notesOf: () => notes((all) => all.started('u1', 'a.u1.0')),
    },
    actions: ['postStart a.u1.0'],
    waits: ['PostStartHook', 'ContainerCreating'],
  },
  {
    name: 'a container with a postStart hook ends the chain of starts',
    given: { slot: want(hooked), observed: observed([sandbox(hooked)], []) },
    actions: ['prepare-pod', ...create('a')],
    waits: ['ContainerCreating', 'ContainerCreating'],
  },
  {
    name: 'a postStart hook is not run for a container that another process started',
    given: {
      slot: want(hooked),
      observed: observed([sandbox(hooked)], [instance(hooked, { name: 'a' }), instance(hooked, { name: 'b' })]),
    },
    actions: [],
  },
  {
    name: 'a failed postStart hook kills its container, after its preStop hook',
    given: {
      slot: want(hooked),
      observed: observed([sandbox(hooked)], [instance(hooked, { name: 'a' }), instance(hooked, { name: 'b' })]),
      notesOf: () =>
        notes((all) => {
          all.started('u1', 'a.u1.0');
          all.hookEnded('u1', 'a.u1.0', 'postStart', 'failed');
        }),
    },
    actions: ['preStop a.u1.0'],
  },
  {
    name: 'a preStop hook comes before the stop, and others do not wait for it',
    given: {
      slot: { state: 'drop', key: KEY },
      observed: observed([sandbox(hooked)], [instance(hooked, { name: 'a' }), instance(hooked, { name: 'b' })]),
    },
    actions: ['preStop a.u1.0', 'stop b.u1.0 grace 30s'],
    waits: ['Terminating'],
  },
  {
    name: 'the time of the hook is taken from the grace period',
    given: {
      slot: { state: 'drop', key: KEY },
      observed: observed([sandbox(hooked)], [instance(hooked, { name: 'a' })]),
      notesOf: () =>
        notes((all) => {
          all.hookBegan('u1', 'a.u1.0', 995_000);
          all.hookEnded('u1', 'a.u1.0', 'preStop', 'done');
        }),
    },
    actions: ['stop a.u1.0 grace 25s'],
    waits: ['Terminating'],
  },
  {
    name: 'a hook that hangs is given up at the end of the grace period',
    given: {
      slot: { state: 'drop', key: KEY },
      observed: observed([sandbox(hooked)], [instance(hooked, { name: 'a' })]),
      notesOf: () => notes((all) => all.hookBegan('u1', 'a.u1.0', 969_000)),
      inFlight: { stopping: new Set(), pulling: new Set(), hooks: new Set(['a.u1.0/preStop']) },
    },
    actions: ['stop a.u1.0 grace 2s'],
    waits: ['Terminating'],
  },
  {
    name: 'an active deadline is waited for',
    given: { slot: want(limited), observed: observed([sandbox(limited)], [instance(limited)]) },
    actions: [],
    waits: ['ActiveDeadline 30s'],
  },
  {
    name: 'and ends the Pod',
    given: {
      slot: want(limited),
      startTimeMs: NOW_MS - 90_000,
      observed: observed([sandbox(limited)], [instance(limited)]),
    },
    actions: ['stop main.u1.0 grace 30s'],
  },
  {
    name: 'a rule of the container restarts it although the policy is Never',
    given: { slot: want(ruled), observed: observed([sandbox(ruled)], [exited(ruled, 100, { exitCode: 3 })]) },
    actions: ['prepare-pod', ...create('main', 1, 10)],
  },
  {
    name: 'and leaves out the exit codes that it names',
    given: { slot: want(ruled), observed: observed([sandbox(ruled)], [exited(ruled, 100, { exitCode: 7 })]) },
    actions: ['stop-sandbox su1.0'],
  },
  {
    name: 'RestartAllContainers stops the others at once',
    given: {
      slot: want(together),
      observed: observed(
        [sandbox(together)],
        [exited(together, 100, { exitCode: 42 }), instance(together, { name: 'b' }), done(together, 'i1')],
      ),
    },
    actions: ['stop b.u1.0 grace 2s'],
    waits: ['Stopping'],
  },
  {
    name: 'then initialises again',
    given: {
      slot: want(together),
      observed: observed(
        [sandbox(together)],
        [
          exited(together, 100, { exitCode: 42 }),
          exited(together, 50, { name: 'b', exitCode: 137 }),
          done(together, 'i1'),
        ],
      ),
    },
    actions: ['prepare-pod', ...create('i1', 1)],
    waits: [P],
  },
  {
    name: 'and starts all of them, also when the agent died half-way',
    given: {
      slot: want(together),
      observed: observed(
        [sandbox(together)],
        [
          instance(together, { attempt: 1, epoch: 1 }),
          exited(together, 100, { exitCode: 42 }),
          exited(together, 50, { name: 'b', exitCode: 137 }),
          done(together, 'i1', { attempt: 1, epoch: 1 }),
        ],
      ),
    },
    actions: ['prepare-pod', ...create('b', 1)],
    waits: [P],
  },
];

describe('init containers, sidecars, hooks, deadlines', () => {
  for (const row of rows) it(row.name, () => assertPlan(row));
});
