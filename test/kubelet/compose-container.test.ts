import assert from 'node:assert/strict';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { composeContainer } from '../../src/kubelet/compose-container.ts';
import { Notes } from '../../src/kubelet/notes.ts';
import { runtimeFeatures } from '../../src/kubelet/runtime-features.ts';
import type { Container, PodSpec } from '../../src/kubelet/types.ts';
import { realHost } from '../../src/kubelet/volumes/host.ts';
import { container, NOW_MS, revision } from './build.ts';
import { document, mapOf } from './documents.ts';
import { node } from './node.ts';
import { temporaryDirectory } from './temporary.ts';

const IMAGE = { id: 'sha256:site', repoTags: [], repoDigests: [], sizeBytes: 1, username: '', pinned: false };

async function compose(t: TestContext, change: Partial<Container>, spec: Partial<PodSpec>, runtimeVersion = '2.1.0') {
  const base = await realpath(await temporaryDirectory(t));
  const rootDir = join(base, 'root');
  const cgroupFsRoot = join(base, 'cgroup');
  await mkdir(cgroupFsRoot);
  const machine = node({ rootDir });
  const host = realHost({ rootDir, podLogsDir: join(base, 'logs'), cgroupFsRoot, env: realEnv(), node: machine });
  const one = container(change);
  const of = revision({ containers: [one], ...spec });
  const documents = mapOf(document('Secret', 's', { key: 'value' }));
  const prepared = await host.preparePod(of.pod, documents);
  const disk = prepared.volumes.get('disk')?.hostPath;
  if (disk) await writeFile(join(disk, 'env'), "A='left here'");
  const notes = new Notes();
  notes.imagePresent('site:latest', IMAGE);
  const handlers = [{ name: '', recursiveReadOnlyMounts: true, userNamespaces: false }];
  const action = {
    kind: 'create-container' as const,
    revision: of,
    sandbox: { id: 's', ips: ['10.0.0.1'] },
    sandboxAttempt: 0,
    startTimeMs: NOW_MS,
    containerName: one.name,
    attempt: 0,
    restartCount: 0,
    backOffMs: 0,
    epoch: 0,
  };
  const parts = {
    host,
    notes,
    node: machine,
    features: () => runtimeFeatures('containerd', runtimeVersion, { runtimeHandlers: handlers }),
  };
  const config = await composeContainer(parts, { action, container: one, podIps: ['10.0.0.1'], prepared, documents });
  return { config, directory: join(rootDir, 'pods/u1') };
}

test('a container gets what other containers and documents have for it', async (t) => {
  const fileKeyRef = { volumeName: 'disk', path: 'env', key: 'A' };
  const { config, directory } = await compose(
    t,
    {
      env: [
        { name: 'FILE', valueFrom: { fileKeyRef } },
        { name: 'SECRET', valueFrom: { secretKeyRef: { name: 's', key: 'key' } } },
      ],
      volumeMounts: [
        { name: 'disk', mountPath: '/part', subPathExpr: '$(SECRET)' },
        { name: 'disk', mountPath: '/all', readOnly: true, recursiveReadOnly: 'IfPossible' },
      ],
    },
    { volumes: [{ name: 'disk', emptyDir: {} }] },
  );
  assert.deepEqual(config.envs, [
    { key: 'FILE', value: 'left here' },
    { key: 'SECRET', value: 'value' },
  ]);
  assert.equal(config.mounts[0]?.hostPath, join(directory, 'volume-subpaths/disk/main/0'));
  assert.equal(config.mounts[1]?.recursiveReadOnly, true);
});

const IMAGES = {
  container: { volumeMounts: [{ name: 'web', mountPath: '/web', subPath: 'static' }] },
  spec: { volumes: [{ name: 'web', image: { reference: 'site' } }] },
};

test('an image is mounted by the id that the runtime gave it', async (t) => {
  const { config } = await compose(t, IMAGES.container, IMAGES.spec);
  const [mount] = config.mounts;
  assert.deepEqual(
    [mount?.image, mount?.imageSubPath, mount?.hostPath],
    [{ image: 'sha256:site', userSpecifiedImage: 'site' }, 'static', ''],
  );
});

test('a runtime that cannot mount images is named, and only to containers that mount one', async (t) => {
  await assert.rejects(compose(t, IMAGES.container, IMAGES.spec, '1.6.20'), {
    name: 'ConfigError',
    message:
      'volume "web" is an image, and containerd 1.6.20 cannot mount images: containerd 2.1 or CRI-O 1.31 is needed',
  });
  await compose(t, {}, IMAGES.spec, '1.6.20');
});
