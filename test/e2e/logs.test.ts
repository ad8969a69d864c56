import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { type Agent, createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';
import { rower, startRower } from './rower.ts';

const LINES = 2400;
const SETTINGS = 'containerLogMaxSize: 30Ki\ncontainerLogMonitorInterval: 3s\ncontainerLogMaxFiles: 5\n';
const shell = (script: string) => sleeper({ command: ['/bin/busybox', 'sh', '-c', script] });
const all = (count: number) => Array.from({ length: count }, (_, index) => `line ${index + 1}\n`).join('');

describe('logs on containerd', { skip }, () => {
  const machine = useMachine();
  let agent: Agent;
  const logs = (...args: string[]) => rower(agent, 'logs', ...args);

  before(async () => {
    agent = await createAgent(machine.containerd, [], SETTINGS);
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
  });

  it('are rotated while the container writes, and are read and followed as one', async () => {
    const script = `i=0; while [ $i -lt ${LINES} ]; do i=$((i+1)); echo line $i; [ $((i % 100)) = 0 ] && sleep 0.4; done; while :; do [ -e /dev/shm/end ] && exit 0; sleep 0.1; done`;
    agent.write('many.yaml', manifest('many', { restartPolicy: 'Never', containers: [shell(script)] }));
    const container = await agent.until('it to run', running('many'));
    const follower = startRower(agent, 'logs', 'many', '-f');
    const uid = await agent.until('its uid', (pods) => statusOf(pods, 'many').pod?.metadata.uid);
    const directory = join(agent.dir, 'logs', `default_many-n1_${uid}`, 'main');
    await waitFor('all lines', async () => (await logs('many', '--tail', '1')).stdout === `line ${LINES}\n`);
    const parts = readdirSync(directory).sort();
    assert.ok(parts.length >= 3, `rotated at least twice: ${parts}`);
    assert.ok(
      parts.some((name) => name.endsWith('.gz')),
      `compressed: ${parts}`,
    );
    assert.equal((await logs('many')).stdout, all(LINES));
    assert.equal((await logs('many', '--tail=1500')).stdout, all(LINES).split('\n').slice(-1501).join('\n'));
    assert.equal((await logs('many-n1', '--limit-bytes', '15')).stdout, 'line 1\nline 2\nl');
    assert.match((await logs('many', '--timestamps', '--tail', '1')).stdout, /^2\d{3}-\S+\.\d{9}\S+ line \d+\n$/);
    assert.equal((await logs('many', '--since', '1h', '--stream', 'stderr')).stdout, '');
    assert.equal((await logs('many', '--since-time', '2999-01-01T00:00:00Z')).stdout, '');
    const id = container.containerID?.replace('containerd://', '') ?? '';
    await machine.client.cri.execSync(id, ['/bin/busybox', 'touch', '/dev/shm/end'], 10);
    assert.equal(await follower.ended, 0, 'a follower ends with its container');
    assert.equal(follower.stdout(), all(LINES));
  });

  it('of the last run and the one before it are there in a crash loop', async () => {
    const script = 'echo "run $(cat /runs/n 2>/dev/null | wc -l)"; echo x >> /runs/n; exit 1';
    agent.write(
      'crash.yaml',
      manifest('crash', {
        volumes: [{ name: 'runs', emptyDir: {} }],
        containers: [{ ...shell(script), volumeMounts: [{ name: 'runs', mountPath: '/runs' }] }],
      }),
    );
    await agent.until(
      'the back-off',
      (pods) => statusOf(pods, 'crash').container?.state?.waiting?.reason === 'CrashLoopBackOff',
    );
    assert.equal((await logs('crash')).stdout, 'run 1\n');
    assert.equal((await logs('crash', '-p')).stdout, 'run 1\n', 'as kubectl shows it: the last that ended');
  });

  it('say why there are none', async () => {
    agent.write(
      'two.yaml',
      manifest('two', {
        containers: [sleeper(), sleeper({ name: 'other', image: 'localhost/absent:1', imagePullPolicy: 'Never' })],
      }),
    );
    await agent.until('the wait', (pods) =>
      JSON.stringify(statusOf(pods, 'two').pod ?? {}).includes('ErrImageNeverPull'),
    );
    const complaints = {
      nobody: 'there is no Pod nobody in namespace default',
      two: 'a container name must be specified for pod two-n1, choose one of: [main other]',
      'two -c nope': 'container nope is not valid for pod two-n1: there are main, other',
      'two -c other': 'container "other" in pod "two-n1" is waiting to start: ErrImageNeverPull',
      'two -c main -p': 'previous terminated container "main" in pod "two-n1" not found',
    };
    for (const [args, complaint] of Object.entries(complaints)) {
      const { status, stdout, stderr } = await logs(...args.split(' '));
      assert.deepEqual([status, stdout, stderr], [1, '', `rower logs: ${complaint}\n`], args);
    }
  });

  it('are found by their directory when the agent is down', async () => {
    await agent.terminate();
    const { status, stdout, stderr } = await logs('crash', '--pod-logs-dir', join(agent.dir, 'logs'));
    assert.deepEqual([status, stdout], [0, 'run 1\n']);
    assert.match(stderr, /the agent does not answer at http:/);
    await agent.start();
  });
});
