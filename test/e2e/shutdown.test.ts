/** A shutdown of the machine, told by a logind that is not real, with Pods that are. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { type Logind, startLogind } from '../kubelet/logind.ts';
import { type Agent, createAgent, manifest, readFile, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const SETTINGS = 'shutdownGracePeriod: 30s\nshutdownGracePeriodCriticalPods: 10s\n';

describe('a shutdown of the machine, on containerd', { skip }, () => {
  const machine = useMachine();
  let agent: Agent;
  let logind: Logind;
  let shared: string;

  before(async () => {
    logind = await startLogind();
    machine.cleanUps.push(() => logind.stop());
    const { PATH, DBUS_SYSTEM_BUS_ADDRESS } = process.env;
    process.env.PATH = `${logind.programs}:${PATH}`;
    process.env.DBUS_SYSTEM_BUS_ADDRESS = `unix:path=${logind.bus.socketPath}`;
    machine.cleanUps.push(async () => {
      process.env.PATH = PATH;
      if (DBUS_SYSTEM_BUS_ADDRESS === undefined) delete process.env.DBUS_SYSTEM_BUS_ADDRESS;
      else process.env.DBUS_SYSTEM_BUS_ADDRESS = DBUS_SYSTEM_BUS_ADDRESS;
    });
    agent = await createAgent(machine.containerd, [], SETTINGS);
    shared = join(agent.dir, 'shared');
    mkdirSync(shared);
    machine.cleanUps.push(() => agent.dispose());
    await agent.start();
  });

  const pod = (name: string, change: object = {}) => {
    const script = `trap 'sleep 0.3; echo ${name} >> /shared/order; exit 0' TERM; while :; do sleep 0.05; done`;
    const container = sleeper({
      command: ['/bin/busybox', 'sh', '-c', script],
      volumeMounts: [{ name: 'shared', mountPath: '/shared' }],
    });
    return manifest(name, {
      terminationGracePeriodSeconds: 10,
      volumes: [{ name: 'shared', hostPath: { path: shared } }],
      containers: [container],
      ...change,
    });
  };

  it('is held up until the Pods have ended, critical ones last', async () => {
    agent.write('a-critical.yaml', pod('a-critical', { priorityClassName: 'system-node-critical' }));
    agent.write('b-plain.yaml', pod('b-plain'));
    const script = "trap 'exit 0' TERM; while :; do sleep 0.05; done";
    const once = { restartPolicy: 'Never', containers: [sleeper({ command: ['/bin/busybox', 'sh', '-c', script] })] };
    agent.write('c-once.yaml', manifest('c-once', { terminationGracePeriodSeconds: 10, ...once }));
    const all = ['a-critical', 'b-plain', 'c-once'];
    await agent.until('all to run', (pods) => all.every((name) => running(name)(pods)));
    await waitFor('the lock', async () => logind.locked());
    logind.prepare(true);
    await waitFor('the machine to be let go', async () => !logind.locked());
    assert.equal(readFile(join(shared, 'order')), 'b-plain\na-critical\n');
    const pods = await agent.until(
      'their end',
      (shown) => all.every((name) => statusOf(shown, name).container?.state?.terminated) && shown,
    );
    for (const name of all) {
      const { phase, reason, message } = statusOf(pods, name).pod?.status ?? {};
      assert.deepEqual(
        [phase, reason, message],
        ['Failed', 'Terminated', 'Pod was terminated in response to imminent node shutdown.'],
      );
    }
  });

  it('lets no new Pod start', async () => {
    agent.write('late.yaml', pod('late'));
    const status = await agent.until('the refusal', (pods) => {
      const { pod: late } = statusOf(pods, 'late');
      return late?.status?.phase === 'Failed' && late.status;
    });
    assert.deepEqual(
      [status.reason, status.message],
      ['NodeShutdown', 'Pod was rejected: Pod was rejected as the node is shutting down.'],
    );
  });

  it('that is called off starts all of them again, and is held up the next time', async () => {
    logind.prepare(false);
    await agent.until('all to run', (pods) => ['a-critical', 'b-plain', 'late'].every((name) => running(name)(pods)));
    await waitFor('the lock', async () => logind.locked());
    await agent.terminate();
    await waitFor('the lock to go with the agent', async () => !logind.locked());
    await agent.start();
    const once = await agent.until('the one that does not start again', (pods) => statusOf(pods, 'c-once').pod?.status);
    assert.deepEqual([once.phase, once.reason], ['Failed', 'Terminated']);
    assert.equal(once.conditions?.find(({ type }) => type === 'DisruptionTarget')?.reason, 'TerminationByKubelet');
    await agent.until('all to run on', (pods) =>
      ['a-critical', 'b-plain', 'late'].every((name) => running(name)(pods)),
    );
    await waitFor('the lock', async () => logind.locked());
    await agent.kill9();
    await waitFor('the lock to go with the agent', async () => !logind.locked());
    await agent.start();
  });
});
