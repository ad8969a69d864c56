import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip } from './containerd.ts';
import { documents, mount, object, secret, useAgent, waiting } from './with-agent.ts';

const SECRET = 'correct-horse-battery';
const config = (data: Record<string, string>) => object('ConfigMap', 'settings', { data });

describe('documents beside Pods on containerd', { skip }, () => {
  const on = useAgent();

  it('gives a container its environment and files from a ConfigMap, a Secret and the Pod', async () => {
    const from = (valueFrom: object) => ({ valueFrom });
    const spec = {
      terminationGracePeriodSeconds: 0,
      containers: [
        sleeper({
          resources: { limits: { memory: '32Mi' } },
          envFrom: [
            { prefix: 'CM_', configMapRef: { name: 'settings' } },
            { secretRef: { name: 'absent', optional: true } },
          ],
          env: [
            { name: 'PASSWORD', ...from({ secretKeyRef: { name: 'login', key: 'password' } }) },
            { name: 'POD', ...from({ fieldRef: { fieldPath: 'metadata.name' } }) },
            { name: 'LIMIT', ...from({ resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } }) },
            { name: 'BOTH', value: '$(CM_color)-$(POD)' },
          ],
          volumeMounts: [mount('cm'), mount('login'), mount('me'), mount('all')],
        }),
      ],
      volumes: [
        { name: 'cm', configMap: { name: 'settings', items: [{ key: 'color', path: 'deep/color', mode: 0o440 }] } },
        { name: 'login', secret: { secretName: 'login', defaultMode: 0o400 } },
        { name: 'me', downwardAPI: { items: [{ path: 'labels', fieldRef: { fieldPath: 'metadata.labels' } }] } },
        {
          name: 'all',
          projected: {
            sources: [
              { configMap: { name: 'settings' } },
              { secret: { name: 'login', items: [{ key: 'password', path: 'key', mode: 0o600 }] } },
              { downwardAPI: { items: [{ path: 'name', fieldRef: { fieldPath: 'metadata.name' } }] } },
            ],
          },
        },
      ],
    };
    const pod = manifest('files', spec, { labels: { app: 'files' } });
    on.agent.write('files.yaml', documents(config({ color: 'blue', size: '3' }), secret('login', SECRET), pod));
    const env = await on.inside('files', 'env');
    for (const line of [
      'CM_color=blue',
      'CM_size=3',
      `PASSWORD=${SECRET}`,
      'POD=files-n1',
      'LIMIT=32',
      'BOTH=blue-files-n1',
    ])
      assert.ok(env.split('\n').includes(line), `${line} in\n${env}`);
    assert.equal(
      await on.inside('files', 'cat /cm/deep/color /login/password /me/labels /all/color /all/key /all/name'),
      `blue${SECRET}app="files"blue${SECRET}files-n1`,
    );
    const modes = await on.inside(
      'files',
      'busybox stat -L -c "%a %u:%g" /cm/deep/color /login/password /me/labels /all/key',
    );
    assert.equal(modes, '440 0:0\n400 0:0\n644 0:0\n600 0:0\n');
    const mounts = await on.inside('files', 'cat /proc/mounts');
    for (const path of ['/login', '/me', '/all']) assert.match(mounts, new RegExp(`^tmpfs ${path} tmpfs ro,`, 'm'));
    assert.match(mounts, /^\S+ \/cm \S+ ro,/m);
    assert.match(
      await on.inside('files', 'echo x > /login/password; echo x > /cm/new; true'),
      /Read-only file system[\s\S]*Read-only file system/,
    );
  });

  it('changes files while the container runs, all at once, and leaves the environment as it is', async () => {
    const spec = {
      terminationGracePeriodSeconds: 0,
      containers: [
        sleeper({
          env: [{ name: 'COLOR', valueFrom: { configMapKeyRef: { name: 'live', key: 'color' } } }],
          volumeMounts: [mount('cm'), { name: 'cm', mountPath: '/one', subPath: 'color' }],
        }),
      ],
      volumes: [{ name: 'cm', configMap: { name: 'live' } }],
    };
    const live = (data: object) => object('ConfigMap', 'live', { data });
    on.agent.write('live.yaml', live({ color: 'red', old: 'x' }));
    on.agent.write('live-pod.yaml', manifest('live', spec));
    assert.equal(await on.inside('live', 'cat /cm/color; ls /cm'), 'redcolor\nold\n');
    const first = statusOf(await on.agent.pods(), 'live').container?.containerID;
    on.agent.write('live.yaml', live({ color: 'green', fresh: 'y' }));
    await waitFor(
      'the new content',
      async () => (await on.inside('live', 'cat /cm/color; ls /cm')) === 'greencolor\nfresh\n',
    );
    assert.equal(await on.inside('live', 'echo $COLOR; cat /one'), 'red\nred');
    assert.equal(statusOf(await on.agent.pods(), 'live').container?.containerID, first);
    await on.machine.client.cri.stopContainer(first?.replace('containerd://', '') ?? '', 0);
    await on.agent.until(
      'a restart',
      (pods) => statusOf(pods, 'live').container?.restartCount === 1 && running('live')(pods),
    );
    assert.equal(await on.inside('live', 'echo $COLOR; cat /one'), 'green\ngreen');
  });

  it('waits for a missing Secret by name and starts as soon as it is there', async () => {
    const env = [{ name: 'P', valueFrom: { secretKeyRef: { name: 'late', key: 'password' } } }];
    on.agent.write('late.yaml', manifest('late', { terminationGracePeriodSeconds: 0, containers: [sleeper({ env })] }));
    assert.equal(
      await on.agent.until('the wait', waiting('late', 'CreateContainerConfigError')),
      'secret "late" not found',
    );
    on.agent.write('late-secret.yaml', object('Secret', 'late', { stringData: { user: 'me' } }));
    const noKey = "couldn't find key password in Secret default/late";
    await on.agent.until('the next wait', (pods) => waiting('late', 'CreateContainerConfigError')(pods) === noKey);
    on.agent.write('late-secret.yaml', secret('late', SECRET));
    assert.equal(await on.inside('late', 'echo $P'), `${SECRET}\n`);
  });

  it('tells of a volume whose Secret is missing with an event, and mounts it when it comes', async () => {
    const volumes = [{ name: 'key', secret: { secretName: 'key' } }];
    const spec = { terminationGracePeriodSeconds: 0, containers: [sleeper({ volumeMounts: [mount('key')] })], volumes };
    on.agent.write('mount.yaml', manifest('mount', spec));
    await waitFor('the event', async () => {
      const events = (await on.agent.get('/api/v1/events')).body;
      return events.includes('MountVolume.SetUp failed for volume \\"key\\" : secret \\"key\\" not found');
    });
    assert.equal(statusOf(await on.agent.pods(), 'mount').container?.state?.waiting?.reason, 'ContainerCreating');
    on.agent.write('key.yaml', secret('key', SECRET));
    assert.equal(await on.inside('mount', 'cat /key/password'), SECRET);
  });

  it('keeps documents of a file that breaks, over a restart of the agent', async () => {
    const env = [
      { name: 'P', valueFrom: { secretKeyRef: { name: 'kept', key: 'password' } } },
      { name: 'C', valueFrom: { configMapKeyRef: { name: 'kept', key: 'c' } } },
    ];
    const pod = manifest('kept', { terminationGracePeriodSeconds: 0, containers: [sleeper({ env })] });
    on.agent.write(
      'kept.yaml',
      documents(object('ConfigMap', 'kept', { data: { c: 'c' } }), secret('kept', SECRET), pod),
    );
    assert.equal(await on.inside('kept', 'echo $P$C'), `${SECRET}c\n`);
    const { containerID = '' } = await on.agent.until('it to run', running('kept'));
    await on.agent.kill9();
    on.agent.write('kept.yaml', 'kind: [');
    await on.agent.start();
    await on.machine.client.cri.stopContainer(containerID.replace('containerd://', ''), 0);
    await on.agent.until(
      'a restart',
      (pods) => statusOf(pods, 'kept').container?.restartCount === 1 && running('kept')(pods),
    );
    assert.equal(await on.inside('kept', 'echo $P$C'), `${SECRET}c\n`);
    on.agent.remove('kept.yaml');
  });

  it('runs a Deployment as its template, and nothing of one with no replicas', async () => {
    const deployment = (name: string, replicas: number) =>
      JSON.stringify({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name },
        spec: {
          replicas,
          template: {
            metadata: { labels: { app: name } },
            spec: { terminationGracePeriodSeconds: 0, containers: [sleeper()] },
          },
        },
      });
    on.agent.write('deployment.yaml', documents(deployment('one', 1), deployment('none', 0)));
    await on.agent.until('it to run', running('one'));
    const { pod } = statusOf(await on.agent.pods(), 'one');
    assert.equal(pod?.metadata.labels?.app, 'one');
    assert.equal(pod?.metadata.annotations?.['rower.dev/owner'], 'Deployment/one');
    assert.equal(statusOf(await on.agent.pods(), 'none').pod, undefined);
    on.agent.remove('deployment.yaml');
  });

  it('refuses other content for an immutable ConfigMap until it is deleted', async () => {
    const fixed = (color: string) => object('ConfigMap', 'fixed', { data: { color }, immutable: true });
    const volumes = [{ name: 'cm', configMap: { name: 'fixed' } }];
    on.agent.write(
      'fixed-pod.yaml',
      manifest('fixed', {
        terminationGracePeriodSeconds: 0,
        containers: [sleeper({ volumeMounts: [mount('cm')] })],
        volumes,
      }),
    );
    on.agent.write('fixed.yaml', fixed('red'));
    assert.equal(await on.inside('fixed', 'cat /cm/color'), 'red');
    on.agent.write('fixed.yaml', fixed('blue'));
    await waitFor('the complaint', async () =>
      (await on.agent.get('/api/v1/events')).body.includes('field is immutable when `immutable` is set'),
    );
    assert.equal(await on.inside('fixed', 'cat /cm/color'), 'red');
    on.agent.remove('fixed.yaml');
    await delayUntilGone('ConfigMap/default/fixed');
    on.agent.write('fixed.yaml', fixed('blue'));
    await waitFor('the new content', async () => (await on.inside('fixed', 'cat /cm/color')) === 'blue');
  });

  /** Until the agent no longer has a document; it tells in what it keeps for its successor. */
  async function delayUntilGone(key: string): Promise<void> {
    const file = join(on.agent.dir, 'root/documents.json');
    await waitFor(`${key} to be gone`, async () => {
      if (!existsSync(file)) return true;
      const { documents: kept } = JSON.parse(readFileSync(file, 'utf8')) as {
        documents: { kind: string; namespace: string; name: string }[];
      };
      return !kept.some((one) => `${one.kind}/${one.namespace}/${one.name}` === key);
    });
  }

  it('shows secret values nowhere: not in its log, on its port, in what it keeps on disk or in the runtime', async () => {
    const pages = [
      '/pods',
      '/metrics',
      '/api/v1/pods',
      '/api/v1/events',
      '/configz',
      '/api/v1/secrets',
      '/api/v1/configmaps',
    ];
    const answers = await Promise.all(pages.map(async (page) => (await on.agent.get(page)).body));
    const sandboxes = await on.machine.client.cri.listPodSandboxes({});
    const containers = await on.machine.client.cri.listContainers({});
    const shown = [
      on.agent.log(),
      ...answers,
      JSON.stringify(sandboxes),
      JSON.stringify(containers),
      ...onDisk(join(on.agent.dir, 'root')),
    ].join('\n');
    for (const text of [SECRET, Buffer.from(SECRET).toString('base64')]) assert.ok(!shown.includes(text));
    assert.ok(shown.includes('kept') && sandboxes.length > 0);
  });

  /** Content of the files directly in the root directory. */
  function onDisk(directory: string): string[] {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(directory, entry.name), 'utf8'));
  }
});
