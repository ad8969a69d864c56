import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toContainerStats, toSandboxStats, type WireContainerStats } from '../../src/cri/stats.ts';

const value = (number: number) => ({ value: number });
const SECOND_NANOS = 1e9;

const WIRE: WireContainerStats = {
  attributes: { id: 'c1', metadata: { name: 'main', attempt: 2 }, labels: { a: 'b' } },
  cpu: { timestamp: 5 * SECOND_NANOS, usageCoreNanoSeconds: value(7), usageNanoCores: null },
  memory: {
    timestamp: 6 * SECOND_NANOS,
    workingSetBytes: value(1),
    availableBytes: null,
    usageBytes: value(2),
    rssBytes: value(0),
    pageFaults: null,
    majorPageFaults: null,
  },
  writableLayer: { timestamp: 0, fsId: { mountpoint: '/m' }, usedBytes: value(4096), inodesUsed: null },
  swap: { swapUsageBytes: value(9) },
};

test('what was measured is passed on, a zero too, and what was not is absent', () => {
  assert.deepEqual(toContainerStats(WIRE), {
    id: 'c1',
    name: 'main',
    attempt: 2,
    labels: { a: 'b' },
    cpu: { timestampMs: 5000, usageCoreNanoSeconds: 7 },
    memory: { timestampMs: 6000, workingSetBytes: 1, usageBytes: 2, rssBytes: 0 },
    swapUsageBytes: 9,
    writableLayer: { timestampMs: 0, mountpoint: '/m', usedBytes: 4096 },
  });
});

test('a container that does not run has neither cpu nor memory', () => {
  const cpu = { timestamp: 0, usageCoreNanoSeconds: null, usageNanoCores: null };
  const { memory: _memory, ...rest } = toContainerStats({ ...WIRE, cpu, memory: null });
  assert.deepEqual([_memory, 'cpu' in rest], [undefined, false]);
});

test('a sandbox has its interfaces, the default one first, and its processes', () => {
  const eth = { name: 'eth0', rxBytes: value(1), rxErrors: null, txBytes: value(2), txErrors: null };
  const network = { timestamp: SECOND_NANOS, defaultInterface: eth, interfaces: [{ ...eth, name: 'net1' }] };
  const stats = toSandboxStats({
    attributes: { id: 's1', labels: {} },
    linux: { cpu: WIRE.cpu, memory: null, network, process: { processCount: value(3) } },
  });
  assert.deepEqual(stats.network, {
    timestampMs: 1000,
    interfaces: [
      { name: 'eth0', rxBytes: 1, txBytes: 2 },
      { name: 'net1', rxBytes: 1, txBytes: 2 },
    ],
  });
  assert.equal(stats.processCount, 3);
  assert.deepEqual(toSandboxStats({ attributes: null, linux: null }), { id: '', labels: {} });
});
