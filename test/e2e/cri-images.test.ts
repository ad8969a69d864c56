import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { buildImages, busyboxImage } from '../../hack/images.ts';
import { startRegistry } from '../../hack/registry.ts';
import { runShell, skip, until, useMachine } from './containerd.ts';

describe('images through the CRI port on a real containerd', { skip }, () => {
  const machine = useMachine();

  test('an image is pulled from a registry that wants a password, and removed', async (t) => {
    const { cri } = machine.client;
    const registry = await startRegistry({ users: { ada: 'secret' } });
    t.after(() => registry.stop());
    const [image] = buildImages([{ ...busyboxImage('unused'), user: '1000:2000', cmd: ['id'] }]);
    assert.ok(image);
    await registry.push(image, 'team/id:1');
    const name = `${registry.host}/team/id:1`;

    assert.equal(await cri.imageStatus(name), undefined);
    await assert.rejects(cri.pullImage(name, undefined, undefined), { code: 'other', call: 'PullImage' });
    const wrong = { username: 'ada', password: 'wrong' };
    await assert.rejects(cri.pullImage(name, wrong, undefined), { code: 'other', call: 'PullImage' });
    await assert.rejects(
      cri.pullImage(`${registry.host}/team/absent:1`, { username: 'ada', password: 'secret' }, undefined),
      {
        code: 'not-found',
      },
    );
    assert.equal(await cri.pullImage(name, { username: 'ada', password: 'secret' }, undefined), image.id);

    const { sizeBytes, ...status } = (await cri.imageStatus(name)) ?? assert.fail('the image is there');
    assert.deepEqual(status, {
      id: image.id,
      repoTags: [name],
      repoDigests: [`${registry.host}/team/id@${image.digest}`],
      uid: 1000,
      username: '',
      pinned: false,
    });
    assert.ok(sizeBytes > 0);
    assert.ok((await cri.listImages()).some(({ id }) => id === image.id));

    const { id, sandboxId, sandbox } = await runShell(machine, 'id', '', { image: { image: image.id }, command: [] });
    await until('it is over', async () => (await cri.containerStatus(id)).state === 'exited');
    assert.match(
      await readFile(join(sandbox.logDirectory, 'id.log'), 'utf8'),
      /stdout F uid=1000\(demo\) gid=2000\(extra\)/,
    );
    assert.equal((await cri.containerStatus(id)).imageRef, `${registry.host}/team/id@${image.digest}`);
    await cri.removePodSandbox(sandboxId);
    await cri.removeImage(name);
    await cri.removeImage(name);
    assert.equal(await cri.imageStatus(name), undefined);
  });

  test('the filesystem of the images is below the private directory', async () => {
    const [usage] = await machine.client.cri.imageFsInfo();
    assert.equal(usage?.mountpoint.startsWith(`${machine.containerd.dir}/`), true);
  });
});
