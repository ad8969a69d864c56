import assert from 'node:assert/strict';
import { mkdir, readFile, realpath, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../../hack/env.ts';
import type { ConfigDocument, VolumeLocation } from '../../../src/kubelet/documents.ts';
import { ALL_ALLOWED } from '../../../src/kubelet/policy.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { persistentVolumeClaim } from '../../../src/kubelet/volumes/claim.ts';
import { mountPoints, unmountBelow } from '../../../src/kubelet/volumes/mounts.ts';
import { removeTree } from '../../../src/kubelet/volumes/remove-tree.ts';
import { document, mapOf } from '../documents.ts';
import { node } from '../node.ts';
import { mountsBelow, temporaryDirectory } from '../temporary.ts';
import { volumeInput } from './volume-input.ts';

async function scene(t: TestContext) {
  const rootDir = await realpath(await temporaryDirectory(t));
  const target = (pod: string) => join(rootDir, `pods/${pod}/volumes/kubernetes.io~local-volume/v`);
  const prepare = (
    pod: string,
    documents: ConfigDocument[],
    { readOnly, ...spec }: Partial<PodSpec> & { readOnly?: boolean } = {},
  ) => {
    const source = { persistentVolumeClaim: { claimName: 'db', ...(readOnly !== undefined && { readOnly }) } };
    return persistentVolumeClaim.prepare(
      volumeInput(source, target(pod), { node: node({ rootDir }), documents: mapOf(...documents), spec }),
    );
  };
  return { rootDir, target, prepare, directory: join(rootDir, 'volumes/default/db') };
}
const CLAIM = document('PersistentVolumeClaim', 'db');
const at = (location: VolumeLocation) => [
  document('PersistentVolumeClaim', 'db', {}, { volumeName: 'disk' }),
  document('PersistentVolume', 'disk', {}, { location }),
];

test('a claim is a directory open to all, which two Pods share and which outlives them', async (t) => {
  const { rootDir, target, prepare, directory } = await scene(t);
  assert.deepEqual(await prepare('one', [CLAIM]), { hostPath: target('one'), readOnly: false, selinuxRelabel: true });
  await prepare('one', [CLAIM]);
  assert.equal((await stat(directory)).mode & 0o7777, 0o777);
  await writeFile(join(target('one'), 'file'), 'kept');
  await prepare('two', [CLAIM]);
  assert.equal(await readFile(join(target('two'), 'file'), 'utf8'), 'kept');
  assert.deepEqual((await mountsBelow(rootDir)).sort(), [target('one'), target('two')]);
  await unmountBelow(join(rootDir, 'pods/one'), realEnv());
  await removeTree(join(rootDir, 'pods/one'));
  assert.equal(await readFile(join(directory, 'file'), 'utf8'), 'kept');
});

test('without its document a claim is missing, but a Pod that has it keeps it', async (t) => {
  const { prepare } = await scene(t);
  await assert.rejects(prepare('one', []), { message: 'persistentvolumeclaim "db" not found' });
  await prepare('one', [CLAIM]);
  await prepare('one', []);
});

test('the group gets what is there, once for each Pod, and not through a read-only mount', async (t) => {
  const { prepare, directory } = await scene(t);
  const group = async () => (await stat(join(directory, 'file'))).gid;
  await prepare('first', [CLAIM]);
  await writeFile(join(directory, 'file'), '');
  assert.equal((await prepare('reader', [CLAIM], { readOnly: true, securityContext: { fsGroup: 5 } })).readOnly, true);
  assert.equal(await group(), 0);
  await prepare('second', [CLAIM], { securityContext: { fsGroup: 6 } });
  assert.equal(await group(), 6);
  await prepare('third', [CLAIM], { securityContext: { fsGroup: 7 } });
  await prepare('second', [CLAIM], { securityContext: { fsGroup: 6 } });
  assert.equal(await group(), 7);
});

test('a claim that names a local volume is that directory', async (t) => {
  const { rootDir, target, prepare } = await scene(t);
  const disk = join(rootDir, 'disk');
  await assert.rejects(prepare('one', at({ local: { path: disk } })), { message: `path "${disk}" does not exist` });
  await mkdir(disk);
  await writeFile(join(disk, 'file'), 'there');
  await assert.rejects(prepare('one', at({ local: { path: join(disk, 'file') } })), /is not a directory/);
  await prepare('one', at({ local: { path: disk } }));
  assert.equal(await readFile(join(target('one'), 'file'), 'utf8'), 'there');
});

test('a claim that names a volume which is a host path is that path, checked and not mounted', async (t) => {
  const { rootDir, prepare } = await scene(t);
  const path = join(rootDir, 'made');
  const prepared = await prepare('one', at({ hostPath: { path, type: 'DirectoryOrCreate' } }), { readOnly: true });
  assert.deepEqual(prepared, { hostPath: path, readOnly: true, selinuxRelabel: false });
  assert.ok((await stat(path)).isDirectory());
});

test('a claim that names a volume which is not there says so', async (t) => {
  const { prepare } = await scene(t);
  const claim = document('PersistentVolumeClaim', 'db', {}, { volumeName: 'disk' });
  await assert.rejects(prepare('one', [claim]), { message: 'persistentvolume "disk" not found' });
});

test('no mount of these tests is left', async () => {
  assert.deepEqual(
    (await mountPoints()).filter(
      ({ path }) => path.includes('kubernetes.io~local-volume') && path.includes('rower-test-'),
    ),
    [],
  );
});

test('a PersistentVolume is kept to the allowed paths like a hostPath', async (t) => {
  const { rootDir } = await scene(t);
  const allowed = join(rootDir, 'allowed');
  await mkdir(join(allowed, 'disk'), { recursive: true });
  const policy = { ...ALL_ALLOWED, allowedHostPaths: [allowed] };
  const prepare = (location: VolumeLocation) =>
    persistentVolumeClaim.prepare(
      volumeInput({ persistentVolumeClaim: { claimName: 'db' } }, join(rootDir, 'pods/one/volumes/kubernetes.io~x/v'), {
        node: node({ rootDir, policy }),
        documents: mapOf(...at(location)),
      }),
    );
  for (const location of [{ local: { path: '/etc' } }, { hostPath: { path: '/etc' } }])
    await assert.rejects(
      prepare(location),
      /^Error: \/etc may not be mounted: on this machine hostPath is allowed only/,
    );
  await prepare({ local: { path: join(allowed, 'disk') } });
});
