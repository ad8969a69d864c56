import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { nodeUsage, spaceOf } from '../../src/http/node-usage.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

test('a machine is measured by its procfs', async (t) => {
  const root = await temporaryDirectory(t);
  const files = {
    stat: 'cpu  100 10 50 9000 800 5 5 30 7 0\ncpu0 1 1 1 1\n',
    meminfo:
      'MemTotal: 1000 kB\nMemFree: 200 kB\nMemAvailable: 600 kB\nAnonPages: 150 kB\nSwapTotal: 50 kB\nSwapFree: 20 kB\n',
    'net/dev':
      'Inter-| Receive | Transmit\n face |bytes\n  lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\neth0: 11 2 3 4 0 0 0 0 22 5 6 7 0 0 0 0\n',
    'net/route':
      'Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\neth0\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\n',
    loadavg: '0.1 0.2 0.3 2/345 9999\n',
    'sys/kernel/pid_max': '32768\n',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, 'proc', name)), { recursive: true });
    writeFileSync(join(root, 'proc', name), text);
  }
  assert.deepEqual(await nodeUsage(1000, root), {
    cpu: { timestampMs: 1000, usageCoreNanoSeconds: 200e7 },
    memory: {
      timestampMs: 1000,
      availableBytes: 600 * 1024,
      usageBytes: 800 * 1024,
      workingSetBytes: 400 * 1024,
      rssBytes: 150 * 1024,
    },
    swapUsageBytes: 30 * 1024,
    network: {
      name: 'eth0',
      rxBytes: 11,
      rxErrors: 3,
      txBytes: 22,
      txErrors: 6,
      rxPackets: 2,
      rxDropped: 4,
      txPackets: 5,
      txDropped: 7,
    },
    processes: { now: 345, limit: 32768 },
  });
});

test('what cannot be read is left out', async (t) => {
  assert.deepEqual(await nodeUsage(1000, await temporaryDirectory(t)), {});
  assert.equal(await spaceOf('/nowhere/at/all'), undefined);
  assert.ok(((await spaceOf('/'))?.capacityBytes ?? 0) > 0);
});
