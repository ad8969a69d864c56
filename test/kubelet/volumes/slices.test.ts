import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { promisify } from 'node:util';
import { realEnv } from '../../../hack/env.ts';
import type { Node } from '../../../src/kubelet/node.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { PodCgroups } from '../../../src/kubelet/volumes/pod-cgroups.ts';
import { Slices } from '../../../src/kubelet/volumes/slices.ts';
import { waitFor } from '../../e2e/agent.ts';
import { container, revision } from '../build.ts';
import { type Answer, startBus } from '../dbus/bus-server.ts';
import { node } from '../node.ts';
import { temporaryDirectory } from '../temporary.ts';

const LIMITED: Partial<PodSpec> = {
  containers: [container({ resources: { requests: { cpu: '250m' }, limits: { cpu: '333m', memory: '64Mi' } } })],
};
const BURSTABLE = 'kubepods.slice/kubepods-burstable.slice';
const POD = `${BURSTABLE}/kubepods-burstable-podu1.slice`;
const UNIT = 'kubepods-burstable-podu1.slice';
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

interface Told {
  readonly member: string;
  readonly unit: string;
  /** Of SetUnitProperties. */
  readonly properties: Record<string, unknown>;
}

/** A systemd that knows its units, and the groups of the kernel as plain directories with files. */
async function machine(t: TestContext, change: Partial<Node> = {}, refuse: Record<string, string> = {}) {
  const told: Told[] = [];
  const units = new Set<string>();
  const answer = (call: { member?: string; body?: readonly unknown[] }): Answer => {
    const { member = '', body = [] } = call;
    const unit = String(body[0]);
    const error = refuse[member] ?? (member === 'StartTransientUnit' && units.has(unit) && EXISTS);
    if (error) return { error };
    if (member === 'StartTransientUnit') units.add(unit);
    if (member === 'StopUnit' && !units.delete(unit)) return { error: 'org.freedesktop.systemd1.NoSuchUnit' };
    const properties = member === 'SetUnitProperties' ? Object.fromEntries(body[2] as [string, unknown][]) : {};
    told.push({ member, unit, properties });
    return member === 'SetUnitProperties' ? { signature: '', body: [] } : { signature: 'o', body: ['/job/1'] };
  };
  const bus = await startBus(answer);
  t.after(() => bus.stop());
  const fsRoot = await temporaryDirectory(t);
  const cgroupVersion = change.cgroupVersion ?? 1;
  const files =
    cgroupVersion === 1
      ? {
          cpu: ['cpu.shares', 'cpu.cfs_quota_us'],
          memory: ['memory.limit_in_bytes'],
          hugetlb: ['hugetlb.2MB.limit_in_bytes'],
        }
      : { '': ['cgroup.controllers', 'cgroup.subtree_control', 'cpu.weight', 'cpu.max', 'memory.max', 'pids.max'] };
  for (const [tree, names] of Object.entries(files))
    for (const group of ['', 'kubepods.slice', BURSTABLE, POD]) {
      await mkdir(join(fsRoot, tree, group), { recursive: true });
      for (const name of names) await writeFile(join(fsRoot, tree, group, name), '');
    }
  const env = realEnv();
  const slices = new Slices({ env, busSocket: bus.socketPath, privateSocket: '/nowhere' });
  const allocatable = { cpuMillis: 3000, memoryBytes: 1 << 30 };
  const cgroups = new PodCgroups({
    env,
    node: node({ cgroupDriver: 'systemd', allocatable, ...change }),
    fsRoot,
    slices,
  });
  const read = (...parts: string[]) => readFile(join(fsRoot, ...parts), 'utf8');
  return { cgroups, told, units, fsRoot, read };
}
const EXISTS = 'org.freedesktop.systemd1.UnitExists';

const propertiesOf = (told: readonly Told[], unit: string) =>
  told.findLast((one) => one.unit === unit && one.member === 'SetUnitProperties')?.properties;

test('systemd starts the slices from above, is told the limits, and the kernel has them at once', async (t) => {
  const { cgroups, told, read } = await machine(t, { podPidsLimit: 99, hugePageSizes: ['2MB'] });
  await cgroups.ensure(revision(LIMITED).pod);
  await cgroups.balanced();
  const started = told.filter(({ member }) => member === 'StartTransientUnit').map(({ unit }) => unit);
  assert.deepEqual(started, ['kubepods.slice', 'kubepods-burstable.slice', 'kubepods-besteffort.slice', UNIT]);
  assert.deepEqual(propertiesOf(told, UNIT), {
    CPUShares: 256n,
    // Hundredths of a cpu, rounded up.
    CPUQuotaPerSecUSec: 340_000n,
    MemoryLimit: BigInt(64 << 20),
    TasksMax: 99n,
  });
  assert.deepEqual(propertiesOf(told, 'kubepods.slice'), { CPUShares: 3072n, MemoryLimit: BigInt(1 << 30) });
  assert.deepEqual(propertiesOf(told, 'kubepods-burstable.slice'), { CPUShares: 256n });
  assert.deepEqual(propertiesOf(told, 'kubepods-besteffort.slice'), { CPUShares: 2n });
  assert.equal(await read('cpu', POD, 'cpu.cfs_quota_us'), '33300');
  assert.equal(await read('memory', POD, 'memory.limit_in_bytes'), String(64 << 20));
  assert.equal(await read('hugetlb', POD, 'hugetlb.2MB.limit_in_bytes'), '0');
});

