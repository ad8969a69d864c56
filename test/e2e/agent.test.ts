import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { PrivateContainerd } from '../../hack/containerd.ts';
import { EMPTY, IGNORED, REFUSED } from '../kubelet/sources/garbage.ts';
import { type Agent, createAgent, freePort, manifest, readFile, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

let containerd: PrivateContainerd;
let agent: Agent;

const web = (port: number, page: string) =>
  manifest('web', {
    terminationGracePeriodSeconds: 2,
    containers: [
      {
        name: 'web',
        image: 'localhost/demo:1',
        command: [
          '/bin/busybox',
          'sh',
          '-c',
          `mkdir -p /www && echo ${page} > /www/index.html && exec /bin/busybox httpd -f -p 80 -h /www`,
        ],
        ports: [{ containerPort: 80, hostPort: port, hostIP: '127.0.0.1' }],
      },
    ],
  });

describe('an agent on containerd', { skip }, () => {
  const machine = useMachine();
  before(async () => {
    containerd = machine.containerd;
    agent = await createAgent(containerd);
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
  });

  it('runs a web server on a hostPort, follows an edit, and stops it when the file goes', async () => {
    const port = await freePort();
    const page = async () => (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined))?.text();
    agent.write('web.yaml', web(port, 'one'));
    const first = await agent.until('the web server', running('web'));
    await waitFor('its page', async () => (await page())?.trim() === 'one');
    agent.write('web.yaml', web(port, 'one'));
    agent.write('web.yaml', web(port, 'two'));
    await waitFor('the new page', async () => (await page())?.trim() === 'two');
    const second = await agent.until('the new web server', running('web'));
    assert.notEqual(second.containerID, first.containerID);
    assert.equal(second.restartCount, 0);
    agent.remove('web.yaml');
    await agent.until('its end', (pods) => statusOf(pods, 'web').pod === undefined);
    assert.equal(await page(), undefined);
    assert.equal((await containerd.ctr(['containers', 'ls', '-q'])).trim(), '');
  });

  it('leaves a Pod alone when its file is written again with the same content', async () => {
    agent.write('same.yaml', manifest('same', { containers: [sleeper()] }));
    const before = await agent.until('it to run', running('same'));
    agent.write('same.yaml', `# a comment\n${manifest('same', { restartPolicy: 'Always', containers: [sleeper()] })}`);
    agent.write('other.yaml', manifest('other', { containers: [sleeper()] }));
    await agent.until('the next Pod to run', running('other'));
    const after = await agent.until('it to run still', running('same'));
    assert.equal(after.containerID, before.containerID);
  });

  it('keeps the last good Pod of a broken file and says what is wrong everywhere', async () => {
    agent.write('kept.yaml', manifest('kept', { containers: [sleeper()] }));
    const before = await agent.until('it to run', running('kept'));
    agent.write('kept.yaml', 'apiVersion: v1\nkind: Pod\nmetadata: {name: kept}\nspec:\n  containers: []\n');
    const problems = await waitFor('the problem to show', async () => {
      const { body } = await agent.get('/rower/v1/problems');
      return body.includes('spec.containers') && body;
    });
    assert.match(problems, /kept\.yaml/);
    assert.match((await agent.get('/metrics')).body, /rower_manifest_problems\{[^}]*kept\.yaml[^}]*\} 1/);
    assert.match((await agent.get('/api/v1/events')).body, /spec\.containers/);
    assert.match(agent.log(), /spec\.containers/);
    await agent.kill9();
    await agent.start();
    const after = await agent.until('it to run on over a restart of the agent', running('kept'));
    assert.equal(after.containerID, before.containerID);
  });

  it('does not let garbage in the directory touch a Pod, now or after a restart of the agent', async (t) => {
    agent.write('aaa.yaml', manifest('aaa', { containers: [sleeper()] }));
    const before = await agent.until('it to run', running('aaa'));
    const kinds = [...REFUSED, ...IGNORED, ...EMPTY];
    for (const [name, make] of kinds) await make(join(agent.manifests, name), t);
    agent.write('zzz.yaml', manifest('zzz', { containers: [sleeper()] }));
    await agent.until('the last Pod to run', running('zzz'));
    await waitFor('every refused file to be told of', async () => {
      const { body } = await agent.get('/rower/v1/problems');
      return REFUSED.every(([name]) => body.includes(name));
    });
    await agent.kill9();
    await agent.start();
    await agent.until('the last Pod to run still', running('zzz'));
    const after = await agent.until('the first one, too', running('aaa'));
    assert.equal(after.containerID, before.containerID);
    for (const [name] of kinds) rmSync(join(agent.manifests, name), { recursive: true });
  });

  it('restarts what exits, counts it, and remembers the run before', async () => {
    agent.write(
      'crash.yaml',
      manifest('crash', {
        containers: [
          sleeper({ command: ['/bin/busybox', 'sh', '-c', 'echo last words > /dev/termination-log; exit 3'] }),
        ],
      }),
    );
    const waiting = await agent.until('the back-off', (pods) => {
      const { container } = statusOf(pods, 'crash');
      return container?.state?.waiting?.reason === 'CrashLoopBackOff' && container;
    });
    assert.equal(waiting.restartCount, 1);
    assert.match(
      waiting.state?.waiting?.message ?? '',
      /^back-off 10s restarting failed container=main pod=crash-n1_default\([0-9a-f]{32}\)$/,
    );
    assert.equal(waiting.lastState?.terminated?.exitCode, 3);
    assert.equal(waiting.lastState?.terminated?.message, 'last words\n');
    await agent.kill9();
    await agent.start();
    const same = await agent.until(
      'the same after a restart of the agent',
      (pods) => statusOf(pods, 'crash').container,
    );
    assert.equal(same.restartCount, 1);
    assert.equal(same.state?.waiting?.reason, 'CrashLoopBackOff');
  });

  it('tells a Pod that lost its host port why, and runs it when the port is free', async () => {
    const port = await freePort();
    const ports = [{ containerPort: 80, hostPort: port }];
    agent.write(
      'port-a.yaml',
      manifest('port-a', { terminationGracePeriodSeconds: 0, containers: [sleeper({ ports })] }),
    );
    await agent.until('the first to run', running('port-a'));
    agent.write('port-b.yaml', manifest('port-b', { containers: [sleeper({ ports })] }));
    const rejected = await agent.until('the second to be rejected', (pods) => {
      const { pod } = statusOf(pods, 'port-b');
      return pod?.status?.reason === 'NodePorts' && pod.status;
    });
    assert.equal(rejected.phase, 'Failed');
    assert.match(rejected.message ?? '', /didn't have free ports/);
    agent.remove('port-a.yaml');
    await agent.until('the second to run', running('port-b'));
  });

  it('gives containers their environment, hosts file, log and limits', async () => {
    const script =
      'echo "$GREETING"; cat /etc/hosts; hostname; cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max; touch /data/x && ls /data; sleep 100000';
    agent.write(
      'full.yaml',
      manifest('full', {
        hostname: 'myhost',
        hostAliases: [{ ip: '10.9.9.9', hostnames: ['alias.example'] }],
        volumes: [{ name: 'data', emptyDir: {} }],
        containers: [
          sleeper({
            command: ['/bin/busybox', 'sh', '-c', script],
            env: [
              { name: 'WHO', value: 'world' },
              { name: 'GREETING', value: 'hello $(WHO)' },
            ],
            volumeMounts: [{ name: 'data', mountPath: '/data' }],
            resources: { limits: { memory: '64Mi', cpu: '500m' } },
          }),
        ],
      }),
    );
    const pod = await agent.until('it to run', (pods) => running('full')(pods) && statusOf(pods, 'full').pod);
    const logFile = join(agent.dir, 'logs', `default_full-n1_${pod.metadata.uid}`, 'main', '0.log');
    const log = await waitFor('its log', async () => {
      const text = readFile(logFile);
      return text.includes(' x\n') && text;
    });
    assert.match(log, / stdout F hello world\n/);
    assert.match(log, /10\.9\.9\.9\talias\.example/);
    assert.ok(log.includes(`${pod.status?.podIP}\tmyhost`), log);
    assert.match(log, / stdout F myhost\n/);
    assert.match(log, / stdout F 67108864\n/);
    assert.equal(pod.status?.qosClass, 'Guaranteed');
  });

  it('refuses a second agent on the same root directory', async () => {
    const second = await createAgent(containerd, ['--root-dir', join(agent.dir, 'root')]);
    await assert.rejects(second.start(), /another rower is running/);
    rmSync(second.dir, { recursive: true });
  });

  it('leaves everything running when it is told to stop', async () => {
    agent.write('stay.yaml', manifest('stay', { containers: [sleeper()] }));
    const before = await agent.until('it to run', running('stay'));
    assert.equal(await agent.terminate(), 0);
    assert.ok(
      (await containerd.ctr(['tasks', 'ls'])).includes(before.containerID?.replace('containerd://', '') ?? '-'),
    );
    await agent.start();
    const after = await agent.until('it to run still', running('stay'));
    assert.equal(after.containerID, before.containerID);
    assert.equal(after.state?.running?.startedAt, before.state?.running?.startedAt);
  });

  it('waits for a runtime that is away, and goes on when it is back', async () => {
    agent.write('through.yaml', manifest('through', { containers: [sleeper()] }));
    const before = await agent.until('it to run', running('through'));
    await containerd.kill9();
    agent.write('late.yaml', manifest('late', { containers: [sleeper()] }));
    await waitFor('the agent to say so', async () => /does not answer/.test((await agent.get('/api/v1/nodes')).body));
    await containerd.restart();
    await agent.until('the Pod that came meanwhile', running('late'));
    const after = await agent.until('the other one', running('through'));
    assert.equal(after.containerID, before.containerID);
  });
});
