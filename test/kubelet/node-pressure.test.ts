import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { type Disk, NodePressure } from '../../src/kubelet/node-pressure.ts';
import { fillDisk, freeDisk, smallDisk } from '../full-disk.ts';
import { testEnv } from '../http/endpoint.ts';
import { temporaryDirectory } from './temporary.ts';

const disk = (available: number): Disk => ({
  bytes: { available, capacity: 100 },
  inodes: { available: 90, capacity: 100 },
});

test('memory, disks and process ids of the machine are looked at', async (t) => {
  const procRoot = await temporaryDirectory(t);
  const put = (name: string, text: string) => {
    mkdirSync(dirname(join(procRoot, name)), { recursive: true });
    writeFileSync(join(procRoot, name), text);
  };
  put('meminfo', 'MemTotal: 1000000 kB\nMemFree: 5 kB\nMemAvailable: 500000 kB\n');
  put('loadavg', '0.1 0.2 0.3 2/345 9999\n');
  put('sys/kernel/pid_max', '32768\n');
  put('sys/kernel/threads-max', '1000\n');
  let images = 50;
  const env = testEnv();
  const reasons: string[] = [];
  let calls = 0;
  const pressure = new NodePressure({
    env,
    cri: {
      imageFsInfo: async () => {
        calls += 1;
        return [{ mountpoint: '/images', usedBytes: 1, inodesUsed: 1 }];
      },
    },
    rootDir: '/root-dir',
    podLogsDir: '/logs',
    complain: () => {},
    thresholds: { 'memory.available': '100Mi', 'imagefs.available': '15%', 'pid.available': '70%' },
    transitionMs: 60_000,
    record: (reason) => reasons.push(reason),
    procRoot,
    diskOf: async (path) => disk(path === '/images' ? images : 40),
  });
  let changes = 0;
  const stop = pressure.onChange(() => {
    changes += 1;
  });
  const statuses = () =>
    pressure
      .state()
      .conditions.map(({ status }) => status)
      .join(' ');
  await pressure.look();
  assert.equal(statuses(), 'False False True');
  assert.deepEqual([reasons, changes], [['NodeHasInsufficientPID'], 1]);

  images = 14;
  await pressure.look();
  assert.equal(statuses(), 'False True True');
  await pressure.look();
  assert.deepEqual([reasons.at(-1), changes, calls], ['NodeHasDiskPressure', 2, 1]);

  put('meminfo', '');
  images = 50;
  env.advance(60_000);
  await pressure.look();
  assert.equal(statuses(), 'Unknown False True');
  stop();
  put('meminfo', 'MemTotal: 1000000 kB\nMemAvailable: 500000 kB\n');
  await pressure.look();
  assert.deepEqual([statuses(), changes], ['False False True', 3]);
});

test('a runtime that does not answer leaves the machine’s own disk', async (t) => {
  const pressure = new NodePressure({
    env: testEnv(),
    cri: { imageFsInfo: () => Promise.reject(new Error('no socket')) },
    rootDir: await temporaryDirectory(t),
    podLogsDir: '/no-such-directory',
    complain: () => {},
    thresholds: { 'nodefs.available': '0%', 'imagefs.available': '15%' },
    transitionMs: 0,
    record: () => undefined,
  });
  await pressure.look();
  assert.equal(pressure.state().conditions[1]?.status, 'False');
});

test('logs on a disk of their own count as the node’s, and a file system that is read-only is told once', async (t) => {
  const logs = await smallDisk(t, 1024 * 1024);
  const complaints: string[] = [];
  const pressure = new NodePressure({
    env: testEnv(),
    cri: { imageFsInfo: async () => [] },
    rootDir: await temporaryDirectory(t),
    podLogsDir: logs,
    thresholds: { 'nodefs.available': '1%' },
    transitionMs: 0,
    record: () => undefined,
    complain: (...words) => complaints.push(words.join(': ')),
  });
  const look = async () => {
    await pressure.look();
    return pressure.state().conditions[1]?.status;
  };
  assert.equal(await look(), 'False');
  fillDisk(logs);
  assert.equal(await look(), 'True');
  freeDisk(logs);
  assert.equal(await look(), 'False');
  execFileSync('mount', ['-o', 'remount,ro', logs]);
  await look();
  await look();
  assert.equal(complaints.length, 1);
  assert.match(complaints[0] ?? '', /^FilesystemIsReadOnly: .*EROFS.*mount it writable again$/);
  execFileSync('mount', ['-o', 'remount,rw', logs]);
  await look();
  execFileSync('mount', ['-o', 'remount,ro', logs]);
  await look();
  assert.equal(complaints.length, 2);
});
