import assert from 'node:assert/strict';
import { test } from 'node:test';
import { containerResource } from '../../../src/kubelet/container/resource-field.ts';
import type { Node } from '../../../src/kubelet/node.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

const main = container({
  resources: {
    requests: { cpu: '250m', memory: '100M', 'ephemeral-storage': '1Gi' },
    limits: { cpu: '1500m', memory: '1Gi', 'hugepages-2Mi': '4Mi' },
  },
});
const bare = container({ name: 'bare', resources: {} });

function value(
  resource: string,
  divisor?: string,
  containerName?: string,
  spec: Partial<PodSpec> = {},
  change: Partial<Node> = {},
) {
  const { pod } = revision({ containers: [main], initContainers: [bare], ...spec });
  const ref = { resource, ...(divisor !== undefined && { divisor }), ...(containerName && { containerName }) };
  return containerResource(ref, { pod, container: main, node: node(change) });
}

const cases: [string, string | undefined, string | undefined, string][] = [
  ['limits.cpu', undefined, undefined, '2'],
  ['limits.cpu', '0', undefined, '2'],
  ['limits.cpu', '1m', undefined, '1500'],
  ['limits.cpu', '1', undefined, '2'],
  ['requests.cpu', '1', undefined, '1'],
  ['requests.cpu', '100m', undefined, '3'],
  ['limits.memory', undefined, undefined, '1073741824'],
  ['limits.memory', '1Mi', undefined, '1024'],
  ['requests.memory', '1Mi', undefined, '96'],
  ['requests.ephemeral-storage', '1Mi', undefined, '1024'],
  ['limits.hugepages-2Mi', '1Mi', undefined, '4'],
  ['requests.cpu', '1m', 'bare', '0'],
  ['requests.memory', undefined, 'bare', '0'],
  ['limits.cpu', '1m', 'bare', '4000'],
  ['limits.memory', '1Gi', 'bare', '8'],
];

for (const [resource, divisor, name, expected] of cases)
  test(`${resource} of ${name ?? 'itself'} by ${divisor ?? 'default'} is ${expected}`, () =>
    assert.equal(value(resource, divisor, name), expected));

test('a limit that is not set is what the machine has for Pods, or the whole Pod’s', () => {
  const allocatable = { cpuMillis: 3500, memoryBytes: 7 * 1024 ** 3 };
  assert.equal(value('limits.cpu', '1m', 'bare', {}, { allocatable }), '3500');
  assert.equal(value('limits.memory', '1Gi', 'bare', {}, { allocatable }), '7');
  assert.equal(value('limits.memory', '1Gi', 'bare', { resources: { limits: { memory: '2Gi' } } }), '2');
});

test('unknown resources and containers are refused', () => {
  for (const resource of ['limits.gpu', 'cpu', 'status.cpu', 'limits.hugepages-'])
    assert.throws(() => value(resource), {
      name: 'ConfigError',
      message: `unsupported container resource : ${resource}`,
    });
  assert.throws(() => value('limits.cpu', '1', 'ghost'), { name: 'ConfigError', message: 'container ghost not found' });
});
