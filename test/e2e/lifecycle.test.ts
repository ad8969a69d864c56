import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { type Agent, createAgent, manifest, readFile, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';
import { rower } from './rower.ts';

const INITS = ['init-1', 'init-2', 'init-3'];
const MAINS = ['main-1', 'main-2', 'main-3'];

describe('the life of a Pod on containerd', { skip }, () => {
  const machine = useMachine();
  let agent: Agent;
  let shared: string;

  before(async () => {
    agent = await createAgent(machine.containerd);
    shared = join(agent.dir, 'shared');
    mkdirSync(shared);
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
  });

  /** A container that writes what happens to it into a file that all share. */
  const told = (name: string, script: string, change: object = {}) =>
    sleeper({
      name,
      command: ['/bin/busybox', 'sh', '-c', `echo +${name} >> /shared/order\n${script}`],
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
      ...change,
    });
  /** Runs until it is told to stop, or until the file `crash-NAME` appears. */
  const runs = (name: string) =>
    `trap 'sleep 0.2; echo -${name} >> /shared/order; exit 0' TERM\nwhile :; do [ -e /shared/crash-${name} ] && rm /shared/crash-${name} && exit 3; sleep 0.05; done`;
  const volumes = () => [{ name: 'shared', hostPath: { path: shared } }];
  const order = () => readFile(join(shared, 'order')).trim().split('\n');
  const clear = () => writeFileSync(join(shared, 'order'), '');
  const events = async (reason: string) => {
    const { items } = JSON.parse((await agent.get('/api/v1/events')).body) as {
      items: { reason: string; message: string; involvedObject: { name: string } }[];
    };
    return items.filter((event) => event.reason === reason).map((event) => event.message);
  };

  const big = (change: object = {}) =>
    manifest('big', {
      terminationGracePeriodSeconds: 20,
      volumes: volumes(),
      initContainers: [
        told('init-1', 'sleep 0.2'),
        told('side-1', runs('side-1'), { restartPolicy: 'Always' }),
        told('init-2', 'sleep 0.2'),
        told('side-2', runs('side-2'), { restartPolicy: 'Always' }),
        told('init-3', 'sleep 0.2'),
      ],
      containers: MAINS.map((name) => told(name, runs(name))),
      ...change,
    });
  const STARTS = ['+init-1', '+side-1', '+init-2', '+side-2', '+init-3'];
  const allRun = () =>
    agent.until('everything to run', (pods) => {
      const { pod } = statusOf(pods, 'big');
      const statuses = [...(pod?.status?.initContainerStatuses ?? []), ...(pod?.status?.containerStatuses ?? [])];
      const up = statuses.filter(({ name, state }) => !INITS.includes(name) && state?.running);
      return up.length === 5 && pod?.status?.phase === 'Running' && pod;
    });

  it('goes through its init containers and sidecars in order, and then starts the rest', async () => {
    agent.write('big.yaml', big());
    const pod = await allRun();
    assert.deepEqual(order().slice(0, 5), STARTS);
    assert.deepEqual(
      order().slice(5).sort(),
      MAINS.map((name) => `+${name}`),
    );
    const init = pod.status?.initContainerStatuses?.map(({ name, ready, started, state }) => [
      name,
      ready,
      started,
      Object.keys(state ?? {})[0],
    ]);
    assert.deepEqual(init, [
      ['init-1', true, false, 'terminated'],
      ['side-1', true, true, 'running'],
      ['init-2', true, false, 'terminated'],
      ['side-2', true, true, 'running'],
      ['init-3', true, false, 'terminated'],
    ]);
    const { stdout, status } = await rower(agent, 'explain', 'big');
    assert.equal(status, 0);
    assert.match(stdout, /^default\/big-n1 {2}Running\n/);
    assert.match(stdout, / {2}init {6} init-3 {2}ended since \d+s with 0 \(Completed\)\n/);
    assert.match(stdout, / {2}sidecar {3} side-2 {2}running since \d+s, ready\n/);
    assert.match(stdout, / {2}next {7}nothing: all is as it should be\n$/);
  });

  it('starts again what crashed, and nothing else', async () => {
    clear();
    for (const name of ['main-2', 'side-1']) {
      writeFileSync(join(shared, `crash-${name}`), '');
      await agent.until(`${name} to run again`, (pods) => {
        const { status } = statusOf(pods, 'big').pod ?? {};
        const all = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
        const one = all.find((each) => each.name === name);
        return one?.restartCount === 1 && one.state?.running && one.lastState?.terminated?.exitCode === 3;
      });
    }
    await waitFor('their marks', async () => order().length === 2);
    assert.deepEqual(order(), ['+main-2', '+side-1']);
  });

  it('is replaced by an edit: mains stop first, then the sidecars backwards, and everything starts in order', async () => {
    clear();
    const before = await allRun();
    agent.write('big.yaml', big({ hostname: 'edited' }));
    await agent.until('the new one', (pods) => statusOf(pods, 'big').pod?.metadata.uid !== before.metadata.uid);
    await allRun();
    await waitFor('its marks', async () => order().length === 13);
    assert.deepEqual(
      order().slice(0, 3).sort(),
      MAINS.map((name) => `-${name}`),
    );
    assert.deepEqual(order().slice(3, 10), ['-side-2', '-side-1', ...STARTS]);
  });

  it('stops the same way when its file goes', async () => {
    clear();
    agent.remove('big.yaml');
    await agent.until('its end', (pods) => statusOf(pods, 'big').pod === undefined);
    assert.deepEqual(
      order().slice(0, 3).sort(),
      MAINS.map((name) => `-${name}`),
    );
    assert.deepEqual(order().slice(3), ['-side-2', '-side-1']);
  });

  it('tells why it fails for good when an init container does', async () => {
    agent.write(
      'broken.yaml',
      manifest('broken', {
        restartPolicy: 'Never',
        initContainers: [
          sleeper({
            name: 'first',
            command: ['/bin/busybox', 'sh', '-c', 'echo no way; exit 4'],
            terminationMessagePolicy: 'FallbackToLogsOnError',
          }),
        ],
        containers: [sleeper()],
      }),
    );
    const status = await agent.until('the failure', (pods) => {
      const { pod } = statusOf(pods, 'broken');
      return pod?.status?.phase === 'Failed' && pod.status;
    });
    const ended = status.initContainerStatuses?.[0]?.state?.terminated;
    assert.deepEqual([ended?.exitCode, ended?.message], [4, 'no way\n']);
    assert.equal(status.containerStatuses?.[0]?.state?.waiting?.reason, 'PodInitializing');
  });

  it('runs its hooks: after the start, and before the stop within the grace period', async () => {
    const paths: string[] = [];
    const server = createServer((request, response) => {
      paths.push(`${request.url} ${request.headers['user-agent']}`);
      response.statusCode = 500;
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    clear();
    const lifecycle = {
      postStart: { exec: { command: ['/bin/busybox', 'sh', '-c', 'sleep 0.3; echo postStart >> /shared/order'] } },
      preStop: { exec: { command: ['/bin/busybox', 'sh', '-c', 'sleep 0.3; echo preStop >> /shared/order'] } },
    };
    const web = {
      postStart: { httpGet: { host: '127.0.0.1', port, path: '/up' } },
      preStop: { httpGet: { host: '127.0.0.1', port, path: '/down' } },
    };
    agent.write(
      'hooked.yaml',
      manifest('hooked', {
        terminationGracePeriodSeconds: 10,
        volumes: volumes(),
        containers: [told('one', runs('one'), { lifecycle }), told('two', runs('two'), { lifecycle: web })],
      }),
    );
    await agent.until('both to run', (pods) =>
      statusOf(pods, 'hooked').pod?.status?.containerStatuses?.every(({ ready }) => ready),
    );
    await waitFor('their marks', async () => order().includes('+two'));
    assert.ok(order().indexOf('postStart') < order().indexOf('+two'), `a hook holds up the next container: ${order()}`);
    await waitFor('the request', async () => paths.length === 1);
    agent.remove('hooked.yaml');
    await agent.until('its end', (pods) => statusOf(pods, 'hooked').pod === undefined);
    assert.ok(order().indexOf('preStop') < order().indexOf('-one'), `the hook comes before the signal: ${order()}`);
    assert.match(paths.join('\n'), /^\/up kube-lifecycle\/1\.\d+\n\/down kube-lifecycle\/1\.\d+$/);
    await new Promise((resolve) => server.close(resolve));
  });

  it('kills a container whose postStart hook fails, and starts it again', async () => {
    const lifecycle = { postStart: { exec: { command: ['/bin/busybox', 'sh', '-c', 'echo not good; exit 1'] } } };
    agent.write('failing.yaml', manifest('failing', { containers: [sleeper({ lifecycle })] }));
    await agent.until('the restart', (pods) => (statusOf(pods, 'failing').container?.restartCount ?? 0) >= 1);
    assert.deepEqual(await events('FailedPostStartHook'), ['PostStartHook failed']);
    assert.ok((await events('Killing')).includes('FailedPostStartHook'));
    agent.remove('failing.yaml');
    await agent.until('its end', (pods) => statusOf(pods, 'failing').pod === undefined);
  });

  it('ends though its preStop hook hangs or fails', async () => {
    const hook = (command: string) => ({ preStop: { exec: { command: ['/bin/busybox', 'sh', '-c', command] } } });
    agent.write(
      'hanging.yaml',
      manifest('hanging', {
        terminationGracePeriodSeconds: 2,
        containers: [
          sleeper({ name: 'hangs', lifecycle: hook('sleep 1000') }),
          sleeper({ name: 'fails', lifecycle: hook('exit 9') }),
        ],
      }),
    );
    await agent.until(
      'both to run',
      (pods) =>
        running('hanging')(pods) &&
        statusOf(pods, 'hanging').pod?.status?.containerStatuses?.every(({ state }) => state?.running),
    );
    agent.remove('hanging.yaml');
    await agent.until('its end', (pods) => statusOf(pods, 'hanging').pod === undefined);
    const { items } = JSON.parse((await agent.get('/api/v1/events')).body) as {
      items: { reason: string; message: string; involvedObject: { fieldPath?: string } }[];
    };
    const failed = items
      .filter(({ reason }) => reason === 'FailedPreStopHook')
      .map(({ involvedObject }) => involvedObject.fieldPath);
    assert.deepEqual(failed.sort(), ['spec.containers{fails}', 'spec.containers{hangs}']);
  });

  it('does not wait with a stop for the hook or the grace period of another Pod', async () => {
    const stubborn = {
      terminationGracePeriodSeconds: 8,
      containers: [sleeper({ lifecycle: { preStop: { sleep: { seconds: 6 } } } })],
    };
    agent.write('stubborn.yaml', manifest('stubborn', stubborn));
    agent.write('quick.yaml', manifest('quick', { containers: [sleeper()] }));
    await agent.until('both to run', (pods) => running('stubborn')(pods) && running('quick')(pods));
    agent.remove('stubborn.yaml');
    const leaving = await agent.until('its last days', (pods) => {
      const { pod } = statusOf(pods, 'stubborn');
      return pod?.metadata.deletionTimestamp ? pod : undefined;
    });
    assert.equal(leaving.metadata.deletionGracePeriodSeconds, 8);
    agent.remove('quick.yaml');
    const pods = await agent.until(
      'the end of the quick one',
      (all) => statusOf(all, 'quick').pod === undefined && all,
    );
    assert.ok(statusOf(pods, 'stubborn').pod, 'the stubborn one is there still');
    assert.match(
      (await rower(agent, 'explain', 'stubborn')).stdout,
      /doing {6}run the preStop hook of container main, at most \d+ s, for \d+s\n/,
    );
    await agent.until('the end of the stubborn one', (all) => statusOf(all, 'stubborn').pod === undefined);
  });
});
