/**
 * A machine that fails under a real agent: a disk without room or read-only, no descriptors left, a storm of edits. What
 * runs is not touched, the agent says what is wrong, and goes on by itself when that is mended.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, symlinkSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fillDisk, freeDisk, smallDisk } from '../full-disk.ts';
import { type Agent, createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const machine = useMachine();

/** An agent of the test's own with one Pod that runs, whose liveness probe fails at once for the least reason. */
async function watched(after: (end: () => Promise<void>) => void, rootDir?: string) {
  const agent = await createAgent(machine.containerd, [], 'fileCheckFrequency: 1s\n');
  if (rootDir !== undefined) symlinkSync(rootDir, join(agent.dir, 'root'));
  after(() => agent.dispose());
  const livenessProbe = { tcpSocket: { port: 80 }, periodSeconds: 1, failureThreshold: 1, initialDelaySeconds: 2 };
  agent.write(
    'steady.yaml',
    manifest('steady', { containers: [{ name: 'main', image: 'localhost/demo:1', livenessProbe }] }),
  );
  await agent.start();
  const { containerID } = await agent.until('the Pod to run', running('steady'));
  return {
    agent,
    async untouched() {
      const now = await agent.until('the Pod to be listed', running('steady'));
      assert.deepEqual([now.containerID, now.restartCount], [containerID, 0]);
    },
  };
}

const warnings = async (agent: Agent) => {
  const { items } = JSON.parse((await agent.get('/api/v1/events')).body);
  return items.flatMap(({ type, reason, message }: Record<string, string>) =>
    type === 'Warning' ? `${reason}: ${message}` : [],
  ) as string[];
};
const told = (agent: Agent, text: RegExp) =>
  waitFor(`an event like ${text}`, async () => (await warnings(agent)).some((line) => text.test(line)));

describe('a machine that fails', { skip }, () => {
  it('has a disk without room, and one that is read-only', async (t) => {
    // What is registered first is done first: the agent lets go of the disk before that is unmounted.
    const ends: (() => Promise<void>)[] = [];
    t.after(async () => {
      for (const end of ends) await end();
    });
    const disk = await smallDisk(t, 4 * 1024 * 1024);
    const { agent, untouched } = await watched((end) => ends.push(end), disk);
    fillDisk(disk);
    agent.write('late.yaml', manifest('late', { containers: [sleeper()] }));
    await told(agent, /^Failed: error making pod data directories: ENOSPC: .*; free space or inodes on that disk$/);
    await untouched();
    freeDisk(disk);
    await agent.until('the Pod that waited for room', running('late'));

    execFileSync('mount', ['-o', 'remount,ro', disk]);
    await agent.kill9();
    agent.write('later.yaml', manifest('later', { containers: [sleeper()] }));
    await agent.start();
    await told(agent, /^FilesystemIsReadOnly: What runs runs on, and nothing new can start: EROFS/);
    await told(agent, /^Failed: error making pod data directories: EROFS: .*mount it writable again$/);
    await untouched();
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    await agent.until('the Pod that waited for the disk', running('later'));
    await untouched();
  });

  it('has no descriptors left for the agent', async (t) => {
    const { agent, untouched } = await watched(t.after.bind(t));
    const limit = (descriptors: number) =>
      execFileSync('prlimit', ['--pid', String(agent.pid()), `--nofile=${descriptors}:`]);
    limit(readdirSync(`/proc/${agent.pid()}/fd`).length + 2);
    const sockets = Array.from({ length: 100 }, () => connect(agent.port, '127.0.0.1').on('error', () => {}));
    agent.write('late.yaml', manifest('late', { containers: [sleeper()] }));
    await waitFor('the agent to say so', async () => /manifests cannot be read.*EMFILE.*LimitNOFILE/.test(agent.log()));
    // A few periods of the probe, which cannot connect either.
    await waitFor('a probe without a descriptor', async () =>
      /Liveness probe errored.*too many open files/.test(agent.log()),
    );
    for (const socket of sockets) socket.destroy();
    limit(1024);
    await agent.until('the Pod that could not be read', running('late'));
    await untouched();
  });

  it('gets 500 edits of one manifest in a row, and ends at the last', async (t) => {
    const { agent, untouched } = await watched(t.after.bind(t));
    const edit = (number: number) =>
      agent.write(
        'edited.yaml',
        manifest(
          'edited',
          { terminationGracePeriodSeconds: 0, containers: [sleeper()] },
          { annotations: { edit: String(number) } },
        ),
      );
    for (let number = 1; number <= 500; number += 1) {
      edit(number);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await agent.until('the last of them to run', (pods) => {
      const { pod } = statusOf(pods, 'edited');
      return running('edited')(pods) && pod?.metadata.annotations?.edit === '500';
    });
    const { containerID = '' } = await agent.until('it to run', running('edited'));
    const [id = ''] = containerID.split('//').slice(1);
    const tasks = await machine.containerd.ctr(['tasks', 'ls', '-q']);
    assert.ok(tasks.includes(id));
    await untouched();
  });
});
