import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  overheadResources,
  podBytes,
  podCgroupValues,
  podMilliCpu,
  sandboxResources,
} from '../../../src/kubelet/sandbox/resources.ts';
import type { Container, Pod, PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

const MI = 1024 ** 2;

/** A container that requests and is limited to these. */
const sized = (cpu?: string, memory?: string, change: Partial<Container> = {}): Container => {
  const list = { ...(cpu && { cpu }), ...(memory && { memory }) };
  return container({ resources: { requests: list, limits: list }, ...change });
};
const sidecar = (cpu: string) => sized(cpu, undefined, { restartPolicy: 'Always' });
const pod = (spec: Partial<PodSpec>): Pod => revision(spec).pod;

const sums: [string, Partial<PodSpec>, number][] = [
  ['regular containers run together', { containers: [sized('100m'), sized('200m')] }, 300],
  [
    'the largest init container counts when it needs more',
    { containers: [sized('100m')], initContainers: [sized('1'), sized('2')] },
    2000,
  ],
  ['a smaller init container does not', { containers: [sized('3')], initContainers: [sized('2')] }, 3000],
  ['sidecars run beside the regular ones', { containers: [sized('100m')], initContainers: [sidecar('50m')] }, 150],
  [
    'an init container runs beside the sidecars before it',
    { containers: [sized('100m')], initContainers: [sidecar('500m'), sized('1'), sidecar('500m')] },
    1500,
  ],
  ['overhead is added', { containers: [sized('100m')], overhead: { cpu: '50m' } }, 150],
  [
    'an amount for the whole Pod replaces the sum',
    { containers: [sized('100m')], resources: { requests: { cpu: '2' } } },
    2000,
  ],
];

for (const [name, spec, expected] of sums)
  test(`of the cpu requests, ${name}`, () => assert.equal(podMilliCpu(pod(spec), 'requests'), expected));

test('overhead makes no limit where there is none', () => {
  const spec = { containers: [container()], overhead: { cpu: '50m', memory: '10Mi' } };
  assert.equal(podMilliCpu(pod(spec), 'limits'), 0);
  assert.equal(podBytes(pod(spec), 'limits', 'memory'), 0);
  assert.equal(podBytes(pod(spec), 'requests', 'memory'), 10 * MI);
});

test('a Guaranteed Pod is limited to the sum of its containers', () => {
  const given = pod({ containers: [sized('500m', '64Mi'), sized('250m', '32Mi', { name: 'b' })] });
  assert.deepEqual(podCgroupValues(given, node({ podPidsLimit: 100 })), {
    cpuShares: 768,
    cpuQuotaUs: 75_000,
    memoryLimitBytes: 96 * MI,
    pidsLimit: 100,
    hugePages: [],
  });
});

test('a Burstable Pod is limited only in what all containers are limited in, init ones too', () => {
  const given = (init: Container[]) =>
    podCgroupValues(
      pod({ containers: [sized('500m', '64Mi'), sized(undefined, '32Mi', { name: 'b' })], initContainers: init }),
      node(),
    );
  assert.deepEqual(given([]), { cpuShares: 512, memoryLimitBytes: 96 * MI, hugePages: [] });
  assert.deepEqual(given([container({ name: 'i' })]), { cpuShares: 512, hugePages: [] });
});

test('a BestEffort Pod has the smallest weight and no limit', () => {
  assert.deepEqual(podCgroupValues(pod({}), node()), { cpuShares: 2, hugePages: [] });
});

test('no quota is set when CFS quota is off', () => {
  const values = podCgroupValues(pod({ containers: [sized('1', '64Mi')] }), node({ cpuCFSQuota: false }));
  assert.equal(values.cpuQuotaUs, undefined);
  assert.equal(values.memoryLimitBytes, 64 * MI);
});

test('huge pages are limited to the sum, and to nothing for sizes not asked for', () => {
  const pages = {
    limits: { 'hugepages-2Mi': '4Mi', memory: '1Mi' },
    requests: { 'hugepages-2Mi': '4Mi', memory: '1Mi' },
  };
  const given = pod({ containers: [container({ resources: pages }), container({ name: 'b', resources: pages })] });
  const values = podCgroupValues(given, node({ hugePageSizes: ['2MB', '1GB'] }));
  assert.deepEqual(values.hugePages, [
    { pageSize: '2MB', limit: 8 * MI },
    { pageSize: '1GB', limit: 0 },
  ]);
  assert.deepEqual(podCgroupValues(given, node()).hugePages, [{ pageSize: '2MB', limit: 8 * MI }]);
});

test('the sandbox is told the sums without overhead, and limits only when every container has one', () => {
  const both = pod({ containers: [sized('500m', '64Mi')], overhead: { cpu: '1', memory: '1Gi' } });
  assert.deepEqual(sandboxResources(both, node()), {
    cpuShares: 512,
    cpuPeriod: 100_000,
    cpuQuota: 50_000,
    memoryLimitInBytes: 64 * MI,
  });
  const one = pod({ containers: [sized('500m', '64Mi'), container({ name: 'b' })] });
  assert.deepEqual(sandboxResources(one, node()), { cpuShares: 512, cpuPeriod: 100_000 });
  assert.deepEqual(sandboxResources(one, node({ cpuCFSQuota: false })), { cpuShares: 512 });
});

test('overhead is request and limit at once, and an empty object when there is none', () => {
  assert.deepEqual(overheadResources(pod({}), node()), {});
  assert.deepEqual(overheadResources(pod({ overhead: { cpu: '250m', memory: '10Mi' } }), node()), {
    cpuShares: 256,
    cpuPeriod: 100_000,
    cpuQuota: 25_000,
    memoryLimitInBytes: 10 * MI,
  });
});
