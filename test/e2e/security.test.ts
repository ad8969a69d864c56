/** What the kernel says of processes in containers: not what was asked for, but what came of it. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { buildImages, busyboxImage, importImages } from '../../hack/images.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip } from './containerd.ts';
import { mount, podSpec, useAgent, waiting } from './with-agent.ts';

/** capabilities(7): the number of each is its bit. */
const BITS = { CHOWN: 0, NET_BIND_SERVICE: 10, NET_ADMIN: 12, SYS_ADMIN: 21, SYS_TIME: 25 };

/** `/proc/1/status` by name. */
function status(text: string): Record<string, string> {
  return Object.fromEntries(
    text.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
  );
}

const has = (mask: string | undefined, capability: keyof typeof BITS) =>
  (BigInt(`0x${mask}`) & (1n << BigInt(BITS[capability]))) !== 0n;

describe('security on containerd', { skip }, () => {
  const on = useAgent('allowedUnsafeSysctls: [kernel.msg*]\n');
  const first = async (name: string) => status(await on.inside(name, 'cat /proc/1/status'));
  const run = (name: string, container: object, more: object = {}) =>
    on.agent.write(`${name}.yaml`, manifest(name, podSpec(sleeper(container), more)));
  const refused = (name: string, reason: string) =>
    on.agent.until(`${name} to be refused`, (pods: Pod[]) => {
      const { pod } = statusOf(pods, name);
      return pod?.status?.phase === 'Failed' && pod.status.reason === reason && pod.status.message;
    });

  before(async () => {
    const image = (name: string, user: string, more: object = {}) => ({
      ...busyboxImage(`localhost/${name}:1`),
      user,
      ...more,
    });
    const groups = { path: 'etc/group', type: 'file' as const, data: 'root:x:0:\ndemo:x:1000:\nfiles:x:50000:demo\n' };
    const users = {
      path: 'etc/passwd',
      type: 'file' as const,
      data: 'root:x:0:0::/:/bin/sh\ndemo:x:1000:1000::/:/bin/sh\n',
    };
    const images = [image('numbered', '1000'), image('named', 'demo', { files: [users, groups] })];
    await importImages(on.machine.containerd, buildImages(images));
  });

  it('runs a plain container as root with the usual capabilities, and hides what is the machine’s', async () => {
    run('plain', {});
    const found = await first('plain');
    assert.equal(found.Uid, '0\t0\t0\t0');
    assert.equal(found.Gid, '0\t0\t0\t0');
    assert.equal(found.NoNewPrivs, '0');
    assert.equal(found.Seccomp, '0');
    assert.ok(has(found.CapEff, 'CHOWN') && has(found.CapEff, 'NET_BIND_SERVICE'));
    assert.ok(!has(found.CapBnd, 'SYS_ADMIN') && !has(found.CapBnd, 'NET_ADMIN') && !has(found.CapBnd, 'SYS_TIME'));
    assert.equal(await on.inside('plain', 'cat /proc/keys /proc/timer_list 2>&1 | wc -c'), '0\n');
    const mounts = await on.inside('plain', "awk '{ print $5, $6 }' /proc/1/mountinfo");
    for (const path of ['/proc/sys', '/proc/sysrq-trigger', '/proc/irq', '/proc/bus', '/proc/fs'].filter(existsSync))
      assert.match(mounts, new RegExp(`^${path} ro,`, 'm'));
    assert.match(await on.inside('plain', 'echo 1 > /proc/sys/vm/swappiness'), /Read-only file system/);
    assert.equal(await on.inside('plain', 'touch /new && echo ok'), 'ok\n');
  });

  it('takes everything away that is to be taken away', async () => {
    run(
      'locked',
      {
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'], add: ['NET_BIND_SERVICE'] },
        },
        volumeMounts: [mount('data')],
      },
      {
        securityContext: {
          runAsUser: 1000,
          runAsGroup: 3000,
          fsGroup: 2000,
          supplementalGroups: [5000],
          seccompProfile: { type: 'RuntimeDefault' },
        },
        volumes: [{ name: 'data', emptyDir: {} }],
      },
    );
    const found = await first('locked');
    assert.equal(found.Uid, '1000\t1000\t1000\t1000');
    assert.equal(found.Gid, '3000\t3000\t3000\t3000');
    assert.deepEqual(
      found.Groups?.split(' ').filter((group) => group !== '3000'),
      ['2000', '5000'],
    );
    assert.equal(BigInt(`0x${found.CapBnd}`), 1n << BigInt(BITS.NET_BIND_SERVICE));
    assert.equal(BigInt(`0x${found.CapEff}`), 0n);
    assert.equal(found.NoNewPrivs, '1');
    assert.equal(found.Seccomp, '2');
    assert.match(await on.inside('locked', 'touch /new'), /Read-only file system/);
    assert.equal(
      await on.inside('locked', 'touch /data/f && busybox stat -c "%a %g" /data && busybox stat -c %g /data/f'),
      '2777 2000\n2000\n',
    );
  });

  it('gives and takes single capabilities of root, and a container’s own settings win over the Pod’s', async () => {
    run(
      'single',
      { securityContext: { runAsUser: 0, capabilities: { add: ['SYS_TIME', 'CAP_NET_ADMIN'], drop: ['CHOWN'] } } },
      { securityContext: { runAsUser: 1000, runAsGroup: 1000 } },
    );
    const found = await first('single');
    assert.equal(found.Uid, '0\t0\t0\t0');
    assert.equal(found.Gid, '1000\t1000\t1000\t1000');
    assert.ok(has(found.CapEff, 'SYS_TIME') && has(found.CapEff, 'NET_ADMIN') && !has(found.CapEff, 'CHOWN'));
  });

  it('makes a privileged container one: all that the machine’s root can, and nothing hidden', async () => {
    run('privileged', { securityContext: { privileged: true } });
    const found = await first('privileged');
    const machine = status(readFileSync('/proc/self/status', 'utf8'));
    assert.equal(found.CapEff, machine.CapBnd);
    assert.equal(found.Seccomp, '0');
    const mounts = await on.inside('privileged', "awk '{ print $5 }' /proc/1/mountinfo");
    assert.doesNotMatch(mounts, /^\/proc\/(sys|keys|kcore|irq)/m);
  });

  const ROOT = /^container has runAsNonRoot and image will run as root \(pod: "root_default\(/;
  const NAMED =
    /^container has runAsNonRoot and image has non-numeric user \(demo\), cannot verify user is non-root \(pod: /;
  const ASKED = /^container's runAsUser breaks non-root policy \(pod: /;
  it('refuses root where it is not to be, by the user of the image too', async () => {
    const securityContext = { runAsNonRoot: true };
    run('root', {}, { securityContext });
    run('named', { image: 'localhost/named:1' }, { securityContext });
    run('asked', { image: 'localhost/numbered:1', securityContext: { runAsUser: 0 } }, { securityContext });
    run('numbered', { image: 'localhost/numbered:1' }, { securityContext });
    run('given', { image: 'localhost/named:1', securityContext: { runAsUser: 1000 } }, { securityContext });
    for (const [name, message] of [
      ['root', new RegExp(ROOT.source.replace('root_default', 'root-n1_default'))],
      ['named', NAMED],
      ['asked', ASKED],
    ] as const)
      assert.match(await on.agent.until(`${name} to be refused`, waiting(name, 'CreateContainerConfigError')), message);
    for (const name of ['numbered', 'given']) assert.equal((await first(name)).Uid, '1000\t1000\t1000\t1000');
  });

  it('adds the groups of the image’s files, and says so where they cannot be left out', async () => {
    run(
      'merged',
      { image: 'localhost/named:1' },
      { securityContext: { supplementalGroups: [60_000], supplementalGroupsPolicy: 'Merge' } },
    );
    const { Groups = '' } = await first('merged');
    assert.deepEqual(
      Groups.split(' ')
        .filter((group) => group !== '1000')
        .sort(),
      ['50000', '60000'],
    );
    run('strict', { image: 'localhost/named:1' }, { securityContext: { supplementalGroupsPolicy: 'Strict' } });
    const { supplementalGroupsPolicy } = await on.machine.client.cri.status();
    if (supplementalGroupsPolicy) assert.doesNotMatch((await first('strict')).Groups ?? '', /50000/);
    else
      await event('strict', 'FailedCreatePodSandBox', /SupplementalGroupsPolicy=Strict is not supported in this node/);
  });

  it('sets sysctls that are the Pod’s own, and refuses those that nobody allowed', async () => {
    const sysctls = (...all: [string, string][]) => ({
      securityContext: { sysctls: all.map(([name, value]) => ({ name, value })) },
    });
    run('sysctls', {}, sysctls(['net/ipv4/ip_unprivileged_port_start', '80'], ['kernel.msgmax', '9000']));
    assert.equal(
      await on.inside('sysctls', 'cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/msgmax'),
      '80\n9000\n',
    );
    run('shm', {}, sysctls(['kernel.shmmax', '1']));
    assert.equal(
      await refused('shm', 'SysctlForbidden'),
      'Pod was rejected: forbidden sysctl: "kernel.shmmax" not allowlisted',
    );
    const metrics = (await on.agent.get('/metrics')).body;
    assert.match(metrics, /^kubelet_admission_rejections_total\{reason="SysctlForbidden"\} 1$/m);
  });

  it('says by name what this runtime or kernel cannot do', async () => {
    const { runtimeHandlers = [] } = await on.machine.client.cri.status();
    run('class', {}, { runtimeClassName: 'kata' });
    await event('class', 'FailedCreatePodSandBox', /runtimeclass\.node\.k8s\.io "kata" not found/);
    if (!runtimeHandlers.some((handler) => handler.userNamespaces)) {
      run('users', {}, { hostUsers: false });
      await event('users', 'FailedCreatePodSandBox', /can't set `spec.hostUsers: false`, runtime containerd/);
    }
    if (!existsSync('/sys/module/apparmor/parameters/enabled')) {
      run('apparmor', { securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'p' } } });
      assert.match(await refused('apparmor', 'AppArmor'), /AppArmor is not enabled on the host$/);
    }
    run('profile', { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'none.json' } } });
    const message = await on.agent.until('the missing profile', waiting('profile', 'CreateContainerError'));
    assert.match(message, /seccomp\/none\.json/);
  });

  it('runs a container under a seccomp profile of the machine', async () => {
    const directory = join(on.agent.dir, 'root/seccomp');
    mkdirSync(directory, { recursive: true });
    const profile = {
      defaultAction: 'SCMP_ACT_ALLOW',
      syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO' }],
    };
    writeFileSync(join(directory, 'no-mkdir.json'), JSON.stringify(profile));
    run('filtered', { securityContext: { seccompProfile: { type: 'Localhost', localhostProfile: 'no-mkdir.json' } } });
    assert.equal((await first('filtered')).Seccomp, '2');
    assert.match(await on.inside('filtered', 'mkdir /new'), /Operation not permitted/);
  });

  it('refuses what the owner of the machine forbids, and leaves alone what ran before', async () => {
    const allowed = join(on.agent.dir, 'allowed');
    mkdirSync(join(allowed, 'sub'), { recursive: true });
    writeFileSync(join(allowed, 'sub/file'), 'inside\n');
    symlinkSync('/etc', join(allowed, 'out'));
    const agent = await createAgent(on.machine.containerd);
    on.machine.cleanUps.unshift(() => agent.dispose());
    const privileged = { securityContext: { privileged: true } };
    await agent.start();
    agent.write('before.yaml', manifest('before', podSpec(sleeper(privileged))));
    agent.write('edited.yaml', manifest('edited', podSpec(sleeper())));
    const before = await agent.until(
      'the Pods to run',
      (pods) => running('before')(pods) && running('edited')(pods) && pods,
    );
    await agent.terminate();
    const settings = `admission: {allowPrivileged: false, allowHostPID: false, allowedHostPaths: ["${allowed}"]}\n`;
    writeFileSync(join(agent.dir, 'kubelet.yaml'), settings, { flag: 'a' });
    await agent.start();

    const paths = (path: string) => ({ volumes: [{ name: 'v', hostPath: { path } }] });
    const host = (name: string, path: string) =>
      agent.write(`${name}.yaml`, manifest(name, podSpec(sleeper({ volumeMounts: [mount('v')] }), paths(path))));
    agent.write('after.yaml', manifest('after', podSpec(sleeper(privileged))));
    agent.write('edited.yaml', manifest('edited', podSpec(sleeper(), { hostPID: true })));
    host('inside', `${allowed}/sub`);
    host('outside', '/etc');
    host('link', `${allowed}/out/ssl`);
    const isRefused = (name: string) => (pods: Pod[]) => {
      const { pod } = statusOf(pods, name);
      return pod?.status?.reason === 'PolicyForbidden' && pod.status.message;
    };
    assert.equal(
      await agent.until('the privileged Pod to be refused', isRefused('after')),
      'Pod was rejected: spec.containers[0].securityContext.privileged: Forbidden: privileged containers are not allowed on this machine (allowPrivileged)',
    );
    assert.match(await agent.until('the path to be refused', isRefused('outside')), /\/etc may not be mounted/);
    const id = (pods: Pod[], name: string) => statusOf(pods, name).container?.containerID;
    const { containerID = '' } = await agent.until('the Pod with an allowed path', running('inside'));
    const { stdout } = await on.machine.client.cri.execSync(
      containerID.replace('containerd://', ''),
      ['cat', '/v/file'],
      20,
    );
    assert.equal(stdout.toString(), 'inside\n');
    const events = () => agent.get('/api/v1/events').then(({ body }) => body);
    await waitFor('the link to be refused', async () =>
      (await events()).includes('beyond which no hostPath is allowed'),
    );
    await waitFor('the edit to be reported', async () => (await events()).includes('spec.hostPID: Forbidden'));
    const after = await agent.pods();
    for (const name of ['before', 'edited']) assert.equal(id(after, name), id(before, name));
    assert.equal(statusOf(after, 'edited').pod?.spec.hostPID, undefined);
    assert.equal(statusOf(after, 'before').pod?.status?.phase, 'Running');
    assert.match(await events(), /"reason":"PolicyForbidden"/);
  });

  async function event(name: string, reason: string, message: RegExp): Promise<void> {
    await waitFor(`the event ${reason} of ${name}`, async () => {
      const { items } = JSON.parse((await on.agent.get('/api/v1/events')).body) as {
        items: { reason: string; message: string; involvedObject: { name: string } }[];
      };
      return items.some(
        (one) => one.reason === reason && one.involvedObject.name === `${name}-n1` && message.test(one.message),
      );
    });
  }
});
