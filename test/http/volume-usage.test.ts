import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { claimFamilies, VolumeUsages } from '../../src/http/volume-usage.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { testEnv } from './endpoint.ts';
import { NODE_FACTS, podView, published } from './fixture.ts';

const state = (rootDir: string) =>
  published(
    ['a', 'b'].map((name) =>
      podView(name, {
        spec: {
          volumes: [
            { name: 'cache', emptyDir: {} },
            { name: 'data', persistentVolumeClaim: { claimName: 'data' } },
            { name: 'host', hostPath: { path: '/' } },
          ],
        },
      }),
    ),
    { node: { ...NODE_FACTS, rootDir } },
  );

test('a volume on the machine’s disk is counted, once a minute', async (t) => {
  const root = await temporaryDirectory(t);
  const volumes = (uid: string) => join(root, 'pods', `uid-of-${uid}`, 'volumes');
  const cache = join(volumes('a'), 'kubernetes.io~empty-dir/cache');
  mkdirSync(join(cache, 'below'), { recursive: true });
  writeFileSync(join(cache, 'below/file'), Buffer.alloc(64 * 1024, 1));
  for (const uid of ['a', 'b']) mkdirSync(join(volumes(uid), 'kubernetes.io~local-volume/data'), { recursive: true });
  const env = testEnv();
  const usages = new VolumeUsages(env, async () => []);
  const first = await usages.read(state(root));
  assert.deepEqual(
    first.map(({ uid, name, claim, isScratch, inodesUsed }) => [uid, name, claim, isScratch, inodesUsed]),
    [
      ['uid-of-a', 'cache', undefined, true, 2],
      ['uid-of-a', 'data', 'data', false, 0],
      ['uid-of-b', 'data', 'data', false, 0],
    ],
  );
  assert.ok((first[0]?.usedBytes ?? 0) >= 64 * 1024);
  assert.ok((first[0]?.capacityBytes ?? 0) > (first[0]?.availableBytes ?? 0));
  const [capacity] = claimFamilies(first, state(root));
  assert.deepEqual(
    capacity?.samples.map(({ labels }) => labels),
    ['namespace="default",persistentvolumeclaim="data"'],
  );

  assert.deepEqual(
    usages.claims(state(root)).map(({ name }) => name),
    ['data', 'data'],
  );
  assert.deepEqual(new VolumeUsages(env, async () => []).claims(state(root)), []);

  rmSync(cache, { recursive: true });
  assert.equal((await usages.read(state(root))).length, 3);
  env.advance(60_000);
  assert.equal((await usages.read(state(root))).length, 2);
});

test('file systems of other machines are not asked, and who asks does not wait for ever', async (t) => {
  const root = await temporaryDirectory(t);
  const data = join(root, 'pods/uid-of-a/volumes/kubernetes.io~local-volume/data');
  mkdirSync(data, { recursive: true });
  const env = testEnv();
  const remote = new VolumeUsages(env, async () => [{ path: data, fsType: 'nfs4' }]);
  assert.deepEqual(await remote.read(state(root)), []);

  assert.deepEqual(await new VolumeUsages(env, async () => []).read(published([])), []);

  const slow = new VolumeUsages(env, () => new Promise(() => undefined));
  const asked = slow.read(state(root));
  env.advance(2000);
  assert.deepEqual(await asked, []);
});
