import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { Pod, PodCondition } from '../../src/kubelet/types.ts';
import { createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';

const MI = 2 ** 20;
const V2 = existsSync('/sys/fs/cgroup/cgroup.controllers');
const CPUS = os.cpus().length;
/** Millicores that the machine keeps for Pods. */
const ROOM = CPUS * 1000 - 500;

type Amounts = { cpu?: string; memory?: string };
const sized = (requests: Amounts, limits: Amounts = {}, more: object = {}) =>
  sleeper({ resources: { requests, limits }, ...more });
const pod = (name: string, requests: Amounts, limits: Amounts = {}, more: object = {}) =>
  manifest(name, { containers: [sized(requests, limits, more)] });

/** A value of a cgroup as the kernel has it. `path` as in /proc/PID/cgroup. */
function cgroup(path: string, controller: string, file: string): string {
  return readFileSync(join('/sys/fs/cgroup', V2 ? '' : controller, path, file), 'utf8').trim();
}

function limits(path: string): { memory: string; quota: string; shares: string } {
  return V2
    ? {
        memory: cgroup(path, '', 'memory.max'),
        quota: cgroup(path, '', 'cpu.max').split(' ')[0] ?? '',
        shares: cgroup(path, '', 'cpu.weight'),
      }
    : {
        memory: cgroup(path, 'memory', 'memory.limit_in_bytes'),
        quota: cgroup(path, 'cpu', 'cpu.cfs_quota_us'),
        shares: cgroup(path, 'cpu', 'cpu.shares'),
      };
}

function condition(pods: Pod[], name: string, type: string): PodCondition | undefined {
  return statusOf(pods, name).pod?.status?.conditions?.find((one) => one.type === type);
}

describe('cpu and memory on containerd', { skip }, () => {
  const machine = useMachine();
  const setUp = async () => {
    const agent = await createAgent(machine.containerd, [], 'systemReserved: {cpu: 300m}\nkubeReserved: {cpu: 200m}\n');
    await agent.start();
    return agent;
  };
  const id = (containerID: string | undefined) => containerID?.replace('containerd://', '') ?? '';
  const groups = (containerId: string, uid: string, tier: string) => {
    const ofPod = join(machine.containerd.cgroupRoot, 'kubepods', tier, `pod${uid}`);
    return { ofPod, ofContainer: join(ofPod, containerId) };
  };

  it('is given to Pods as long as there is some, and again when some is free', async () => {
    const agent = await setUp();
    try {
      agent.write('a.yaml', pod('a', { cpu: `${ROOM - 100}m` }));
      await agent.until('a to run', running('a'));
      agent.write('0-first.yaml', pod('first', { cpu: '200m' }));
      agent.write('b.yaml', pod('b', { cpu: '100m' }));
      await agent.until('b to run', running('b'));
      const { pod: rejected } = await agent.until('the first to be rejected', (pods) => {
        const found = statusOf(pods, 'first');
        return found.pod?.status?.phase === 'Failed' && found;
      });
      assert.equal(rejected?.status?.reason, 'OutOfcpu');
      assert.equal(
        rejected?.status?.message,
        `Pod was rejected: Node didn't have enough resource: cpu, requested: 200, used: ${ROOM}, capacity: ${ROOM}`,
      );
      // The agent that comes after a crash knows who was there first.
      await agent.kill9();
      await agent.start();
      const pods = await agent.until('the Pods again', (list) => list.length === 3 && running('a')(list) && list);
      assert.equal(statusOf(pods, 'first').pod?.status?.reason, 'OutOfcpu');
      agent.remove('a.yaml');
      await agent.until('the first to run now', running('first'));
      const { items } = JSON.parse((await agent.get('/api/v1/nodes')).body);
      assert.equal(items[0].status.capacity.cpu, String(CPUS));
      assert.equal(items[0].status.allocatable.cpu, ROOM % 1000 === 0 ? String(ROOM / 1000) : `${ROOM}m`);
      assert.match(items[0].status.allocatable['ephemeral-storage'], /^\d+Ki$/);
      assert.equal(items[0].status.allocatable.pods, '110');
    } finally {
      await agent.dispose();
    }
  });

  it('changes in place when only its amounts change in the manifest', async () => {
    const agent = await setUp();
    const { cri } = machine.client;
    try {
      agent.write('web.yaml', pod('web', { cpu: '100m', memory: '32Mi' }, { cpu: '200m', memory: '64Mi' }));
      const before = await agent.until('web to run', running('web'));
      const uid = statusOf(await agent.pods(), 'web').pod?.metadata.uid ?? '';
      const { ofPod, ofContainer } = groups(id(before.containerID), uid, 'burstable');
      assert.deepEqual(limits(ofContainer), limits(ofPod));
      assert.deepEqual([limits(ofContainer).memory, limits(ofContainer).quota], [String(64 * MI), '20000']);
      const told = (await cri.containerStatus(id(before.containerID), { resources: true })).resources;
      assert.deepEqual(told, { cpuPeriod: 100_000, cpuQuota: 20_000, cpuShares: 102, memoryLimitInBytes: 64 * MI });

      const holds = (memory: string, quota: string) => async () => {
        const [container, whole] = [limits(ofContainer), limits(ofPod)];
        return (
          container.memory === memory && container.quota === quota && whole.memory === memory && whole.quota === quota
        );
      };
      // More of one and less of the other.
      agent.write('web.yaml', pod('web', { cpu: '50m', memory: '32Mi' }, { cpu: '150m', memory: '128Mi' }));
      await waitFor('the new limits', holds(String(128 * MI), '15000'));
      const after = await agent.until('the status to say so', (pods) => {
        const { container } = statusOf(pods, 'web');
        return container?.resources?.limits?.memory === '128Mi' && container;
      });
      assert.equal(after.containerID, before.containerID);
      assert.equal(after.restartCount, 0);
      assert.deepEqual(after.resources, {
        limits: { cpu: '150m', memory: '128Mi' },
        requests: { cpu: '50m', memory: '32Mi' },
      });
      assert.deepEqual(after.allocatedResources, { cpu: '50m', memory: '32Mi' });
      assert.equal(statusOf(await agent.pods(), 'web').pod?.metadata.uid, uid);

      // While the agent is away, and back to what it was made with.
      await agent.kill9();
      agent.write('web.yaml', pod('web', { cpu: '100m', memory: '32Mi' }, { cpu: '200m', memory: '64Mi' }));
      await agent.start();
      await waitFor('the first limits', holds(String(64 * MI), '20000'));

      // More than the machine has: it runs on with what it has, and says so.
      agent.write(
        'web.yaml',
        pod('web', { cpu: `${CPUS + 1}`, memory: '32Mi' }, { cpu: `${CPUS + 1}`, memory: '64Mi' }),
      );
      const pending = await agent.until('the wish to be told as infeasible', (pods) =>
        condition(pods, 'web', 'PodResizePending'),
      );
      assert.equal(pending.reason, 'Infeasible');
      assert.equal(
        pending.message,
        `Node didn't have enough capacity: cpu, requested: ${(CPUS + 1) * 1000}, capacity: ${ROOM}`,
      );
      const kept = statusOf(await agent.pods(), 'web').container;
      assert.deepEqual(kept?.allocatedResources, { cpu: '100m', memory: '32Mi' });
      assert.equal(kept?.containerID, before.containerID);

      // What others have: it waits until they leave.
      agent.write('other.yaml', pod('other', { cpu: `${ROOM - 200}m` }));
      await agent.until('the other to run', running('other'));
      agent.write('web.yaml', pod('web', { cpu: '300m', memory: '32Mi' }, { cpu: '400m', memory: '64Mi' }));
      const deferred = await agent.until('the wish to be told as deferred', (pods) => {
        const found = condition(pods, 'web', 'PodResizePending');
        return found?.reason === 'Deferred' && found;
      });
      assert.equal(
        deferred.message,
        `Node didn't have enough resource: cpu, requested: 300, used: ${ROOM - 200}, capacity: ${ROOM}`,
      );
      await agent.kill9();
      await agent.start();
      await agent.until(
        'the next agent to say the same',
        (pods) => condition(pods, 'web', 'PodResizePending')?.reason === 'Deferred',
      );
      assert.deepEqual(limits(ofContainer).quota, '20000');
      agent.remove('other.yaml');
      await waitFor('what it wanted', holds(String(64 * MI), '40000'));
      const last = await agent.until('no more to be pending', (pods) => {
        const { container } = statusOf(pods, 'web');
        return (
          !condition(pods, 'web', 'PodResizePending') && container?.allocatedResources?.cpu === '300m' && container
        );
      });
      assert.equal(last.containerID, before.containerID);
      assert.equal(last.restartCount, 0);
    } finally {
      await agent.dispose();
    }
  });

  it('restarts the container, not the Pod, when its policy says so', async () => {
    const agent = await setUp();
    const policy = { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] };
    try {
      agent.write('db.yaml', pod('db', { memory: '32Mi' }, { memory: '64Mi' }, policy));
      const before = await agent.until('db to run', running('db'));
      const uid = statusOf(await agent.pods(), 'db').pod?.metadata.uid ?? '';
      agent.write('db.yaml', pod('db', { memory: '32Mi' }, { memory: '96Mi' }, policy));
      const after = await agent.until('another container', (pods) => {
        const container = running('db')(pods);
        return container && container.containerID !== before.containerID && container;
      });
      assert.equal(after.restartCount, 1);
      assert.equal(statusOf(await agent.pods(), 'db').pod?.metadata.uid, uid);
      const { ofPod, ofContainer } = groups(id(after.containerID), uid, 'burstable');
      assert.deepEqual([limits(ofContainer).memory, limits(ofPod).memory], [String(96 * MI), String(96 * MI)]);
      const { body } = await agent.get('/api/v1/events');
      assert.match(body, /Container main resize requires restart/);
    } finally {
      await agent.dispose();
    }
  });

  it('restarts a container that ends well when it is stopped for it, of a Pod that only repeats failures', async () => {
    const agent = await setUp();
    const script = 'trap "exit 0" TERM; sleep 600 & wait';
    const job = (memory: string) =>
      manifest('job', {
        restartPolicy: 'OnFailure',
        containers: [
          sleeper({
            command: ['/bin/busybox', 'sh', '-c', script],
            resources: { limits: { memory } },
            resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }],
          }),
        ],
      });
    try {
      agent.write('job.yaml', job('64Mi'));
      await agent.until('job to run', running('job'));
      agent.write('job.yaml', job('96Mi'));
      const after = await agent.until('another container', (pods) => {
        const container = running('job')(pods);
        return container && container.restartCount === 1 && container;
      });
      assert.equal(after.lastState?.terminated?.exitCode, 0);
    } finally {
      await agent.dispose();
    }
  });

  it('is held for the Pod as a whole, and the overhead is added', async () => {
    const agent = await setUp();
    const spec = (memory: string) => ({
      resources: { requests: { cpu: '200m', memory: '48Mi' }, limits: { cpu: '400m', memory } },
      overhead: { cpu: '50m', memory: '16Mi' },
      containers: [sleeper(), sleeper({ name: 'own', resources: { limits: { memory: '24Mi' } } })],
    });
    try {
      agent.write('whole.yaml', manifest('whole', spec('64Mi')));
      await agent.until('whole to run', running('whole'));
      const { pod: found, container } = statusOf(await agent.pods(), 'whole');
      assert.equal(found?.status?.qosClass, 'Burstable');
      const { ofPod, ofContainer } = groups(id(container?.containerID), found?.metadata.uid ?? '', 'burstable');
      assert.deepEqual([limits(ofPod).memory, limits(ofPod).quota], [String(80 * MI), '45000']);
      // A container without a limit of its own has that of the Pod.
      assert.equal(limits(ofContainer).memory, String(64 * MI));
      agent.write('whole.yaml', manifest('whole', spec('96Mi')));
      await waitFor('the new limits', async () => limits(ofPod).memory === String(112 * MI));
      await waitFor('those of the container', async () => limits(ofContainer).memory === String(96 * MI));
      assert.equal(statusOf(await agent.pods(), 'whole').container?.containerID, container?.containerID);
    } finally {
      await agent.dispose();
    }
  });

  it('ends a Pod that writes more than its limit, and starts none that wants pages nobody set aside', async () => {
    const agent = await setUp();
    const limited = { limits: { 'ephemeral-storage': '1Mi' } };
    const write = ['/bin/busybox', 'sh', '-c', 'dd if=/dev/zero of=/filled bs=1M count=3; exec sleep 100000'];
    try {
      agent.write('full.yaml', manifest('full', { containers: [sleeper({ command: write, resources: limited })] }));
      const pages = { limits: { 'hugepages-2Mi': '4611686016279904256', memory: '1Gi' } };
      agent.write('pages.yaml', manifest('pages', { containers: [sleeper({ resources: pages })] }));
      const rejected = await agent.until('the pages to be missed', (pods) => {
        const status = statusOf(pods, 'pages').pod?.status;
        return status?.phase === 'Failed' && status;
      });
      assert.equal(rejected.reason, 'OutOfhugepages-2Mi');
      const evicted = await agent.until('the eviction', (pods) => {
        const status = statusOf(pods, 'full').pod?.status;
        return status?.reason === 'Evicted' && status;
      });
      assert.equal(evicted.phase, 'Failed');
      assert.match(
        evicted.message ?? '',
        /^(Pod ephemeral local storage usage exceeds|Container main exceeded its local)/,
      );
    } finally {
      await agent.dispose();
    }
  });
});