test('version 2 has properties of its own', async (t) => {
  const { cgroups, told, read } = await machine(t, { cgroupVersion: 2, cpuCFSQuota: false, podPidsLimit: 5 });
  await cgroups.ensure(revision(LIMITED).pod);
  assert.deepEqual(propertiesOf(told, UNIT), {
    CPUWeight: 10n,
    CPUQuotaPerSecUSec: NO_LIMIT,
    MemoryMax: BigInt(64 << 20),
    TasksMax: 5n,
  });
  assert.equal(await read(POD, 'cpu.max'), 'max 100000');
});

test('slices that are there already get the new limits', async (t) => {
  const { cgroups, told } = await machine(t);
  await cgroups.ensure(revision(LIMITED).pod);
  const resources = { requests: { cpu: '500m' }, limits: { cpu: '1', memory: '32Mi' } };
  told.length = 0;
  await cgroups.ensure(revision({ containers: [container({ resources })] }).pod);
  const started = told.filter(({ member }) => member === 'StartUnit').map(({ unit }) => unit);
  assert.deepEqual(started, ['kubepods.slice', 'kubepods-burstable.slice', 'kubepods-besteffort.slice', UNIT]);
  assert.deepEqual(propertiesOf(told, UNIT), {
    CPUShares: 512n,
    CPUQuotaPerSecUSec: 1_000_000n,
    MemoryLimit: BigInt(32 << 20),
  });
});

test('to make room systemd is told only what grows', async (t) => {
  const { cgroups, told, fsRoot } = await machine(t);
  await writeFile(join(fsRoot, 'cpu', POD, 'cpu.shares'), '1024');
  await writeFile(join(fsRoot, 'cpu', POD, 'cpu.cfs_quota_us'), '10000');
  await writeFile(join(fsRoot, 'memory', POD, 'memory.limit_in_bytes'), '9223372036854771712');
  await cgroups.raise(revision(LIMITED).pod);
  assert.deepEqual(propertiesOf(told, UNIT), { CPUQuotaPerSecUSec: 340_000n });
});

test('a slice is stopped when nothing is in it, those of the classes stay', async (t) => {
  const { cgroups, units, fsRoot } = await machine(t);
  const pod = revision(LIMITED).pod;
  await cgroups.ensure(pod);
  // A plain directory with a file in it cannot be removed: as a group with a process in it.
  await assert.rejects(cgroups.remove(pod.metadata.uid), { code: 'ENOTEMPTY' });
  assert.ok(units.has(UNIT));
  for (const tree of await readdir(fsRoot))
    for (const file of await readdir(join(fsRoot, tree, POD))) await rm(join(fsRoot, tree, POD, file));
  for (let round = 0; round < 2; round += 1) await cgroups.remove(pod.metadata.uid);
  assert.deepEqual([...units].sort(), ['kubepods-besteffort.slice', 'kubepods-burstable.slice', 'kubepods.slice']);
  assert.deepEqual(await readdir(join(fsRoot, 'cpu', dirname(POD))), ['cpu.cfs_quota_us', 'cpu.shares']);
});

test('what systemd refuses is an error, and nobody there is one too', async (t) => {
  const error = 'org.freedesktop.systemd1.PropertyReadOnly';
  const { cgroups } = await machine(t, {}, { SetUnitProperties: error });
  await assert.rejects(cgroups.ensure(revision(LIMITED).pod), { message: `${error}: no` });
  const slices = new Slices({ env: realEnv(), busSocket: '/nowhere', privateSocket: '/nowhere' });
  await assert.rejects(slices.stop(['/a.slice']), {
    message: "systemd does not answer, and the cgroups are systemd's: connect ENOENT /nowhere",
  });
});

test('without a bus systemd is asked directly', async (t) => {
  const calls: unknown[] = [];
  const bus = await startBus((call) => {
    calls.push([call.member, ...(call.body ?? [])]);
    return { signature: 'o', body: ['/job/1'] };
  });
  t.after(() => bus.stop());
  await new Slices({ env: realEnv(), busSocket: '/nowhere', privateSocket: bus.socketPath }).stop([
    '/a.slice/a-b.slice',
  ]);
  assert.deepEqual(calls, [['StopUnit', 'a-b.slice', 'replace']]);
});

test('the connection that is kept does not keep the process, and one that ended is made anew', async (t) => {
  const bus = await startBus(() => ({ signature: 'o', body: ['/job/1'] }));
  t.after(() => bus.stop());
  const module = new URL('../../../src/kubelet/volumes/slices.ts', import.meta.url);
  const env = new URL('../../../hack/env.ts', import.meta.url);
  const script = `import { Slices } from '${module}'; import { realEnv } from '${env}';
    await new Slices({ env: realEnv(), busSocket: '${bus.socketPath}' }).stop(['/a.slice']); console.log('stopped');`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module-typescript', '-e', script]);
  assert.equal(stdout, 'stopped\n');
  const slices = new Slices({ env: realEnv(), busSocket: bus.socketPath, privateSocket: '/nowhere' });
  await slices.stop(['/a.slice']);
  bus.disconnect();
  await waitFor('another connection', () =>
    slices.stop(['/a.slice']).then(
      () => true,
      () => undefined,
    ),
  );
});
