import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { access, mkdir, readdir, readFile, rmdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import type { Node } from '../../../src/kubelet/node.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { PodCgroups } from '../../../src/kubelet/volumes/pod-cgroups.ts';
import { Slices } from '../../../src/kubelet/volumes/slices.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';
import { temporaryDirectory } from '../temporary.ts';

const BURSTABLE: Partial<PodSpec> = {
  containers: [container({ resources: { requests: { cpu: '250m' }, limits: { cpu: '500m', memory: '64Mi' } } })],
};
const GROUPS = ['kubepods', 'kubepods/burstable', 'kubepods/burstable/podu1', 'kubepods/besteffort'];
const V1: Record<string, string[]> = {
  cpu: ['cpu.shares', 'cpu.cfs_period_us', 'cpu.cfs_quota_us'],
  memory: ['memory.limit_in_bytes'],
  pids: ['pids.max'],
  cpuset: [],
};
const V2 = ['cpu.weight', 'cpu.max', 'memory.max', 'pids.max', 'cgroup.subtree_control'];

/** Plain directories with the files that the kernel would put there. */
async function fakeTree(root: string, files: Record<string, string[]>): Promise<void> {
  for (const [tree, names] of Object.entries(files))
    for (const group of ['', ...GROUPS]) {
      await mkdir(join(root, tree, group), { recursive: true });
      for (const name of names) await writeFile(join(root, tree, group, name), '');
      if (tree === '') await writeFile(join(root, group, 'cgroup.controllers'), 'cpu memory pids rdma\n');
    }
}

/** Without systemd: telling it anything fails. */
const podCgroups = (options: Omit<ConstructorParameters<typeof PodCgroups>[0], 'slices'>) =>
  new PodCgroups({
    ...options,
    slices: new Slices({ env: options.env, busSocket: '/nowhere', privateSocket: '/nowhere' }),
  });

const read = (...parts: string[]) => readFile(join(...parts), 'utf8');

test('version 1: the limits of a Pod are written into the tree of each controller', async (t) => {
  const fsRoot = await temporaryDirectory(t);
  await fakeTree(fsRoot, V1);
  await symlink('cpu', join(fsRoot, 'cpuacct'));
  await mkdir(join(fsRoot, 'hugetlb'));
  const allocatable = { cpuMillis: 3000, memoryBytes: 1 << 30 };
  const cgroups = podCgroups({ env: realEnv(), node: node({ podPidsLimit: 99, allocatable }), fsRoot });
  await cgroups.ensure(revision(BURSTABLE).pod);
  await cgroups.balanced();
  const pod = GROUPS[2] as string;
  assert.equal(await read(fsRoot, 'cpu', pod, 'cpu.shares'), '256');
  assert.equal(await read(fsRoot, 'cpu', pod, 'cpu.cfs_period_us'), '100000');
  assert.equal(await read(fsRoot, 'cpu', pod, 'cpu.cfs_quota_us'), '50000');
  assert.equal(await read(fsRoot, 'memory', pod, 'memory.limit_in_bytes'), '67108864');
  assert.equal(await read(fsRoot, 'pids', pod, 'pids.max'), '99');
  assert.equal(await read(fsRoot, 'cpu/kubepods/cpu.shares'), '3072');
  assert.equal(await read(fsRoot, 'memory/kubepods/memory.limit_in_bytes'), String(1 << 30));
  assert.equal(await read(fsRoot, 'cpu/kubepods/burstable/cpu.shares'), '256');
  assert.equal(await read(fsRoot, 'cpu/kubepods/besteffort/cpu.shares'), '2');
  assert.deepEqual(await readdir(join(fsRoot, 'hugetlb')), [], 'nothing is mounted there');
});

test('version 2: controllers are passed down and limits written in its words', async (t) => {
  const fsRoot = await temporaryDirectory(t);
  await fakeTree(fsRoot, { '': V2 });
  const cgroups = podCgroups({ env: realEnv(), node: node({ cgroupVersion: 2 }), fsRoot });
  await cgroups.ensure(revision(BURSTABLE).pod);
  await cgroups.balanced();
  const pod = GROUPS[2] as string;
  assert.equal(await read(fsRoot, pod, 'cpu.weight'), '10');
  assert.equal(await read(fsRoot, pod, 'cpu.max'), '50000 100000');
  assert.equal(await read(fsRoot, pod, 'memory.max'), '67108864');
  assert.equal(await read(fsRoot, pod, 'pids.max'), '');
  assert.equal(await read(fsRoot, 'kubepods/burstable/cpu.weight'), '9');
  // A plain file keeps the last of the writes, over what is longer of the earlier ones.
  for (const group of ['', 'kubepods', 'kubepods/burstable'])
    assert.match(await read(fsRoot, group, 'cgroup.subtree_control'), /^\+pids/);
  assert.equal(await read(fsRoot, pod, 'cgroup.subtree_control'), '');
});

test('version 2: no limit is written as max', async (t) => {
  const fsRoot = await temporaryDirectory(t);
  await fakeTree(fsRoot, { '': V2 });
  const cgroups = podCgroups({ env: realEnv(), node: node({ cgroupVersion: 2, cpuCFSQuota: false }), fsRoot });
  await cgroups.ensure(revision(BURSTABLE).pod);
  assert.equal(await read(fsRoot, 'kubepods/burstable/podu1/cpu.max'), 'max 100000');
});

test('the weight of Burstable Pods is their sum, and shrinks with them', async (t) => {
  const fsRoot = await temporaryDirectory(t);
  await fakeTree(fsRoot, V1);
  const cgroups = podCgroups({ env: realEnv(), node: node(), fsRoot });
  const other = join(fsRoot, 'cpu/kubepods/burstable/podu2');
  await mkdir(other);
  await writeFile(join(other, 'cpu.shares'), '1000');
  await cgroups.ensure(revision(BURSTABLE).pod);
  await cgroups.balanced();
  assert.equal(await read(fsRoot, 'cpu/kubepods/burstable/cpu.shares'), '1256');
});

test('a value that the kernel refuses is an error with the value and the file', async (t) => {
  const fsRoot = await temporaryDirectory(t);
  await fakeTree(fsRoot, { ...V1, cpu: [] });
  const file = join(fsRoot, 'cpu/kubepods/burstable/podu1/cpu.shares');
  await mkdir(file);
  const cgroups = podCgroups({ env: realEnv(), node: node(), fsRoot });
  await assert.rejects(cgroups.ensure(revision(BURSTABLE).pod), { message: `cannot write "256" to ${file}` });
});

test('a machine that is reserved as a whole does not limit its Pods to nothing', async (t) => {
  const fsRoot = await temporaryDirectory(t);
  await fakeTree(fsRoot, V1);
  const allocatable = { cpuMillis: 0, memoryBytes: 0 };
  const cgroups = podCgroups({ env: realEnv(), node: node({ allocatable }), fsRoot });
  await cgroups.ensure(revision(BURSTABLE).pod);
  await cgroups.balanced();
  assert.equal(await read(fsRoot, 'memory/kubepods/memory.limit_in_bytes'), '');
  assert.equal(await read(fsRoot, 'cpu/kubepods/cpu.shares'), '2');
});

test('limits above the Pods that cannot be set are told, and the Pod goes on', async (t) => {
  const fsRoot = await temporaryDirectory(t);
  await fakeTree(fsRoot, { ...V1, memory: [] });
  await mkdir(join(fsRoot, 'memory/kubepods/memory.limit_in_bytes'));
  const warnings: string[] = [];
  const log = { ...realEnv().log, warn: (_: unknown, message: string) => void warnings.push(message) };
  const cgroups = podCgroups({ env: realEnv(log), node: node(), fsRoot });
  await cgroups.ensure(revision(BURSTABLE).pod);
  await cgroups.balanced();
  assert.deepEqual(warnings, ['cannot set the limits of the cgroups above the Pods']);
});

const FS_ROOT = '/sys/fs/cgroup';

/** The real file system, below a group of the test's own. */
async function realTree(t: {
  after(fn: () => Promise<void>): void;
}): Promise<{ cgroups: PodCgroups; trees: string[]; change: Partial<Node> }> {
  const cgroupVersion = await access(join(FS_ROOT, 'cgroup.controllers')).then(
    () => 2 as const,
    () => 1 as const,
  );
  const cgroupRoot = `/rower-test-${process.pid}`;
  const entries = await readdir(FS_ROOT, { withFileTypes: true });
  const roots =
    cgroupVersion === 2 ? [FS_ROOT] : entries.filter((one) => one.isDirectory()).map((one) => join(FS_ROOT, one.name));
  const trees = roots.map((root) => root + cgroupRoot);
  t.after(async () => {
    for (const tree of trees) await rmdir(tree).catch(() => {});
  });
  const change = { cgroupVersion, cgroupRoot, podPidsLimit: 50 };
  return { cgroups: podCgroups({ env: realEnv(), node: node(change), fsRoot: FS_ROOT }), trees, change };
}

const present = async (tree: string) =>
  readdir(join(tree, 'kubepods')).then(
    (names) => names.filter((name) => !/\./.test(name) && name !== 'tasks' && name !== 'notify_on_release').sort(),
    () => undefined,
  );

test('on the real file system groups come and go without a trace', async (t) => {
  const { cgroups, trees } = await realTree(t);
  const burstable = revision(BURSTABLE, 'u1').pod;
  const bestEffort = revision({}, 'u2').pod;
  for (let round = 0; round < 2; round += 1) await Promise.all([cgroups.ensure(burstable), cgroups.ensure(bestEffort)]);
  for (const tree of trees) assert.deepEqual(await present(tree), ['besteffort', 'burstable'], tree);
  await cgroups.remove('u1');
  for (const tree of trees) assert.deepEqual(await present(tree), ['besteffort'], tree);
  await cgroups.remove('u2');
  await cgroups.remove('u2');
  for (const tree of trees) assert.equal(await present(tree), undefined, tree);
});

test('on the real file system a group with a process in it stays, with what it holds', async (t) => {
  const { cgroups, trees } = await realTree(t);
  await cgroups.ensure(revision(BURSTABLE, 'u3').pod);
  const tree = trees.find((one) => one.includes('/pids/')) ?? (trees[0] as string);
  const inner = join(tree, 'kubepods/burstable/podu3/left-behind');
  await mkdir(inner);
  assert.equal((await read(inner, '../pids.max')).trim(), '50');
  const process = spawn('sleep', ['60']);
  t.after(() => process.kill());
  await new Promise((resolve) => process.once('spawn', resolve));
  await writeFile(join(inner, 'cgroup.procs'), String(process.pid));
  await assert.rejects(cgroups.remove('u3'), { code: 'EBUSY' });
  process.kill('SIGKILL');
  await new Promise((resolve) => process.once('exit', resolve));
  await cgroups.remove('u3');
  assert.equal(await present(tree), undefined);
  assert.equal(execFileSync('find', [FS_ROOT, '-name', 'podu3']).toString(), '');
});

for (const [version, tree, now] of [
  [
    1,
    V1,
    {
      quota: '80000',
      memory: '1000',
      quotaFile: 'cpu/%/cpu.cfs_quota_us',
      memoryFile: 'memory/%/memory.limit_in_bytes',
    },
  ],
  [2, { '': V2 }, { quota: '80000 100000', memory: '1000', quotaFile: '%/cpu.max', memoryFile: '%/memory.max' }],
] as const)
  test(`version ${version}: to make room only what grows is written`, async (t) => {
    const fsRoot = await temporaryDirectory(t);
    await fakeTree(fsRoot, tree as Parameters<typeof fakeTree>[1]);
    const cgroups = podCgroups({ env: realEnv(), node: node({ cgroupVersion: version }), fsRoot });
    const [quota, memory] = [now.quotaFile, now.memoryFile].map((file) =>
      join(fsRoot, file.replace('%', GROUPS[2] as string)),
    ) as [string, string];
    await writeFile(quota, now.quota);
    await writeFile(memory, now.memory);
    await cgroups.raise(revision(BURSTABLE).pod);
    assert.equal(await read(quota), now.quota, 'it has more');
    assert.equal(await read(memory), '67108864');
    await writeFile(memory, version === 1 ? '-1' : 'max');
    await cgroups.raise(revision(BURSTABLE).pod);
    assert.equal(await read(memory), version === 1 ? '-1' : 'max', 'it has no limit');
    await cgroups.ensure(revision(BURSTABLE).pod);
    assert.match(await read(quota), /^50000/);
  });
