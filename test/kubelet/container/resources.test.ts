import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerResources } from '../../../src/kubelet/container/resources.ts';
import type { Node } from '../../../src/kubelet/node.ts';
import type { Container, PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

const MI = 1024 ** 2;

function resources(given: Container['resources'], change: Partial<Node> = {}, spec: Partial<PodSpec> = {}) {
  const one = container({ resources: given ?? {} });
  return containerResources(revision({ containers: [one], ...spec }).pod, one, node(change));
}

test('without resources only the smallest weight is sent', () => {
  assert.deepEqual(resources({}), { cpuShares: 2, cpuPeriod: 100_000, oomScoreAdj: 1000, hugepageLimits: [] });
});

test('requests become shares, limits become quota and memory', () => {
  const given = { requests: { cpu: '250m', memory: '32Mi' }, limits: { cpu: '500m', memory: '64Mi' } };
  assert.deepEqual(resources(given), {
    cpuShares: 256,
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    memoryLimitInBytes: 64 * MI,
    oomScoreAdj: 997,
    hugepageLimits: [],
  });
});

test('a limit without a request requests the limit', () => {
  assert.equal(resources({ limits: { cpu: '2' } }).cpuShares, 2048);
});

test('neither period nor quota is sent when CFS quota is off', () => {
  const { cpuPeriod, cpuQuota } = resources({ limits: { cpu: '2' } }, { cpuCFSQuota: false });
  assert.deepEqual([cpuPeriod, cpuQuota], [undefined, undefined]);
});

test('limits of the whole Pod hold for a container without its own', () => {
  const spec = { resources: { limits: { cpu: '1', memory: '64Mi' } } };
  const { cpuQuota, memoryLimitInBytes } = resources({ limits: { memory: '32Mi' } }, {}, spec);
  assert.deepEqual([cpuQuota, memoryLimitInBytes], [100_000, 32 * MI]);
});

const swap: [string, Partial<Node>, Container['resources'], object][] = [
  [
    'version 1 with accounting: memory and swap together are the limit',
    { swapAccounting: true },
    { limits: { memory: '64Mi' } },
    { memorySwapLimitInBytes: 64 * MI },
  ],
  ['version 1 with accounting, no limit: nothing', { swapAccounting: true }, {}, {}],
  ['version 1 without accounting: nothing', {}, { limits: { memory: '64Mi' } }, {}],
  [
    'version 2 with accounting: none',
    { cgroupVersion: 2, swapAccounting: true },
    {},
    { unified: { 'memory.oom.group': '1', 'memory.swap.max': '0' } },
  ],
  [
    'version 2 without accounting: only the kill of the group',
    { cgroupVersion: 2 },
    {},
    { unified: { 'memory.oom.group': '1' } },
  ],
];

for (const [name, change, given, expected] of swap)
  test(`swap, cgroup ${name}`, () => {
    const { memorySwapLimitInBytes, unified } = resources(given, change);
    const found = { ...(memorySwapLimitInBytes && { memorySwapLimitInBytes }), ...(unified && { unified }) };
    assert.deepEqual(found, expected);
  });

test('each page size of the machine is limited, to zero where nothing is asked', () => {
  const given = { requests: { 'hugepages-2Mi': '4Mi' }, limits: { 'hugepages-2Mi': '4Mi', memory: '1Mi' } };
  assert.deepEqual(resources(given, { hugePageSizes: ['2MB', '1GB'] }).hugepageLimits, [
    { pageSize: '2MB', limit: 4 * MI },
    { pageSize: '1GB', limit: 0 },
  ]);
  assert.deepEqual(resources(given).hugepageLimits, [{ pageSize: '2MB', limit: 4 * MI }]);
});
