import assert from 'node:assert/strict';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { realEnv } from '../../hack/env.ts';
import { buildImages, busyboxImage, imageArchive, importImages } from '../../hack/images.ts';
import { type Registry, startRegistry } from '../../hack/registry.ts';
import { ImageCollector } from '../../src/kubelet/images/collect-images.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { type Agent, createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';
import { rower } from './rower.ts';

const PASSWORD = 'open-sesame';

const waiting = (name: string, reason: string) => (pods: Pod[]) => {
  const state = statusOf(pods, name).container?.state?.waiting;
  return state?.reason === reason && state;
};
const pod = (name: string, image: string, change: object = {}) =>
  manifest(name, { containers: [sleeper({ image, ...change })] });
const built = (name: string) => {
  const [image] = buildImages([{ ...busyboxImage(name), labels: { name } }]);
  return image ?? assert.fail('one image');
};

describe('images on containerd', { skip }, () => {
  const machine = useMachine();
  let agent: Agent;
  let open: Registry;
  let closed: Registry;
  const events = async () => (await agent.get('/api/v1/events')).body;
  const eventsOf = async (reason: string) => {
    const { items } = JSON.parse(await events()) as { items: { reason: string; message: string }[] };
    return items.filter((event) => event.reason === reason).map((event) => event.message);
  };

  before(async () => {
    open = await startRegistry();
    machine.cleanUps.push(() => open.stop());
    closed = await startRegistry({ users: { ada: PASSWORD } });
    machine.cleanUps.push(() => closed.stop());
    for (const registry of [open, closed]) await registry.push(built('unused'), 'team/app:1');
    const providers = join(machine.dir, 'providers');
    mkdirSync(providers);
    writeFileSync(
      join(providers, 'config.json'),
      JSON.stringify({
        apiVersion: 'kubelet.config.k8s.io/v1',
        kind: 'CredentialProviderConfig',
        providers: [
          {
            name: 'plugin',
            apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
            matchImages: [`${closed.host}/team`],
            defaultCacheDuration: '0s',
          },
        ],
      }),
    );
    const answer = JSON.stringify({
      kind: 'CredentialProviderResponse',
      apiVersion: 'credentialprovider.kubelet.k8s.io/v1',
      cacheKeyType: 'Image',
      auth: { [closed.host]: { username: 'ada', password: PASSWORD } },
    });
    writeFileSync(join(providers, 'plugin'), `#!/bin/sh\ncat >/dev/null\necho '${answer}'\n`, { mode: 0o755 });
    agent = await createAgent(machine.containerd, [
      '--image-credential-provider-config',
      join(providers, 'config.json'),
      '--image-credential-provider-bin-dir',
      providers,
    ]);
    mkdirSync(join(agent.dir, 'root'));
    // The wrong password of a configuration file comes before the right one of the provider.
    const wrong = { auths: { [closed.host]: { auth: Buffer.from('ada:wrong').toString('base64') } } };
    writeFileSync(join(agent.dir, 'root/config.json'), JSON.stringify(wrong));
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
  });

  it('are pulled when they are absent, and again for each start when the policy is Always', async () => {
    const image = `${open.host}/team/app:1`;
    agent.write('absent.yaml', pod('absent', image));
    const container = await agent.until('it to run', running('absent'));
    assert.match(container.imageID, /team\/app@sha256:/);
    const pulled = (await eventsOf('Pulled')).filter((text) => text.includes(image));
    assert.match(
      pulled.join('\n'),
      /^Successfully pulled image "\S+" in \d\S*s \(\d\S*s including waiting\)\. Image size: \d+ bytes\.$/,
    );
    agent.write('present.yaml', pod('present', image));
    await agent.until('it to run', running('present'));
    assert.equal((await eventsOf('Pulling')).length, 1);
    const once = { imagePullPolicy: 'Always', command: ['/bin/busybox', 'false'] };
    agent.write('always.yaml', pod('always', image, once));
    await agent.until('its second run', (pods) => statusOf(pods, 'always').container?.restartCount === 1);
    const { items } = JSON.parse(await events()) as { items: { reason: string; count: number }[] };
    const pulls = items.filter(({ reason }) => reason === 'Pulling').map(({ count }) => count);
    assert.equal(
      pulls.reduce((sum, count) => sum + count),
      3,
      'one for each of its starts',
    );
    agent.remove('always.yaml');
  });

  it('that are nowhere are told and tried again, longer and longer', async () => {
    const image = `${open.host}/team/nowhere:1`;
    agent.write('nowhere.yaml', pod('nowhere', image));
    const first = await agent.until('the error', waiting('nowhere', 'ErrImagePull'));
    assert.match(first.message ?? '', /not found/);
    const second = await agent.until('the back-off', waiting('nowhere', 'ImagePullBackOff'));
    assert.equal(second.message, `Back-off pulling image "${image}": ErrImagePull: ${first.message}`);
    const { stdout } = await rower(agent, 'explain', 'nowhere');
    assert.match(stdout, /waits {6}main: ImagePullBackOff: .*, until \d\d:\d\d:\d\dZ \(in \d+s\)\n/);
    assert.match(
      stdout,
      /next {7}\S.*, at \d\d:\d\d:\d\dZ\n(.*\n)* {13}look whether image \S+\/team\/nowhere:1 is here\n/,
    );
    assert.deepEqual((await eventsOf('Failed')).at(-1), 'Error: ErrImagePull');
    agent.remove('nowhere.yaml');
  });

  it('of a registry with a password are pulled with whatever credentials fit, or not at all', async () => {
    agent.write('allowed.yaml', pod('allowed', `${closed.host}/team/app:1`));
    await agent.until('it to run', running('allowed'));
    await closed.push(built('other'), 'other/app:1');
    agent.write('refused.yaml', pod('refused', `${closed.host}/other/app:1`));
    const { message } = await agent.until('the error', waiting('refused', 'ErrImagePull'));
    assert.match(message ?? '', /401 Unauthorized|authorization failed|unauthorized|insufficient_scope/i);
    assert.ok(!agent.log().includes(PASSWORD) && !agent.log().includes('wrong'), 'no password is in the log');
    agent.remove('refused.yaml');
    const auths = { [`${closed.host}/other`]: { username: 'ada', password: PASSWORD } };
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'regcred' },
      type: 'kubernetes.io/dockerconfigjson',
      stringData: { '.dockerconfigjson': JSON.stringify({ auths }) },
    };
    const withSecret = manifest('with-secret', {
      imagePullSecrets: [{ name: 'regcred' }],
      containers: [sleeper({ image: `${closed.host}/other/app:1` })],
    });
    agent.write('with-secret.yaml', `${JSON.stringify(secret)}\n---\n${withSecret}`);
    await agent.until('it to run', running('with-secret'));
    const seen = agent.log() + (await events()) + JSON.stringify(await agent.pods());
    assert.ok(!seen.includes(PASSWORD), 'nor anywhere else');
  });

  it('that are slow to come delay no other Pod, and are given up when nobody wants them', async () => {
    const connections = new Set<Socket>();
    const silent = createServer((socket) => {
      connections.add(socket);
      socket.on('close', () => connections.delete(socket)).on('error', () => {});
      socket.resume();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as { port: number };
    agent.write('other.yaml', pod('other', 'localhost/busybox:1'));
    await agent.until('the other to run', running('other'));
    agent.write('slow.yaml', pod('slow', `127.0.0.1:${port}/slow:1`));
    await waitFor('the pull', async () => connections.size > 0);
    agent.write('next.yaml', pod('next', 'localhost/busybox:1'));
    await agent.until('the next to run', running('next'));
    agent.remove('other.yaml');
    await agent.until('the other to be gone', (pods) => statusOf(pods, 'other').pod === undefined);
    assert.match(
      (await rower(agent, 'explain', 'slow')).stdout,
      /doing {6}pull image 127\.0\.0\.1:\d+\/slow:1 for container main, for \d+s/,
    );
    agent.remove('slow.yaml');
    await agent.until('the slow one to be gone', (pods) => statusOf(pods, 'slow').pod === undefined);
    await waitFor('the end of the pull', async () => connections.size === 0);
    await new Promise((resolve) => silent.close(resolve));
  });

  it('that nothing needs are removed when the disk is full, and no others', async () => {
    const { cri } = machine.client;
    const [unused, wanted] = ['localhost/unused:1', 'localhost/wanted:1'];
    await importImages(machine.containerd, [built(unused), built(wanted)]);
    await waitFor('both', async () => (await cri.imageStatus(unused)) && (await cri.imageStatus(wanted)));
    agent.write('user.yaml', pod('user', 'localhost/busybox:1'));
    await agent.until('it to run', running('user'));
    let nowMs = 0;
    const settings = { highPercent: 50, lowPercent: 0, minAgeMs: 60_000, maxAgeMs: 0 };
    const collector = new ImageCollector({
      env: { ...realEnv(), nowMs: () => nowMs },
      cri,
      settings,
      wanted: () => [wanted],
      record: () => {},
      diskOf: async (directory) => {
        assert.ok(directory.startsWith(machine.containerd.dir));
        return { capacityBytes: 2 ** 50, availableBytes: 0 };
      },
    });
    await assert.rejects(collector.collect(settings), /only found 0 bytes eligible to free/, 'all are too young');
    nowMs = 120_000;
    await assert.rejects(collector.collect(settings), /bytes eligible to free/);
    const left = (await cri.listImages()).flatMap(({ repoTags }) => repoTags);
    assert.ok(!left.includes(unused), `gone: ${left}`);
    for (const kept of ['localhost/pause:1', 'localhost/busybox:1', wanted, `${open.host}/team/app:1`])
      assert.ok(left.includes(kept), `kept: ${kept}`);
    agent.write('late.yaml', pod('late', wanted, { imagePullPolicy: 'Never' }));
    await agent.until('a new Pod to run', running('late'));
  });

  it('come from archives in the root directory, at once and of each form', async () => {
    const forms: [name: string, pack: (archive: Buffer) => Buffer][] = [
      ['plain.tar', (archive) => archive],
      ['gzip.tar.gz', gzipSync],
      ['zstd.tar.zst', zstdCompressSync],
    ];
    for (const [file, pack] of forms) {
      const [name = ''] = file.split('.');
      const image = `localhost/${name}:1`;
      agent.write(`${name}.yaml`, pod(name, image, { imagePullPolicy: 'Never' }));
      const state = await agent.until('the wait', waiting(name, 'ErrImageNeverPull'));
      assert.equal(state.message, `Container image "${image}" is not present with pull policy of Never`);
      writeFileSync(join(agent.dir, 'root/images', `.${file}`), pack(imageArchive([built(image)])));
      renameSync(join(agent.dir, 'root/images', `.${file}`), join(agent.dir, 'root/images', file));
      await agent.until('it to run', running(name));
    }
    writeFileSync(join(agent.dir, 'root/images/damaged.tar'), 'x'.repeat(2000));
    await waitFor('the complaint', async () => (await events()).includes('FailedImport'));
    assert.deepEqual(await eventsOf('FailedImport'), ['Failed to import damaged.tar: it is not a tar archive']);
    const imports = (await eventsOf('ImagesImported')).length;
    await machine.client.cri.removeImage('localhost/plain:1');
    await agent.kill9();
    await agent.start();
    await waitFor(
      'the image again',
      async () => (await machine.client.cri.imageStatus('localhost/plain:1')) !== undefined,
    );
    assert.equal(imports, 3);
    await waitFor('its event', async () => (await eventsOf('ImagesImported')).length > 0);
    assert.deepEqual(await eventsOf('ImagesImported'), ['Imported localhost/plain:1 from plain.tar']);
  });
});
