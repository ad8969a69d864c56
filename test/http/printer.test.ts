import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { eventCells, namespaceCells, nodeCells, podCells } from '../../src/http/printer.ts';
import { RESOURCES } from '../../src/http/resources.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { ago, containerStatus, NOW_MS, podView, running, samplePods } from './fixture.ts';

interface Recorded {
  now: string;
  cases: { pod: Pod; cells: string[] }[];
}

test('random Pods get the cells that the real printer gave them', () => {
  const path = new URL('../fixtures/printer-cases.json', import.meta.url);
  const { now, cases } = JSON.parse(readFileSync(path, 'utf8')) as Recorded;
  assert.ok(cases.length >= 300);
  for (const { pod, cells } of cases) assert.deepEqual(podCells(pod, Date.parse(now)), cells, JSON.stringify(pod));
});

test('the sample Pods read as kubectl would show them', () => {
  const rows = samplePods().map(({ pod }) => podCells(pod, NOW_MS).slice(0, 5).join(' '));
  assert.deepEqual(rows, [
    'boot-node-1 0/1 Init:0/1 0 30s',
    'job-node-1 0/1 Completed 0 3d2h',
    'web-node-1 2/2 Running 2 (12m ago) 90m',
    'crash-node-1 0/1 CrashLoopBackOff 7 (4m ago) 90m',
  ]);
});

test('a Pod refused by the node shows its reason', () => {
  const { pod } = podView('late', { status: { phase: 'Failed', reason: 'NodePorts' } });
  assert.deepEqual(podCells(pod, NOW_MS).slice(0, 4), ['late-node-1', '0/1', 'NodePorts', '0']);
});

const word = fc.constantFrom('', 'Error', 'Completed', 'CrashLoopBackOff', 'PodInitializing');
const state = fc.oneof(
  fc.constant({}),
  word.map((reason) => ({ waiting: { reason } })),
  fc.constant({ running: { startedAt: ago(3) } }),
  fc.record({ reason: word, exitCode: fc.integer({ min: 0, max: 255 }) }).map((terminated) => ({ terminated })),
);
const status = (name: string) =>
  fc
    .record({ state, lastState: state, ready: fc.boolean(), started: fc.boolean(), restartCount: fc.nat(99) })
    .map((options) => containerStatus(name, options));
const anyPod = fc
  .record({
    apps: fc.array(status('main'), { maxLength: 3 }),
    init: fc.array(status('setup'), { maxLength: 3 }),
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
    deleted: fc.boolean(),
  })
  .map(({ apps, init, phase, deleted }): Pod => {
    const { pod } = podView('any', { status: { ...running(apps), phase, initContainerStatuses: init } });
    return deleted ? { ...pod, metadata: { ...pod.metadata, deletionTimestamp: ago(1) } } : pod;
  });

test('every Pod has a word, and never more ready containers than containers that say so', () => {
  fc.assert(
    fc.property(anyPod, (pod) => {
      const cells = podCells(pod, NOW_MS);
      assert.equal(cells.length, RESOURCES.pods.columns.length);
      assert.notEqual(cells[2], '');
      const ready = Number.parseInt(String(cells[1]), 10);
      assert.ok(ready <= (pod.status?.containerStatuses ?? []).filter((c) => c.ready).length);
    }),
  );
});

test('a node is ready, not ready or unknown, and cordoned on top of it', () => {
  const node = (status: string | undefined, unschedulable = false) =>
    nodeCells(
      {
        metadata: { name: 'n', labels: { 'node-role.kubernetes.io/worker': '', 'kubernetes.io/role': 'edge' } },
        spec: { unschedulable },
        status: status === undefined ? {} : { conditions: [{ type: 'Ready', status }] },
      },
      NOW_MS,
    ).slice(0, 4);
  assert.deepEqual(node('True'), ['n', 'Ready', 'edge,worker', '<unknown>']);
  assert.deepEqual(node('False'), ['n', 'NotReady', 'edge,worker', '<unknown>']);
  assert.deepEqual(node(undefined, true), ['n', 'Unknown,SchedulingDisabled', 'edge,worker', '<unknown>']);
});

test('a namespace shows its phase and age', () => {
  const cells = namespaceCells(
    { metadata: { name: 'x', creationTimestamp: ago(5) }, status: { phase: 'Active' } },
    NOW_MS,
  );
  assert.deepEqual(cells, ['x', 'Active', '5m']);
});

test('an event shows when it was first and last seen, and of what', () => {
  const event = {
    metadata: { name: 'e' },
    involvedObject: { kind: 'Pod', name: 'p', fieldPath: 'spec.containers{c}' },
    source: { component: 'rower', host: 'n' },
    type: 'Warning',
    reason: 'BackOff',
    message: ' text \n',
  };
  assert.deepEqual(eventCells({ ...event, firstTimestamp: ago(9), lastTimestamp: ago(1), count: 4 }, NOW_MS), [
    '60s',
    'Warning',
    'BackOff',
    'pod/p',
    'spec.containers{c}',
    'rower, n',
    'text',
    '9m',
    4,
    'e',
  ]);
  assert.deepEqual(
    eventCells({ ...event, eventTime: ago(2) }, NOW_MS).filter((_, index) => [0, 7, 8].includes(index)),
    ['2m', '2m', 1],
  );
});
