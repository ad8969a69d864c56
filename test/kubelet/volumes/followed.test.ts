import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Documents } from '../../../src/kubelet/documents.ts';
import type { Volume } from '../../../src/kubelet/types.ts';
import { configMap, downwardApi, projected, secret } from '../../../src/kubelet/volumes/followed.ts';
import type { VolumeKind } from '../../../src/kubelet/volumes/kinds.ts';
import { mountedAt } from '../../../src/kubelet/volumes/mounts.ts';
import { document, mapOf } from '../documents.ts';
import { temporaryDirectory } from '../temporary.ts';
import { volumeInput } from './volume-input.ts';

const items = [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }];
const IN_MEMORY: [string, VolumeKind, Omit<Volume, 'name'>][] = [
  ['secret', secret, { secret: { secretName: 's' } }],
  ['downwardAPI', downwardApi, { downwardAPI: { items } }],
  ['projected', projected, { projected: { sources: [{ secret: { name: 's' } }] } }],
];
const documents = mapOf(document('Secret', 's', { k: 'v' }), document('ConfigMap', 's', { k: 'v' }));

for (const [what, kind, volume] of IN_MEMORY)
  test(`a ${what} volume is in memory, read-only for containers, and mounted once`, async (t) => {
    const path = join(await temporaryDirectory(t), 'v');
    const input = volumeInput(volume, path, { documents });
    assert.deepEqual(await kind.prepare(input), { hostPath: path, readOnly: true, selinuxRelabel: true });
    await kind.prepare(input);
    assert.equal((await mountedAt(path))?.fsType, 'tmpfs');
    execFileSync('umount', [path]);
    assert.equal(await mountedAt(path), undefined);
  });

test('a configMap volume is on disk', async (t) => {
  const path = join(await temporaryDirectory(t), 'v');
  await configMap.prepare(volumeInput({ configMap: { name: 's' } }, path, { documents }));
  assert.equal(await mountedAt(path), undefined);
  assert.equal(await readFile(join(path, 'k'), 'utf8'), 'v');
  assert.equal((await stat(path)).mode & 0o7777, 0o755);
});

test('the group of the Pod owns the volume', async (t) => {
  const path = join(await temporaryDirectory(t), 'v');
  const spec = { securityContext: { fsGroup: 2000 } };
  await secret.prepare(volumeInput({ secret: { secretName: 's', defaultMode: 0o400 } }, path, { documents, spec }));
  const { mode, gid } = await stat(path);
  assert.deepEqual([(mode & 0o7777).toString(8), gid], ['2755', 2000]);
  assert.equal((await stat(join(path, 'k'))).mode & 0o7777, 0o440);
});

test('a document that changes is followed; one that goes is warned of, and its files stay', async (t) => {
  const path = join(await temporaryDirectory(t), 'v');
  const warnings: string[] = [];
  const prepare = (now: Documents) =>
    secret.prepare(
      volumeInput({ secret: { secretName: 's' } }, path, { documents: now, warn: (message) => warnings.push(message) }),
    );
  await assert.rejects(prepare(mapOf()), { message: 'secret "s" not found' });
  await prepare(documents);
  await prepare(mapOf(document('Secret', 's', { k: 'new' })));
  assert.equal(await readFile(join(path, 'k'), 'utf8'), 'new');
  assert.deepEqual(warnings, []);
  assert.equal((await prepare(mapOf())).hostPath, path);
  assert.deepEqual(warnings, ['secret "s" not found']);
  assert.equal(await readFile(join(path, 'k'), 'utf8'), 'new');
});
