import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Allocations } from '../../src/kubelet/allocations.ts';
import type { Admission } from '../../src/kubelet/plan/admission.ts';
import type { Resolved } from '../../src/kubelet/plan/resolve.ts';
import type { Revision } from '../../src/kubelet/types.ts';
import { container, KEY, observed, revision, sandbox } from './build.ts';
import { node } from './node.ts';

const asking = (cpu: string) => revision({ containers: [container({ resources: { requests: { cpu } } })] });
const wanting = (wanted: Revision): Resolved => ({
  slots: new Map([[KEY, { state: 'want', key: KEY, revision: wanted }]]),
  order: [KEY],
  problems: [],
});
const decided = (admission: Admission) => new Map([[KEY, admission]]);

test('what was given is remembered, whatever the manifest says since', () => {
  const allocations = new Allocations(node());
  const [small, large] = [asking('1'), asking('2')];
  allocations.keep(wanting(small), decided({ verdict: 'admit' }));
  assert.equal(allocations.of(large, undefined), small.pod);
  const pending = { reason: 'Deferred' as const, message: '' };
  allocations.keep(wanting(large), decided({ verdict: 'admit', allocated: small.pod, pending }));
  assert.equal(allocations.of(large, undefined), small.pod);
  allocations.keep(wanting(large), decided({ verdict: 'admit' }));
  assert.equal(allocations.of(small, undefined), large.pod);
});

test('what is rejected or gone is forgotten, and then read back from the runtime', () => {
  const allocations = new Allocations(node());
  const [small, large] = [asking('1'), asking('2')];
  allocations.keep(wanting(small), decided({ verdict: 'admit' }));
  allocations.keep(wanting(large), decided({ verdict: 'reject', reason: 'OutOfcpu', message: '' }));
  assert.equal(allocations.of(large, undefined), large.pod);
  const seen = observed([sandbox(small)], []);
  assert.deepEqual(allocations.of(large, seen).spec.containers[0]?.resources, { requests: { cpu: '1' } });
});
