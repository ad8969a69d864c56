import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ConditionFacts, podConditions } from '../../../src/kubelet/status/conditions.ts';

const FACTS: ConditionFacts = {
  phase: 'Running',
  startTimeMs: 0,
  sandboxReadySinceMs: 1000,
  containers: [{ name: 'main', ready: true, sinceMs: 2000 }],
  initialisedAtMs: 1000,
  uninitialised: [],
  readinessGates: [],
  before: undefined,
  nowMs: 5000,
};

function ready(change: Partial<ConditionFacts>) {
  const list = podConditions({ ...FACTS, ...change });
  assert.deepEqual(
    list.map(({ type }) => type),
    ['PodReadyToStartContainers', 'Initialized', 'Ready', 'ContainersReady', 'PodScheduled'],
  );
  const { status, reason, message } = list[2] ?? {};
  return { status, reason, message, containersReady: list[3]?.status };
}

const missing = (gate: string) => `corresponding condition of pod readiness gate "${gate}" does not exist.`;

describe('the Ready condition', () => {
  for (const [what, readinessGates, change, expected] of [
    [
      'is true without gates',
      [],
      {},
      { status: 'True', reason: undefined, message: undefined, containersReady: 'True' },
    ],
    [
      'waits for gates that nobody can open here, and names each',
      ['example.com/a', 'b'],
      {},
      {
        status: 'False',
        reason: 'ReadinessGatesNotReady',
        message: `${missing('example.com/a')}, ${missing('b')}`,
        containersReady: 'True',
      },
    ],
    [
      'may wait for a condition that there is',
      ['Initialized', 'ContainersReady'],
      {},
      { status: 'True', reason: undefined, message: undefined, containersReady: 'True' },
    ],
    [
      'says what such a condition is',
      ['PodReadyToStartContainers'],
      { sandboxReadySinceMs: undefined },
      {
        status: 'False',
        reason: 'ReadinessGatesNotReady',
        message: 'the status of pod readiness gate "PodReadyToStartContainers" is not "True", but False',
        containersReady: 'True',
      },
    ],
    [
      'speaks of containers first',
      ['b'],
      { containers: [{ name: 'main', ready: false, sinceMs: 2000 }] },
      {
        status: 'False',
        reason: 'ContainersNotReady',
        message: 'containers with unready status: [main]',
        containersReady: 'False',
      },
    ],
  ] as const) {
    it(what, () => assert.deepEqual(ready({ ...change, readinessGates }), expected));
  }
});

describe('the conditions of a resize', () => {
  const types = (change: Partial<ConditionFacts>) =>
    podConditions({ ...FACTS, ...change })
      .slice(0, -5)
      .map(({ type, status, reason, message }) => [type, status, reason, message].filter((part) => part !== undefined));
  const pending = { reason: 'Deferred', message: 'no room' } as const;
  for (const [what, change, expected] of [
    ['are not there without one', {}, []],
    ['say why it does not begin', { pending }, [['PodResizePending', 'True', 'Deferred', 'no room']]],
    ['say that it is under way', { resizing: {} }, [['PodResizeInProgress', 'True']]],
    [
      'say what keeps it from its end, before all others',
      { pending, resizing: { error: 'busy' } },
      [
        ['PodResizePending', 'True', 'Deferred', 'no room'],
        ['PodResizeInProgress', 'True', 'Error', 'busy'],
      ],
    ],
  ] as [string, Partial<ConditionFacts>, string[][]][])
    it(what, () => assert.deepEqual(types(change), expected));

  it('keep the time at which they began', () => {
    const [first] = podConditions({ ...FACTS, pending });
    const [second] = podConditions({ ...FACTS, pending, nowMs: 9000, before: first ? [first] : [] });
    assert.equal(second?.lastTransitionTime, first?.lastTransitionTime);
  });
});
