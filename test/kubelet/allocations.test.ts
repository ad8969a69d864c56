import assert from 'node:assert/strict';
import { describe, it, test } from 'node:test';
import { Allocations, type MemoryRequests } from '../../src/kubelet/allocations.ts';
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
const nobody = { pods: new Map() };
const decided = (admission: Admission) => new Map([[KEY, admission]]);

test('what was given is remembered, whatever the manifest says since', () => {
  const allocations = new Allocations(node());
  const [small, large] = [asking('1'), asking('2')];
  allocations.keep(wanting(small), decided({ verdict: 'admit' }), nobody);
  assert.equal(allocations.of(large, undefined), small.pod);
  const pending = { reason: 'Deferred' as const, message: '' };
  allocations.keep(wanting(large), decided({ verdict: 'admit', allocated: small.pod, pending }), nobody);
  assert.equal(allocations.of(large, undefined), small.pod);
  allocations.keep(wanting(large), decided({ verdict: 'admit' }), nobody);
  assert.equal(allocations.of(small, undefined), large.pod);
});

test('what is rejected or gone is forgotten, and then read back from the runtime', () => {
  const allocations = new Allocations(node());
  const [small, large] = [asking('1'), asking('2')];
  allocations.keep(wanting(small), decided({ verdict: 'admit' }), nobody);
  allocations.keep(wanting(large), decided({ verdict: 'reject', reason: 'OutOfcpu', message: '' }), nobody);
  assert.equal(allocations.of(large, undefined), large.pod);
  const seen = observed([sandbox(small)], []);
  assert.deepEqual(allocations.of(large, seen).spec.containers[0]?.resources, { requests: { cpu: '1' } });
});

describe('memory requests that changed while the Pod ran', () => {
  const needing = (memory: string) =>
    revision({ containers: [container({ resources: { requests: { cpu: '1', memory } } })] });
  const [small, large] = [needing('1Gi'), needing('2Gi')];
  const running = { pods: new Map([[KEY, observed([sandbox(small)], [])]]) };
  const memoryOf = (requests: MemoryRequests = new Map()) => {
    const kept: MemoryRequests[] = [];
    return { requests, kept, keep: (now: MemoryRequests) => kept.push(now) };
  };
  const stands = (allocations: Allocations, wanted: Revision) =>
    allocations.of(wanted, running.pods.get(KEY)).spec.containers[0]?.resources?.requests;

  it('are told once, and known to the next agent', () => {
    const memory = memoryOf();
    const first = new Allocations(node(), memory);
    for (const wanted of [small, large, large]) {
      stands(first, wanted);
      first.keep(wanting(wanted), decided({ verdict: 'admit' }), running);
    }
    assert.deepEqual(memory.kept, [new Map([['u1', { main: '2Gi' }]])]);
    const next = new Allocations(node(), memoryOf(memory.kept[0]));
    assert.deepEqual(stands(next, large), { cpu: '1', memory: '2Gi' });
    assert.deepEqual(stands(new Allocations(node()), large), { cpu: '1', memory: '1Gi' }, 'without it');
  });

  it('are told though the agent was away when the manifest changed', () => {
    const memory = memoryOf();
    const allocations = new Allocations(node(), memory);
    stands(allocations, large);
    allocations.keep(wanting(large), decided({ verdict: 'admit' }), running);
    assert.equal(memory.kept.length, 1);
  });

  it('are not told of Pods that never changed', () => {
    const memory = memoryOf();
    const allocations = new Allocations(node(), memory);
    for (let round = 0; round < 2; round += 1) {
      stands(allocations, small);
      allocations.keep(wanting(small), decided({ verdict: 'admit' }), running);
    }
    assert.deepEqual(memory.kept, []);
  });

  it('stay as long as anything of the Pod is there, also while its manifest cannot be read', () => {
    const memory = memoryOf(new Map([['u1', { main: '2Gi' }]]));
    const allocations = new Allocations(node(), memory);
    const unknown: Resolved = { slots: new Map(), order: [], problems: [] };
    allocations.keep(unknown, new Map(), running);
    assert.deepEqual(stands(allocations, large), { cpu: '1', memory: '2Gi' });
    allocations.keep(unknown, new Map(), nobody);
    assert.deepEqual(memory.kept, [new Map()]);
  });
});
