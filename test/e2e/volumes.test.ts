import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Pod } from '../../src/kubelet/types.ts';
import { mountsBelow } from '../kubelet/temporary.ts';
import { manifest, sleeper, statusOf, waitFor } from './agent.ts';
import { skip } from './containerd.ts';
import { documents, mount, object, podSpec, secret, useAgent, waiting } from './with-agent.ts';

const SECRET = 'correct-horse-battery';

describe('volumes on containerd', { skip }, () => {
  const on = useAgent();

  it('never follows a link out of a volume for a subPath', async () => {
    const outside = join(on.agent.dir, 'outside');
    mkdirSync(outside);
    writeFileSync(join(outside, 'treasure'), 'gold');
    const links = `ln -s ${outside} /v/absolute; ln -s ../../../../../../../..${outside} /v/relative; mkdir -p /v/a/b; ln -s b /v/a/good; echo in > /v/a/b/f`;
    const spec = (subPath: string) => ({
      terminationGracePeriodSeconds: 0,
      initContainers: [
        { ...sleeper({ volumeMounts: [mount('v')] }), name: 'init', command: ['/bin/busybox', 'sh', '-c', links] },
      ],
      containers: [
        sleeper({
          volumeMounts: [{ name: 'v', mountPath: '/part', subPathExpr: subPath }],
          env: [{ name: 'X', value: 'a' }],
        }),
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    });
    on.agent.write('good-link.yaml', manifest('good-link', spec('$(X)/good')));
    on.agent.write('new-part.yaml', manifest('new-part', spec('made/here')));
    for (const name of ['absolute', 'relative']) {
      on.agent.write(`${name}.yaml`, manifest(name, spec(`${name}/treasure`)));
      const message = await on.agent.until(`${name} to be refused`, waiting(name, 'CreateContainerConfigError'));
      assert.equal(
        message,
        `failed to prepare subPath for volumeMount "v" of container "main": ${name}/treasure leads out of the volume`,
      );
      on.agent.remove(`${name}.yaml`);
    }
    assert.equal(await on.inside('good-link', 'cat /part/f'), 'in\n');
    assert.equal(await on.inside('new-part', 'busybox stat -c %a /part; touch /part/x && echo ok'), '777\nok\n');
  });

  it('reads variables from a file that an init container left', async () => {
    const write = `echo "A='from the file' # why" > /v/env`;
    const variable = (name: string, key: string, optional = false) => ({
      name,
      valueFrom: { fileKeyRef: { volumeName: 'v', path: 'env', key, optional } },
    });
    const init = {
      ...sleeper({ volumeMounts: [mount('v')] }),
      name: 'init',
      command: ['/bin/busybox', 'sh', '-c', write],
    };
    const more = { initContainers: [init], volumes: [{ name: 'v', emptyDir: {} }] };
    on.agent.write(
      'env.yaml',
      manifest('env', podSpec(sleeper({ env: [variable('X', 'A'), variable('Y', 'B', true)] }), more)),
    );
    assert.equal(await on.inside('env', 'echo "$X"; env | grep -c ^Y=; true'), 'from the file\n0\n');
    on.agent.write('no-env.yaml', manifest('no-env', podSpec(sleeper({ env: [variable('X', 'B')] }), more)));
    const message = await on.agent.until('the refusal', waiting('no-env', 'CreateContainerConfigError'));
    assert.equal(message, 'environment variable key "B" not found in file "env"');
  });

  it('gives volumes to the group of the Pod, and claims outlive it', async () => {
    const spec = (script: string) => ({
      terminationGracePeriodSeconds: 0,
      securityContext: { runAsUser: 1000, runAsGroup: 1000, fsGroup: 2000 },
      containers: [
        {
          ...sleeper({ volumeMounts: [mount('data'), mount('tmp'), mount('s')] }),
          command: ['/bin/busybox', 'sh', '-c', `${script}; exec /bin/busybox sleep 100000`],
        },
      ],
      volumes: [
        { name: 'data', persistentVolumeClaim: { claimName: 'db' } },
        { name: 'tmp', emptyDir: {} },
        { name: 's', secret: { secretName: 'group', defaultMode: 0o400 } },
      ],
    });
    const beside = documents(object('PersistentVolumeClaim', 'db', { spec: {} }), secret('group', SECRET));
    on.agent.write('claim.yaml', documents(beside, manifest('writer', spec('echo kept > /data/f; touch /tmp/t'))));
    assert.equal(
      await on.inside('writer', 'busybox stat -c "%a %u:%g" /data /tmp /data/f /tmp/t'),
      '2777 0:2000\n2777 0:2000\n644 1000:2000\n644 1000:2000\n',
    );
    assert.equal(
      await on.inside('writer', 'cat /s/password; busybox stat -L -c "%a %u:%g" /s/password'),
      `${SECRET}440 0:2000\n`,
    );
    const directory = join(on.agent.dir, 'root/volumes/default/db');
    on.agent.write('claim.yaml', documents(beside, manifest('reader', spec('true'))));
    await on.agent.until('the writer to go', (pods) => statusOf(pods, 'writer').pod === undefined);
    assert.equal(await on.inside('reader', 'cat /data/f; busybox stat -c "%a %g" /data/f'), 'kept\n664 2000\n');
    on.agent.remove('claim.yaml');
    await on.agent.until('the reader to go', (pods) => statusOf(pods, 'reader').pod === undefined);
    assert.equal(readFileSync(join(directory, 'f'), 'utf8'), 'kept\n');
  });

  it('refuses an image volume where the runtime cannot mount one', async () => {
    const volumes = [{ name: 'i', image: { reference: 'localhost/busybox:1' } }];
    on.agent.write(
      'image.yaml',
      manifest('image', {
        terminationGracePeriodSeconds: 0,
        containers: [sleeper({ volumeMounts: [mount('i')] })],
        volumes,
      }),
    );
    const { runtimeVersion } = await on.machine.client.cri.version();
    if (/^v?(1\.|2\.0)/.test(runtimeVersion)) {
      const message = await on.agent.until('the refusal', waiting('image', 'CreateContainerConfigError'));
      assert.equal(
        message,
        `volume "i" is an image, and containerd ${runtimeVersion} cannot mount images: containerd 2.1 or CRI-O 1.31 is needed`,
      );
    } else assert.match(await on.inside('image', 'ls /i/bin'), /busybox/);
    on.agent.remove('image.yaml');
  });

  it('ends a Pod whose emptyDir outgrows its limit, also for the next agent', async () => {
    const script =
      'while ! [ -e /v/go ]; do /bin/busybox sleep 0.1; done; /bin/busybox dd if=/dev/zero of=/v/big bs=1M count=4; exec /bin/busybox sleep 100000';
    const spec = {
      terminationGracePeriodSeconds: 0,
      containers: [{ ...sleeper({ volumeMounts: [mount('v')] }), command: ['/bin/busybox', 'sh', '-c', script] }],
      volumes: [{ name: 'v', emptyDir: { sizeLimit: '2Mi' } }],
    };
    on.agent.write('greedy.yaml', manifest('greedy', spec));
    await on.inside('greedy', 'touch /v/go');
    const over = (pods: Pod[]) => {
      const { status } = statusOf(pods, 'greedy').pod ?? {};
      return status?.phase === 'Failed' && status.containerStatuses?.[0]?.state?.terminated ? status : undefined;
    };
    const { reason, message } = await on.agent.until('its end', over);
    assert.deepEqual([reason, message], ['Evicted', 'Usage of EmptyDir volume "v" exceeds the limit "2Mi". ']);
    await on.agent.kill9();
    await on.agent.start();
    assert.equal((await on.agent.until('its end once more', over)).reason, 'Evicted');
    on.agent.remove('greedy.yaml');
  });

  it('leaves no mount behind when its Pods are gone', async () => {
    const names = readdirSync(on.agent.manifests);
    assert.ok((await mountsBelow(realpathSync(on.agent.dir))).length > 1);
    for (const name of names) on.agent.remove(name);
    await on.agent.until('all to be gone', (pods) => pods.length === 0);
    await waitFor('the directories to go', async () => readdirSync(join(on.agent.dir, 'root/pods')).length === 0);
    assert.deepEqual(await mountsBelow(realpathSync(on.agent.dir)), []);
  });
});
