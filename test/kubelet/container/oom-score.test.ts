import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { oomScoreAdj } from '../../../src/kubelet/container/oom-score.ts';
import type { Container, PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';

const CAPACITY = 8_000_000_000;
const asking = (memory: string, change: Partial<Container> = {}) =>
  container({ resources: { requests: { memory } }, ...change });
const guaranteed = container({
  resources: { requests: { cpu: '1', memory: '1Gi' }, limits: { cpu: '1', memory: '1Gi' } },
});
const score = (of: Container, spec: Partial<PodSpec> = { containers: [of] }) =>
  oomScoreAdj(revision(spec).pod, of, CAPACITY);

test('the score follows the class and, in between, the memory request', () => {
  const cases: [string, Container, number][] = [
    ['BestEffort', container(), 1000],
    ['Guaranteed', guaranteed, -997],
    ['a quarter of the machine', asking('2000000000'), 750],
    ['less than a thousandth', asking('7999999'), 999],
    ['just over a thousandth', asking('8000001'), 999],
    ['two thousandths', asking('16000000'), 998],
    ['all of it', asking('8000000000'), 3],
    ['more than there is', asking('80000000000'), 3],
    ['cpu only', container({ resources: { requests: { cpu: '1' } } }), 999],
  ];
  for (const [name, of, expected] of cases) assert.equal(score(of), expected, name);
});

test('a node-critical Pod is as safe as a Guaranteed one', () => {
  assert.equal(score(container(), { containers: [container()], priorityClassName: 'system-node-critical' }), -997);
  assert.equal(score(container(), { containers: [container()], priorityClassName: 'system-cluster-critical' }), 1000);
});

test('a sidecar is never more exposed than the regular container with the smallest request', () => {
  const sidecar = asking('8000000', { name: 'side', restartPolicy: 'Always' });
  const spec = { containers: [asking('4000000000', { name: 'a' }), asking('2000000000', { name: 'b' })] };
  assert.equal(score(sidecar, { ...spec, initContainers: [sidecar] }), 750);
  const large = asking('6000000000', { name: 'side', restartPolicy: 'Always' });
  assert.equal(score(large, { ...spec, initContainers: [large] }), 250);
  const plain = asking('8000000', { name: 'init' });
  assert.equal(score(plain, { ...spec, initContainers: [plain] }), 999);
});

test('memory requested for the whole Pod is shared among its containers', () => {
  const containers = [asking('1000000000', { name: 'a' }), asking('1000000000', { name: 'b' })];
  const resources = { requests: { memory: '6000000000' } };
  assert.equal(score(containers[0] as Container, { containers, resources }), 625);
  const less = { requests: { memory: '1000000000' } };
  assert.equal(score(containers[0] as Container, { containers, resources: less }), 875);
});

test('a Burstable score is always between 3 and 999', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1 }), (bytes) => {
      const found = score(asking(String(bytes)));
      assert.ok(found >= 3 && found <= 999, String(found));
    }),
  );
});
