import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Refusal } from '../../../src/kubelet/plan/admission.ts';
import { admitSlots } from '../../../src/kubelet/plan/admit-slots.ts';
import type { Resolved } from '../../../src/kubelet/plan/resolve.ts';
import { podKey, type Revision } from '../../../src/kubelet/types.ts';
import { container, observed, revision, sandbox } from '../build.ts';

const withPort = (name: string, privileged: boolean): Revision => ({
  ...revision(
    {
      containers: [
        container({
          ports: [{ containerPort: 80, hostPort: 80, protocol: 'TCP' }],
          securityContext: { privileged },
        }),
      ],
    },
    name,
  ),
  key: podKey('default', name),
});
const REFUSAL: Refusal = { verdict: 'reject', forbidden: true, reason: 'PolicyForbidden', message: 'no' };

function verdicts(wanted: Revision[], standing: Revision[] = []): string[] {
  const resolved: Resolved = {
    slots: new Map(wanted.map((one) => [one.key, { state: 'want', key: one.key, revision: one }])),
    order: wanted.map((one) => one.key),
    problems: [],
  };
  const pods = new Map(standing.map((one) => [one.key, { ...observed([sandbox(one)], []), key: one.key }]));
  const forbidden = (pod: Revision['pod']) =>
    pod.spec.containers[0]?.securityContext?.privileged ? REFUSAL : undefined;
  const admissions = admitSlots(resolved, { generation: 1, pods }, new Map(), {
    capacity: { maxPods: 110, room: new Map() },
    runningAs: ({ pod }) => pod,
    forbidden,
  });
  return [...admissions].sort().map(([key, { verdict }]) => `${key} ${verdict}`);
}

test('what is forbidden takes no port from others', () => {
  assert.deepEqual(verdicts([withPort('a', true), withPort('b', false)]), ['default/a reject', 'default/b admit']);
});

test('what is forbidden and stands keeps its port as long as it stands', () => {
  const a = withPort('a', true);
  assert.deepEqual(verdicts([a, withPort('b', false)], [a]), ['default/a reject', 'default/b reject']);
});
