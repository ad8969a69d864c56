import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { portMappings } from '../../../src/kubelet/sandbox/ports.ts';
import type { ContainerPort } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';

const tcp = (containerPort: number, change: Partial<ContainerPort> = {}): ContainerPort => ({
  containerPort,
  protocol: 'TCP',
  ...change,
});
const mappings = (...ports: ContainerPort[][]) =>
  portMappings(revision({ containers: ports.map((one, index) => container({ name: `c${index}`, ports: one })) }).pod);

test('every container port is listed, in order, with host port 0 where there is none', () => {
  assert.deepEqual(
    mappings([tcp(80, { hostPort: 8080 }), tcp(81)], [tcp(53, { protocol: 'UDP', hostIP: '127.0.0.1', hostPort: 53 })]),
    [
      { protocol: 'TCP', containerPort: 80, hostPort: 8080, hostIp: '' },
      { protocol: 'TCP', containerPort: 81, hostPort: 0, hostIp: '' },
      { protocol: 'UDP', containerPort: 53, hostPort: 53, hostIp: '127.0.0.1' },
    ],
  );
});

test('ports of init containers and sidecars are not mapped', () => {
  const { pod } = revision({
    initContainers: [container({ restartPolicy: 'Always', ports: [tcp(80, { hostPort: 80 })] })],
  });
  assert.deepEqual(portMappings(pod), []);
});

const duplicates: [string, ContainerPort[], number][] = [
  ['the same port twice is mapped once', [tcp(80), tcp(80)], 1],
  ['another protocol is another mapping', [tcp(80), tcp(80, { protocol: 'UDP' })], 2],
  ['another host port is another mapping', [tcp(80, { hostPort: 1 }), tcp(80, { hostPort: 2 })], 2],
  ['another address is another mapping', [tcp(80, { hostIP: '127.0.0.1' }), tcp(80, { hostIP: '::1' })], 2],
  ['the same name twice is mapped once', [tcp(80, { name: 'web' }), tcp(81, { name: 'web' })], 1],
  ['a named port is no duplicate of an unnamed one', [tcp(80, { name: 'web' }), tcp(80)], 2],
];

for (const [name, ports, expected] of duplicates) test(name, () => assert.equal(mappings(ports).length, expected));

test('the same port in two containers is mapped for both', () => {
  assert.equal(mappings([tcp(80, { hostPort: 80 })], [tcp(80, { hostPort: 80 })]).length, 2);
});

const port = fc.record({
  containerPort: fc.integer({ min: 1, max: 3 }),
  hostPort: fc.integer({ min: 0, max: 2 }),
  protocol: fc.constantFrom('TCP', 'UDP'),
  hostIP: fc.constantFrom('', '127.0.0.1', '::1'),
});

test('mapping what was mapped changes nothing, and nothing that was asked is missing', () => {
  fc.assert(
    fc.property(fc.array(port, { maxLength: 20 }), (ports) => {
      const once = mappings(ports);
      const key = (one: { protocol: string; containerPort: number; hostPort?: number }, ip: string) =>
        `${one.protocol} ${ip} ${one.containerPort} ${one.hostPort}`;
      const keys = once.map((one) => key(one, one.hostIp));
      assert.equal(new Set(keys).size, keys.length);
      assert.deepEqual(new Set(keys), new Set(ports.map((one) => key(one, one.hostIP))));
      assert.deepEqual(mappings(once.map((one) => ({ ...one, hostIP: one.hostIp }))), once);
    }),
  );
});
