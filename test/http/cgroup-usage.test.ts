import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { cgroupUsage, containerCgroups } from '../../src/http/cgroup-usage.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { NODE_FACTS } from './fixture.ts';

function write(root: string, files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

const EXPECTED = {
  cpuPeriods: 100,
  cpuThrottledPeriods: 7,
  cpuThrottledSeconds: 1.5,
  cpuUserSeconds: 3,
  cpuSystemSeconds: 2,
  memoryCacheBytes: 4096,
  memorySwapBytes: 512,
  processes: 4,
  io: [{ device: '8:0', readBytes: 10, writtenBytes: 20, reads: 1, writes: 2 }],
};

test('version 1 counts in files of each controller', async (t) => {
  const root = await temporaryDirectory(t);
  write(root, {
    'cpu/g/cpu.stat': 'nr_periods 100\nnr_throttled 7\nthrottled_time 1500000000\n',
    'cpuacct/g/cpuacct.stat': 'user 300\nsystem 200\n',
    'memory/g/memory.stat': 'cache 1\ntotal_cache 4096\ntotal_swap 512\n',
    'pids/g/pids.current': '4\n',
    'blkio/g/blkio.throttle.io_service_bytes': '8:0 Read 10\n8:0 Write 20\n8:0 Total 30\nTotal 30\n',
    'blkio/g/blkio.throttle.io_serviced': '8:0 Read 1\n8:0 Write 2\nTotal 3\n',
  });
  assert.deepEqual(cgroupUsage(['none', 'g'], 1, root), EXPECTED);
});

test('version 2 counts in files of one group', async (t) => {
  const root = await temporaryDirectory(t);
  write(root, {
    'g/cpu.stat':
      'usage_usec 5000000\nuser_usec 3000000\nsystem_usec 2000000\nnr_periods 100\nnr_throttled 7\nthrottled_usec 1500000\n',
    'g/memory.stat': 'anon 1\nfile 4096\n',
    'g/memory.swap.current': '512\n',
    'g/pids.current': '4\n',
    'g/io.stat': '8:0 rbytes=10 wbytes=20 rios=1 wios=2 dbytes=0 dios=0\n9:0\n',
  });
  assert.deepEqual(cgroupUsage(['none', 'g'], 2, root), EXPECTED);
});

test('what is not there is not counted', async (t) => {
  const root = await temporaryDirectory(t);
  for (const version of [1, 2] as const) assert.deepEqual(cgroupUsage(['none'], version, root), { io: [] });
  write(root, { 'g/cpu.stat': 'usage_usec 1\n' });
  assert.deepEqual(cgroupUsage(['g'], 2, root), { io: [] });
});

test('a container’s group is named as containerd or CRI-O name it', () => {
  assert.deepEqual(containerCgroups('u-1', 'Burstable', 'c1', NODE_FACTS), [
    '/kubepods/burstable/podu-1/c1',
    '/kubepods/burstable/podu-1/crio-c1',
  ]);
  assert.deepEqual(containerCgroups('u-1', 'Guaranteed', 'c1', { ...NODE_FACTS, cgroupDriver: 'systemd' }), [
    '/kubepods.slice/kubepods-podu_1.slice/cri-containerd-c1.scope',
    '/kubepods.slice/kubepods-podu_1.slice/crio-c1.scope',
  ]);
});
