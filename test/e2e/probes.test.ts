import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { ContainerStatus, Pod, Probe } from '../../src/kubelet/types.ts';
import { verdictDirectory } from '../../src/probes/verdict-file.ts';
import { type Agent, createAgent, manifest, running, sleeper, statusOf, waitFor } from './agent.ts';
import { skip, useMachine } from './containerd.ts';
import { PORTS } from './probe-servers.ts';
import { condition, processes, ready, unready } from './probed-pods.ts';

let agent: Agent;
/** A file that tests make and remove; servers and scripts look for it. */
let file: string;

const ROOT = join(import.meta.dirname, '../..');
const host = { name: 'host', mountPath: '/host', readOnly: true };
const volumes = [{ name: 'host', hostPath: { path: '/' } }];

/** The servers run on the machine's own Node, inside a container's network. */
const servers = (change: object = {}): object => ({
  name: 'servers',
  image: 'localhost/busybox:1',
  command: ['chroot', '/host', process.execPath, join(ROOT, 'test/e2e/probe-servers.ts'), file],
  volumeMounts: [host],
  ...change,
});

const shell = (script: string): Pick<Probe, 'exec'> => ({ exec: { command: ['sh', '-c', script] } });
const get = (path: string, change: object = {}): Probe => ({ httpGet: { path, port: PORTS.http, ...change } });

async function events(
  pattern: RegExp,
): Promise<{ reason: string; message: string; involvedObject: { fieldPath?: string } }[]> {
  const { items } = JSON.parse((await agent.get('/api/v1/events')).body);
  return items.filter((event: { message: string }) => pattern.test(event.message));
}

