import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import type { Host } from '../../../src/kubelet/host.ts';
import type { Pod, PodSpec } from '../../../src/kubelet/types.ts';
import { realHost } from '../../../src/kubelet/volumes/host.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';
import { mountsBelow, temporaryDirectory } from '../temporary.ts';

const REF = { namespace: 'default', name: 'web-n1', uid: 'u1' };

interface Scene {
  host: Host;
  rootDir: string;
  logs: string;
  /** Of the Pod. */
  directory: string;
  logDirectory: string;
}

async function scene(t: TestContext): Promise<Scene> {
  const base = await temporaryDirectory(t);
  const rootDir = join(base, 'root');
  const logs = join(base, 'logs');
  const cgroupFsRoot = join(base, 'cgroup');
  await mkdir(cgroupFsRoot);
  const host = realHost({
    rootDir,
    podLogsDir: logs,
    env: realEnv(),
    node: node({ rootDir, podLogsDir: logs }),
    cgroupFsRoot,
  });
  return { host, rootDir, logs, directory: join(rootDir, 'pods/u1'), logDirectory: join(logs, 'default_web-n1_u1') };
}

const mount = (name: string) => ({ name, mountPath: `/${name}` });
const VOLUMES: Partial<PodSpec> = {
  containers: [container({ volumeMounts: [mount('disk'), mount('memory')] })],
  initContainers: [container({ name: 'init', volumeMounts: [mount('etc')] })],
  volumes: [
    { name: 'disk', emptyDir: {} },
    { name: 'memory', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } },
    { name: 'etc', hostPath: { path: '/etc', type: 'Directory' } },
    { name: 'unused', hostPath: { path: '/no/such/thing', type: 'Directory' } },
  ],
};
const mode = async (path: string) => ((await stat(path)).mode & 0o7777).toString(8);
const exists = async (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

test('a Pod gets its directories and the volumes that its containers mount, twice as once', async (t) => {
  const { host, directory, logDirectory } = await scene(t);
  const { pod } = revision(VOLUMES);
  const first = await host.preparePod(pod);
  const second = await host.preparePod(pod);
  assert.deepEqual(second, first);
  assert.equal(first.hostsFile, join(directory, 'etc-hosts'));
  assert.deepEqual(
    [...first.volumes].map(([name, volume]) => [name, volume.hostPath]),
    [
      ['disk', join(directory, 'volumes/kubernetes.io~empty-dir/disk')],
      ['memory', join(directory, 'volumes/kubernetes.io~empty-dir/memory')],
      ['etc', '/etc'],
    ],
  );
  assert.deepEqual([await mode(directory), await mode(logDirectory)], ['750', '755']);
  assert.equal((await mountsBelow(directory)).length, 1);
});

const broken: [string, Partial<PodSpec>, string, string][] = [
  [
    'a volume of the wrong type',
    { containers: [container({ volumeMounts: [mount('unused')] })], volumes: VOLUMES.volumes ?? [] },
    'FailedMount',
    'MountVolume.SetUp failed for volume "unused" : hostPath type check failed: /no/such/thing is not a directory',
  ],
  [
    'a volume of a kind that is not supported',
    {
      containers: [container({ volumeMounts: [mount('v')] })],
      volumes: [{ name: 'v', csi: { driver: 'd' } }],
    },
    'FailedMount',
    'MountVolume.SetUp failed for volume "v" : csi volumes are not supported; use one of configMap, downwardAPI, emptyDir, hostPath, image, nfs, persistentVolumeClaim, projected, secret',
  ],
  [
    'a volume with a name that is no file name',
    { containers: [container({ volumeMounts: [mount('../x')] })], volumes: [{ name: '../x', emptyDir: {} }] },
    'Failed',
    '"../x" cannot be part of a path: use letters, digits, "-", "_" and "."',
  ],
];

for (const [name, spec, reason, message] of broken)
  test(`${name} is an error as the kubelet words it`, async (t) => {
    const { host } = await scene(t);
    await assert.rejects(host.preparePod(revision(spec).pod), { name: 'HostError', reason, message });
  });

test('a volume without a source is an emptyDir', async (t) => {
  const { host } = await scene(t);
  const spec = { containers: [container({ volumeMounts: [mount('v')] })], volumes: [{ name: 'v' }] };
  assert.match((await host.preparePod(revision(spec).pod)).volumes.get('v')?.hostPath ?? '', /empty-dir\/v$/);
});

const named = (change: Partial<Pod['metadata']>): Pod => {
  const { pod } = revision();
  return { ...pod, metadata: { ...pod.metadata, ...change } };
};

test('names that would lead out of the directories are refused everywhere', async (t) => {
  const { host, rootDir, logs } = await scene(t);
  const base = join(rootDir, '..');
  await mkdir(join(base, 'precious'));
  for (const bad of ['../precious', '..', '.', '', '/etc', 'a/b', 'a\0b', '-x', 'x'.repeat(300)]) {
    const refused = { name: 'HostError', reason: 'Failed' };
    for (const change of [{ uid: bad }, { name: bad }, { namespace: bad }]) {
      const pod = named(change);
      await assert.rejects(host.preparePod(pod), refused, bad);
      await assert.rejects(host.writeHosts(pod, []), refused, bad);
      await assert.rejects(host.prepareContainer(pod, container(), 0), refused, bad);
      await assert.rejects(host.removeContainerFiles(pod.metadata, 'main', 0), refused, bad);
      if (pod.metadata.name !== '' && pod.metadata.namespace !== '')
        await assert.rejects(host.removePod(pod.metadata), refused, bad);
    }
    await assert.rejects(host.prepareContainer(named({}), container({ name: bad }), 0), refused, bad);
    await assert.rejects(host.removeContainerFiles(REF, bad, 0), refused, bad);
    assert.equal(await host.readTerminationLog(bad, 'main', 0), '');
    assert.equal(await host.readTerminationLog('u1', bad, 0), '');
  }
  assert.deepEqual((await readdir(base)).sort(), ['cgroup', 'precious']);
  assert.deepEqual([await exists(rootDir), await exists(logs)], [false, false]);
});

test('the hosts file keeps its inode when it is written again', async (t) => {
  const { host, directory } = await scene(t);
  const { pod } = revision();
  await host.preparePod(pod);
  await host.writeHosts(pod, ['10.0.0.5']);
  const path = join(directory, 'etc-hosts');
  const before = await stat(path);
  assert.match(await readFile(path, 'utf8'), /^10\.0\.0\.5\tweb-n1\n/m);
  await host.writeHosts(pod, ['10.0.0.6']);
  assert.match(await readFile(path, 'utf8'), /^10\.0\.0\.6\tweb-n1\n/m);
  assert.equal((await stat(path)).ino, before.ino);
  assert.equal(await mode(path), '644');
});

test('the hosts file on the host network is the machine’s', async (t) => {
  const { host, directory } = await scene(t);
  const { pod } = revision({ hostNetwork: true });
  await host.preparePod(pod);
  await host.writeHosts(pod, []);
  const own = await readFile('/etc/hosts', 'utf8');
  assert.equal(
    await readFile(join(directory, 'etc-hosts'), 'utf8'),
    `# Kubernetes-managed hosts file (host network).\n${own}`,
  );
});

test('each attempt has an empty termination log that anybody may write', async (t) => {
  const { host, directory, logDirectory } = await scene(t);
  const { pod } = revision();
  await host.preparePod(pod);
  const path = await host.prepareContainer(pod, container(), 2);
  assert.equal(path, join(directory, 'containers/main/2'));
  assert.equal(await mode(path), '666');
  assert.equal(await mode(join(logDirectory, 'main')), '755');
  await writeFile(path, 'the end');
  assert.equal(await host.readTerminationLog('u1', 'main', 2), 'the end');
  await host.prepareContainer(pod, container(), 3);
  assert.equal(await host.readTerminationLog('u1', 'main', 2), 'the end');
  await host.prepareContainer(pod, container(), 2);
  assert.equal(await host.readTerminationLog('u1', 'main', 2), '');
});

test('something else in place of a termination log is replaced, not followed', async (t) => {
  const { host, directory } = await scene(t);
  const { pod } = revision();
  await host.preparePod(pod);
  const path = await host.prepareContainer(pod, container(), 0);
  const precious = join(directory, 'precious');
  await writeFile(precious, 'kept');
  const disguises = [
    () => symlink(precious, path),
    () => execFileSync('mkfifo', [path]),
    () => mkdir(join(path, 'a'), { recursive: true }),
  ];
  for (const disguise of disguises) {
    await rm(path, { recursive: true });
    await disguise();
    assert.match(
      await host.readTerminationLog('u1', 'main', 0),
      /^Error on reading termination log .*\/containers\/main\/0: /,
    );
    await host.prepareContainer(pod, container(), 0);
    assert.ok((await stat(path)).isFile());
  }
  assert.equal(await readFile(precious, 'utf8'), 'kept');
});

test('only the end of a long termination log is read, and none is empty', async (t) => {
  const { host } = await scene(t);
  const { pod } = revision();
  await host.preparePod(pod);
  const path = await host.prepareContainer(pod, container(), 0);
  await writeFile(path, `${'a'.repeat(5000)}${'b'.repeat(4096)}`);
  assert.equal(await host.readTerminationLog('u1', 'main', 0), 'b'.repeat(4096));
  assert.equal(await host.readTerminationLog('u1', 'main', 7), '');
});

test('the tail of a container log is read without stamps', async (t) => {
  const { host, logs, logDirectory } = await scene(t);
  await mkdir(join(logDirectory, 'main'), { recursive: true });
  const path = join(logDirectory, 'main/0.log');
  const line = (text: string) => `2026-01-01T00:00:00.0Z stdout F ${text}\n`;
  await writeFile(path, Array.from({ length: 20_000 }, (_, index) => line(`line ${index}`)).join(''));
  const lines = (await host.readLogTail(path)).split('\n');
  assert.deepEqual([lines[0], lines.at(-2), lines.length], ['line 19920', 'line 19999', 81]);
  await writeFile(path, line('x'.repeat(100_000)));
  assert.equal(await host.readLogTail(path), `${'x'.repeat(2047)}\n`);
  assert.equal(await host.readLogTail(join(logDirectory, 'main/9.log')), '');
  await symlink('/etc/hostname', join(logs, 'link'));
  assert.match(await host.readLogTail(join(logs, 'link')), /^Error on reading termination message from logs: /);
  for (const outside of ['/etc/hostname', join(logs, '../root/x'), `${logs}x/0.log`, ''])
    assert.equal(await host.readLogTail(outside), '');
});

test('files of a removed container go with their rotated parts, those of other attempts stay', async (t) => {
  const { host, directory, logDirectory } = await scene(t);
  const { pod } = revision();
  await host.preparePod(pod);
  for (const attempt of [1, 10, 11]) await host.prepareContainer(pod, container(), attempt);
  for (const name of ['1.log', '1.log.20260101-000000', '1.log.20260101-000000.gz', '10.log', '11.log.x'])
    await writeFile(join(logDirectory, 'main', name), '');
  for (let round = 0; round < 2; round += 1) await host.removeContainerFiles(REF, 'main', 1);
  assert.deepEqual((await readdir(join(logDirectory, 'main'))).sort(), ['10.log', '11.log.x']);
  assert.deepEqual((await readdir(join(directory, 'containers/main'))).sort(), ['10', '11']);
  await host.removeContainerFiles({ ...REF, uid: 'other' }, 'main', 1);
});

test('a removed Pod leaves nothing, mounted or not, and is removed twice as once', async (t) => {
  const { host, directory, logDirectory, rootDir, logs } = await scene(t);
  const { pod } = revision(VOLUMES);
  const { volumes } = await host.preparePod(pod);
  await host.writeHosts(pod, ['10.0.0.5']);
  await host.prepareContainer(pod, container(), 0);
  await writeFile(join(logDirectory, 'main/0.log'), '');
  const disk = volumes.get('disk')?.hostPath ?? '';
  await mkdir(join(disk, 'deep/er'), { recursive: true });
  await symlink('/etc', join(disk, 'etc'));
  await chmod(disk, 0o000);
  await host.preparePod(revision({}, 'u2').pod);
  for (let round = 0; round < 2; round += 1) await host.removePod(REF);
  assert.deepEqual([await exists(directory), await exists(logDirectory)], [false, false]);
  assert.deepEqual(await readdir(join(rootDir, 'pods')), ['u2']);
  assert.deepEqual(await readdir(logs), ['default_web-n1_u2']);
  assert.ok(await exists('/etc/hosts'));
});

test('what a container mounted inside its volume is unmounted, and what is behind it stays', async (t) => {
  const { host, rootDir, directory } = await scene(t);
  const { pod } = revision(VOLUMES);
  const { volumes } = await host.preparePod(pod);
  const precious = join(rootDir, '../precious');
  await mkdir(precious);
  await writeFile(join(precious, 'file'), 'kept');
  for (const name of ['disk', 'memory']) {
    const inside = join(volumes.get(name)?.hostPath ?? '', 'a b');
    await mkdir(inside);
    execFileSync('mount', ['--bind', precious, inside]);
  }
  await host.removePod(REF);
  assert.equal(await exists(directory), false);
  assert.equal(await readFile(join(precious, 'file'), 'utf8'), 'kept');
});

test('a root directory behind a link works the same', async (t) => {
  const { host, rootDir } = await scene(t);
  await mkdir(`${rootDir}-real`);
  await symlink(`${rootDir}-real`, rootDir);
  const { pod } = revision(VOLUMES);
  const { volumes } = await host.preparePod(pod);
  await host.preparePod(pod);
  assert.equal(volumes.get('memory')?.hostPath, `${rootDir}-real/pods/u1/volumes/kubernetes.io~empty-dir/memory`);
  assert.equal((await mountsBelow(`${rootDir}-real`)).length, 1);
  await host.removePod(REF);
  assert.deepEqual(await readdir(join(rootDir, 'pods')), []);
});

test('Pods with a directory are listed, by their record or else by their logs', async (t) => {
  const { host, rootDir, logs } = await scene(t);
  assert.deepEqual(await host.listPods(), []);
  await host.preparePod(revision({}, 'u2').pod);
  await host.preparePod(revision({}, 'u1').pod);
  await host.preparePod(revision({}, 'u3').pod);
  await writeFile(join(rootDir, 'pods/u2/pod.json'), 'torn');
  await writeFile(join(rootDir, 'pods/u3/pod.json'), JSON.stringify({ namespace: '..', name: 'x' }));
  await rm(join(logs, 'default_web-n1_u3'), { recursive: true });
  await mkdir(join(logs, 'other_foreign_u9'));
  await mkdir(join(rootDir, 'pods/.hidden'));
  assert.deepEqual(await host.listPods(), [
    { namespace: 'default', name: 'web-n1', uid: 'u1' },
    { namespace: 'default', name: 'web-n1', uid: 'u2' },
    { namespace: '', name: '', uid: 'u3' },
  ]);
  for (const pod of await host.listPods()) await host.removePod(pod);
  assert.deepEqual(await host.listPods(), []);
  assert.deepEqual(await readdir(logs), ['other_foreign_u9']);
});

test('a Pod stays listed under its name until the last of it is gone', async (t) => {
  const { host, directory } = await scene(t);
  await host.preparePod(revision().pod);
  const immovable = join(directory, 'immovable');
  await writeFile(immovable, '');
  execFileSync('chattr', ['+i', immovable]);
  try {
    await assert.rejects(host.removePod(REF), {
      name: 'HostError',
      reason: 'Failed',
      message: /^error removing .*EPERM/,
    });
    assert.deepEqual(await host.listPods(), [REF]);
  } finally {
    execFileSync('chattr', ['-i', immovable]);
  }
  await host.removePod(REF);
  assert.deepEqual(await host.listPods(), []);
});

test('a Pod with a user namespace has its ids for all of its life', async (t) => {
  const { host, directory } = await scene(t);
  const { pod } = revision({ hostUsers: false });
  const { userNamespace } = await host.preparePod(pod);
  assert.deepEqual(userNamespace, { hostId: 65_536, length: 65_536 });
  assert.deepEqual((await host.preparePod(pod)).userNamespace, userNamespace);
  assert.ok(await exists(join(directory, 'userns')));
  await host.removePod(REF);
  assert.ok(!(await exists(directory)));
  assert.equal((await host.preparePod(revision().pod)).userNamespace, undefined);
});
