/** What a Pod's volumes and containers get of documents and of each other, through the whole host. */
import assert from 'node:assert/strict';
import { mkdir, readFile, realpath, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import type { Container, PodSpec } from '../../../src/kubelet/types.ts';
import { realHost } from '../../../src/kubelet/volumes/host.ts';
import { container, revision } from '../build.ts';
import { document, mapOf } from '../documents.ts';
import { node } from '../node.ts';
import { mountsBelow, temporaryDirectory } from '../temporary.ts';

async function scene(t: TestContext) {
  const base = await realpath(await temporaryDirectory(t));
  const rootDir = join(base, 'root');
  const cgroupFsRoot = join(base, 'cgroup');
  await mkdir(cgroupFsRoot);
  const options = { rootDir, podLogsDir: join(base, 'logs'), cgroupFsRoot };
  const host = realHost({ ...options, env: realEnv(), node: node({ rootDir }) });
  return { host, rootDir, directory: join(rootDir, 'pods/u1') };
}

const mount = (name: string) => ({ name, mountPath: `/${name}` });
const MAIN: Container = container({
  volumeMounts: [mount('cm'), mount('key'), mount('disk'), mount('image')],
  env: [{ name: 'A', valueFrom: { fileKeyRef: { volumeName: 'disk', path: 'env', key: 'A' } } }],
});
const SPEC: Partial<PodSpec> = {
  containers: [MAIN],
  volumes: [
    { name: 'cm', configMap: { name: 'cm' } },
    { name: 'key', secret: { secretName: 's' } },
    { name: 'disk', emptyDir: {} },
    { name: 'image', image: { reference: 'busybox' } },
  ],
};
const { pod } = revision(SPEC);
const documents = (value: string) =>
  mapOf(document('ConfigMap', 'cm', { k: value }), document('Secret', 's', { k: value }));

test('volumes follow their documents; what is gone is a warning in the words of the kubelet', async (t) => {
  const { host } = await scene(t);
  await host.preparePod(pod, documents('1'));
  const second = await host.preparePod(pod, documents('2'));
  assert.equal(second.warnings, undefined);
  for (const name of ['cm', 'key'])
    assert.equal(await readFile(join(second.volumes.get(name)?.hostPath ?? '', 'k'), 'utf8'), '2');
  const third = await host.preparePod(pod, mapOf(document('ConfigMap', 'cm', { k: '3' })));
  const message = 'MountVolume.SetUp failed for volume "key" : secret "s" not found';
  assert.deepEqual(third.warnings, [{ reason: 'FailedMount', message }]);
});

test('a document that is missing at the start is an error', async (t) => {
  const { host } = await scene(t);
  const message = 'MountVolume.SetUp failed for volume "cm" : configmap "cm" not found';
  await assert.rejects(host.preparePod(pod, mapOf()), { name: 'HostError', reason: 'FailedMount', message });
});

test('parts of volumes are bound by container and mount; those of an image are left to the runtime', async (t) => {
  const { host, rootDir, directory } = await scene(t);
  const prepared = await host.preparePod(pod, documents('1'));
  const part = (index: number, volume: string, path: string) => ({ index, volume, path });
  const bound = await host.bindSubPaths(pod, MAIN, prepared, [
    part(0, 'cm', 'k'),
    part(2, 'disk', 'a/b'),
    part(3, 'image', 'bin'),
  ]);
  const target = (volume: string, index: number) => join(directory, `volume-subpaths/${volume}/main/${index}`);
  assert.deepEqual(
    [...bound],
    [
      [0, target('cm', 0)],
      [2, target('disk', 2)],
      [3, 'bin'],
    ],
  );
  assert.equal(await readFile(target('cm', 0), 'utf8'), '1');
  await host.removePod({ namespace: 'default', name: 'web-n1', uid: 'u1' });
  assert.deepEqual(await mountsBelow(rootDir), []);
});

test('a part that leads out is an error that names the mount', async (t) => {
  const { host } = await scene(t);
  const prepared = await host.preparePod(pod, documents('1'));
  await symlink('/etc', join(prepared.volumes.get('disk')?.hostPath ?? '', 'evil'));
  await assert.rejects(host.bindSubPaths(pod, MAIN, prepared, [{ index: 2, volume: 'disk', path: 'evil' }]), {
    name: 'HostError',
    message: 'failed to prepare subPath for volumeMount "disk" of container "main": evil leads out of the volume',
  });
});

test('files for the environment are read from the volumes', async (t) => {
  const { host } = await scene(t);
  const prepared = await host.preparePod(pod, documents('1'));
  assert.deepEqual([...(await host.readEnvFiles(MAIN, prepared))], [['disk/env', { missing: true }]]);
  await writeFile(join(prepared.volumes.get('disk')?.hostPath ?? '', 'env'), "A='1'");
  assert.deepEqual([...(await host.readEnvFiles(MAIN, prepared))], [['disk/env', { text: "A='1'" }]]);
  assert.deepEqual([...(await host.readEnvFiles(container(), prepared))], []);
});