describe('probes on containerd', { skip }, () => {
  const machine = useMachine();
  before(async () => {
    file = join(machine.dir, 'switch');
    agent = await createAgent(machine.containerd);
    machine.cleanUps.push(async () => {
      await agent.dispose();
      rmSync(verdictDirectory(join(agent.dir, 'root')), { recursive: true, force: true });
    });
    await agent.start();
  });

  it('of every kind reach real servers in the network of the Pod, whatever those answer', async () => {
    const readiness: Record<string, [Probe, boolean, RegExp?]> = {
      http: [get('/ok'), true],
      https: [get('/ok', { port: PORTS.https, scheme: 'HTTPS' }), true],
      big: [get('/big'), true],
      stream: [get('/stream'), true],
      tcp: [{ tcpSocket: { port: PORTS.tcp } }, true],
      grpc: [{ grpc: { port: PORTS.grpc } }, true],
      exec: [shell('echo fine'), true],
      away: [get('/away'), true, /^Readiness probe warning: Probe terminated redirects, Response body: $/],
      'http-broken': [get('/broken'), false, /^Readiness probe failed: HTTP probe failed with statuscode: 500$/],
      'http-hang': [
        get('/hang'),
        false,
        /^Readiness probe failed: Get "http:\/\/[\d.]+:8080\/hang": context deadline exceeded \(Client\.Timeout exceeded while awaiting headers\)$/,
      ],
      'http-dead': [
        get('/ok', { port: 1 }),
        false,
        /^Readiness probe failed: Get "http:\/\/[\d.]+:1\/ok": dial tcp [\d.]+:1: connect: connection refused$/,
      ],
      'tcp-dead': [
        { tcpSocket: { port: 1 } },
        false,
        /^Readiness probe failed: dial tcp [\d.]+:1: connect: connection refused$/,
      ],
      'grpc-bad': [
        { grpc: { port: PORTS.grpc, service: 'bad' } },
        false,
        /^Readiness probe failed: service unhealthy \(responded with "NOT_SERVING"\)$/,
      ],
      'grpc-hang': [
        { grpc: { port: PORTS.grpc, service: 'hang' } },
        false,
        /^Readiness probe failed: timeout: health rpc did not complete within 1s$/,
      ],
      'exec-broken': [shell('echo oh; echo no >&2; exit 2'), false, /^Readiness probe failed: oh\nno\n$/],
      'exec-absent': [
        { exec: { command: ['/absent'] } },
        false,
        /^Readiness probe errored and resulted in unknown state: .*\/absent: no such file or directory/s,
      ],
      'exec-hang': [
        shell('sleep 98761'),
        false,
        /^Readiness probe failed: command timed out: "sh -c sleep 98761" timed out after 1s$/,
      ],
    };
    const containers = Object.entries(readiness).map(([name, [probe]]) =>
      sleeper({ name, readinessProbe: { periodSeconds: 1, ...probe } }),
    );
    agent.write(
      'kinds.yaml',
      manifest('kinds', { terminationGracePeriodSeconds: 1, volumes, containers: [servers(), ...containers] }),
    );
    const statuses = (pods: Pod[]) => statusOf(pods, 'kinds').pod?.status?.containerStatuses ?? [];
    const expected = Object.entries(readiness).flatMap(([name, [, well]]) => (well ? [name] : []));
    await agent.until('the well-behaved to be ready', (pods) => {
      const now = statuses(pods).filter((each) => each.ready && each.name !== 'servers');
      return (
        now
          .map(({ name }) => name)
          .sort()
          .join() === expected.sort().join()
      );
    });
    for (const [name, [, , text]] of Object.entries(readiness)) {
      if (!text) continue;
      const seen = await waitFor(`the event of ${name}`, async () => {
        const found = (await events(/^Readiness probe/)).filter(
          ({ involvedObject }) => involvedObject.fieldPath === `spec.containers{${name}}`,
        );
        return found.some(({ message }) => text.test(message)) && found;
      });
      assert.ok(seen.every(({ reason }) => reason === (name === 'away' ? 'ProbeWarning' : 'Unhealthy')));
    }
    const { pod } = statusOf(await agent.pods(), 'kinds');
    const unreadyNames = Object.keys(readiness).filter((name) => !expected.includes(name));
    assert.equal(condition(pod, 'Ready')?.message, `containers with unready status: [${unreadyNames.join(' ')}]`);
    const metrics = (await agent.get('/metrics/probes')).body;
    assert.match(
      metrics,
      /^prober_probe_total\{probe_type="Readiness",container="tcp-dead",pod="kinds-n1",namespace="default",pod_uid="[0-9a-f]{32}",result="failed"\} \d+$/m,
    );
    agent.remove('kinds.yaml');
    await agent.until('its end', (pods) => statusOf(pods, 'kinds').pod === undefined);
    assert.doesNotMatch((await agent.get('/metrics/probes')).body, /kinds-n1/);
  });

  it('end what they started, the children of a shell too, and nothing else', async () => {
    const probes = {
      readinessProbe: { periodSeconds: 1, ...shell('sleep 98762; true') },
      livenessProbe: { periodSeconds: 1, failureThreshold: 99, ...shell('exec sleep 98763') },
    };
    // The container detaches daemons meanwhile, whose leaders are gone as well.
    const command = ['sh', '-c', 'while :; do setsid sh -c "sleep 98764 &"; sleep 1; done'];
    agent.write(
      'hang.yaml',
      manifest('hang', { terminationGracePeriodSeconds: 1, containers: [sleeper({ command, ...probes })] }),
    );
    for (const words of ['98762', '98763']) {
      const seen = new Set<string>();
      await waitFor(`some ticks of ${words}`, async () => {
        const now = processes('sleep', words);
        assert.ok(now.length <= 1, `${words} piles up: ${now}`);
        for (const pid of now) seen.add(pid);
        return seen.size >= 3;
      });
    }
    const daemons = processes('sleep', '98764');
    const message = /^Readiness probe failed: command timed out: "sh -c sleep 98762; true" timed out after 1s$/;
    assert.ok((await events(message)).length > 0);
    await waitFor('another tick', async () => processes('sleep', '98764').length >= daemons.length + 3);
    const later = processes('sleep', '98764');
    assert.deepEqual(
      daemons.filter((pid) => !later.includes(pid)),
      [],
    );
    agent.remove('hang.yaml');
    await agent.until('its end', (pods) => statusOf(pods, 'hang').pod === undefined);
  });

  it('restart a container that is no longer alive, with the grace period of the probe', async () => {
    const livenessProbe = {
      periodSeconds: 1,
      failureThreshold: 2,
      terminationGracePeriodSeconds: 3,
      ...shell('test -f /tmp/alive'),
    };
    const command = ['sh', '-c', 'touch /tmp/alive; sleep 2; rm /tmp/alive; sleep 100000'];
    agent.write('live.yaml', manifest('live', { containers: [sleeper({ command, livenessProbe })] }));
    const first = await agent.until('it to run', running('live'));
    const second = await agent.until('its restart', (pods) => {
      const container = running('live')(pods);
      return container && container.restartCount === 1 && container;
    });
    assert.notEqual(second.containerID, first.containerID);
    assert.equal(second.started, true);
    const { exitCode, startedAt = '', finishedAt = '' } = second.lastState?.terminated ?? {};
    assert.equal(exitCode, 137);
    const lastedMs = Date.parse(finishedAt) - Date.parse(startedAt);
    assert.ok(lastedMs >= 5000 && lastedMs < 30_000, `it ran ${lastedMs} ms`);
    const [killing] = await events(/^Container main failed liveness probe, will be restarted$/);
    assert.deepEqual([killing?.reason, killing?.involvedObject.fieldPath], ['Killing', 'spec.containers{main}']);
    assert.equal((await events(/^Liveness probe failed: $/)).length, 1);
    agent.remove('live.yaml');
  });

  it('turn readiness with what they find, and no other', async () => {
    const readinessProbe = { periodSeconds: 1, failureThreshold: 2, ...get('/file') };
    writeFileSync(file, '');
    agent.write('flip.yaml', manifest('flip', { volumes, containers: [servers({ readinessProbe })] }));
    const pod = await agent.until('it to be ready', ready('flip'));
    rmSync(file);
    const later = await agent.until('it to be unready', unready('flip'));
    assert.equal(condition(later, 'Ready')?.reason, 'ContainersNotReady');
    assert.equal(later.status?.containerStatuses?.[0]?.containerID, pod.status?.containerStatuses?.[0]?.containerID);
    writeFileSync(file, '');
    await agent.until('it to be ready again', ready('flip'));
  });

  it('keep what they found over a restart of the agent', async () => {
    // A period so long that nothing new can be found out, and a target that would fail.
    const probes = {
      startupProbe: { periodSeconds: 1, failureThreshold: 60, ...get('/ok') },
      readinessProbe: { periodSeconds: 36_000, ...get('/ok') },
    };
    agent.write(
      'kept.yaml',
      manifest('kept', {
        volumes,
        containers: [servers({ ...probes, livenessProbe: { periodSeconds: 36_000, ...get('/ok') } })],
      }),
    );
    agent.write(
      'never.yaml',
      manifest('never', { containers: [sleeper({ readinessProbe: { periodSeconds: 1, ...shell('false') } })] }),
    );
    const before = await agent.until('it to be ready', ready('kept'));
    await agent.until('the other to run', running('never'));
    await agent.kill9();
    const published: unknown[] = [];
    const starting = agent.start();
    await starting;
    const after = await agent.until('it to be shown', (pods) => {
      const { pod, container } = statusOf(pods, 'kept');
      if (container) published.push([container.ready, container.started]);
      return statusOf(pods, 'never').container?.state?.running && pod;
    });
    assert.ok(
      published.every((each) => String(each) === 'true,true'),
      JSON.stringify(published),
    );
    assert.deepEqual(after.status?.conditions, before.status?.conditions);
    assert.deepEqual(after.status?.containerStatuses, before.status?.containerStatuses);
    assert.equal(statusOf(await agent.pods(), 'never').container?.ready, false);
    for (const name of ['kept.yaml', 'never.yaml']) agent.remove(name);
  });

  it('hold back, until startup succeeded, the other probes and what comes after a sidecar', async () => {
    const startupProbe = { periodSeconds: 1, failureThreshold: 60, ...shell('test -f /tmp/up') };
    const sidecar = sleeper({
      name: 'sidecar',
      restartPolicy: 'Always',
      command: ['sh', '-c', 'sleep 2; touch /tmp/up; sleep 100000'],
      startupProbe,
      livenessProbe: { periodSeconds: 1, failureThreshold: 1, ...shell('test -f /tmp/up') },
    });
    const main = sleeper({ readinessProbe: { periodSeconds: 3600, ...shell('true') } });
    agent.write(
      'gate.yaml',
      manifest('gate', { terminationGracePeriodSeconds: 1, initContainers: [sidecar], containers: [main] }),
    );
    const sidecarOf = (pods: Pod[]): ContainerStatus | undefined =>
      statusOf(pods, 'gate').pod?.status?.initContainerStatuses?.[0];
    const early = await agent.until(
      'the sidecar to run',
      (pods) => sidecarOf(pods)?.state?.running && statusOf(pods, 'gate').pod,
    );
    assert.equal(early.status?.initContainerStatuses?.[0]?.started, false);
    assert.equal(condition(early, 'Initialized')?.message, 'containers with incomplete status: [sidecar]');
    const late = await agent.until('it to be ready', ready('gate'));
    const [started] = late.status?.initContainerStatuses ?? [];
    assert.deepEqual([started?.started, started?.ready, started?.restartCount], [true, true, 0]);
    const [sidecarAt, mainAt] = [started, late.status?.containerStatuses?.[0]].map((each) =>
      Date.parse(each?.state?.running?.startedAt ?? ''),
    );
    assert.ok((mainAt ?? 0) - (sidecarAt ?? 0) >= 1000, 'the container waited');
    agent.remove('gate.yaml');
  });

  it('stop a container that does not start up', async () => {
    const startupProbe = { periodSeconds: 1, failureThreshold: 2, ...shell('false') };
    const readinessProbe = { periodSeconds: 1, ...shell('true') };
    const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.1; done'];
    agent.write('stuck.yaml', manifest('stuck', { containers: [sleeper({ command, startupProbe, readinessProbe })] }));
    const container = await agent.until('its restart', (pods) => {
      const { container } = statusOf(pods, 'stuck');
      return (container?.restartCount ?? 0) > 0 && container;
    });
    assert.deepEqual([container.ready, container.started], [false, false]);
    assert.ok((await events(/^Container main failed startup probe, will be restarted$/)).length > 0);
    agent.remove('stuck.yaml');
  });

  it('find a Pod on the network of the machine at its own address', async () => {
    const probes = {
      readinessProbe: { periodSeconds: 1, ...get('/ok') },
      startupProbe: { periodSeconds: 1, failureThreshold: 60, grpc: { port: PORTS.grpc } },
    };
    agent.write('local.yaml', manifest('local', { hostNetwork: true, volumes, containers: [servers(probes)] }));
    await agent.until('it to be ready', ready('local'));
    agent.remove('local.yaml');
  });

  it('are not enough for a Pod with readiness gates', async () => {
    agent.write(
      'gated.yaml',
      manifest('gated', { readinessGates: [{ conditionType: 'example.com/lb' }], containers: [sleeper()] }),
    );
    const pod = await agent.until('it to run', (pods) => running('gated')(pods) && statusOf(pods, 'gated').pod);
    assert.equal(condition(pod, 'ContainersReady')?.status, 'True');
    const { status, reason, message } = condition(pod, 'Ready') ?? {};
    assert.deepEqual([status, reason], ['False', 'ReadinessGatesNotReady']);
    assert.equal(message, 'corresponding condition of pod readiness gate "example.com/lb" does not exist.');
    assert.match((await agent.get('/rower/v1/problems')).body, /never becomes Ready/);
    agent.remove('gated.yaml');
  });
});
