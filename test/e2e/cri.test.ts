import assert from 'node:assert/strict';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ContainerConfig, CriError, PodSandboxConfig } from '../../src/cri/port.ts';
import { freePort, runShell, sandboxConfig, shellConfig, skip, until, useMachine } from './containerd.ts';

/** Runs until SIGTERM. */
const forEver = 'trap "exit 0" TERM; while :; do sleep 1 & wait; done';

describe('the CRI port on a real containerd', { skip }, () => {
  const machine = useMachine();

  const hinted = (kind: string, id: string) =>
    until(`the hint ${kind}`, () => machine.hints.some((hint) => hint.kind === kind && hint.containerId === id));

  test('it tells who it is, that it is ready, and nothing of its cgroup driver before 2.0', async () => {
    const { cri } = machine.client;
    const { runtimeName, runtimeVersion } = await cri.version();
    assert.equal(runtimeName, 'containerd');
    assert.match(runtimeVersion, /^v?\d+\.\d+/);
    const conditions = new Map((await cri.status()).conditions.map(({ type, status }) => [type, status]));
    assert.deepEqual([conditions.get('RuntimeReady'), conditions.get('NetworkReady')], [true, true]);
    assert.equal((await cri.cgroupDriver()) === undefined, /^v?1\./.test(runtimeVersion));
  });

  test('the life of a Pod with a host port, from sandbox to removal', async (t) => {
    const { cri } = machine.client;
    const hostPort = await freePort();
    const portMappings: PodSandboxConfig['portMappings'] = [
      { protocol: 'TCP', containerPort: 80, hostPort, hostIp: '127.0.0.1' },
    ];
    const sandbox = await sandboxConfig(machine, 'life', { portMappings, annotations: { note: 'Grüße' } });
    const startedMs = Date.now();
    const sandboxId = await cri.runPodSandbox(sandbox, '');
    const config: ContainerConfig = {
      ...shellConfig(sandbox, 'web', ''),
      image: { image: 'localhost/demo:1' },
      command: [],
      envs: [{ key: 'GREETING', value: 'Grüße abcd' }],
    };
    let id = '';

    await t.test('the sandbox is listed by its labels, with what it was given', async () => {
      const [listed, ...others] = await cri.listPodSandboxes({ pod: 'life' });
      assert.ok(listed);
      assert.equal(others.length, 0);
      const { createdAtMs, ...rest } = listed;
      assert.deepEqual(rest, {
        id: sandboxId,
        metadata: sandbox.metadata,
        state: 'ready',
        labels: { pod: 'life' },
        annotations: { note: 'Grüße' },
      });
      assert.ok(createdAtMs >= startedMs && createdAtMs <= Date.now());
      assert.deepEqual(await cri.listPodSandboxes({ pod: 'another' }), []);
    });

    await t.test('its status has an address of the private network', async () => {
      const { ips, ...rest } = await cri.podSandboxStatus(sandboxId);
      assert.deepEqual(rest, { id: sandboxId, state: 'ready' });
      assert.equal(ips.length, 1);
      assert.equal(ips[0]?.replace(/\d+$/, ''), machine.containerd.subnet.replace(/\d+\/24$/, ''));
    });

    await t.test(
      'a second sandbox of the same name, uid and attempt is refused, and the text names the first',
      async () => {
        await assert.rejects(cri.runPodSandbox(sandbox, ''), (error: CriError) => {
          assert.equal(error.code, 'other');
          assert.match(error.message, new RegExp(`is reserved for "${sandboxId}"`));
          return true;
        });
      },
    );

    await t.test('a container is created, then started', async () => {
      id = await cri.createContainer(sandboxId, config, sandbox);
      const created = await cri.containerStatus(id);
      assert.equal(created.state, 'created');
      assert.deepEqual([created.startedAtMs, created.finishedAtMs, created.exitCode], [undefined, undefined, 0]);

      await cri.startContainer(id);
      const status = await cri.containerStatus(id);
      assert.equal(status.state, 'running');
      assert.ok(status.createdAtMs >= startedMs);
      assert.ok(Number(status.startedAtMs) >= status.createdAtMs && Number(status.startedAtMs) <= Date.now());
      assert.equal(status.finishedAtMs, undefined);
      assert.equal(status.image, 'localhost/demo:1');
      assert.match(status.imageRef, /^sha256:[0-9a-f]{64}$/);
      assert.equal(status.logPath, join(sandbox.logDirectory, 'web.log'));
      await hinted('started', id);
    });

    await t.test('the container is listed with what it was given', async () => {
      const [listed, ...others] = await cri.listContainers({ container: 'web' });
      assert.ok(listed);
      assert.equal(others.length, 0);
      const { createdAtMs, imageRef, ...rest } = listed;
      assert.deepEqual(rest, {
        id,
        sandboxId,
        metadata: { name: 'web', attempt: 0 },
        state: 'running',
        image: 'localhost/demo:1',
        labels: { container: 'web' },
        annotations: {},
      });
      assert.ok(createdAtMs >= startedMs);
      assert.equal(imageRef, (await cri.containerStatus(id)).imageRef);
    });

    await t.test('its web server answers on the host port', async () => {
      let page = '';
      await until('an answer', async () => {
        page = await fetch(`http://127.0.0.1:${hostPort}/`).then(
          (answer) => answer.text(),
          () => '',
        );
        return page !== '';
      });
      assert.match(page, /It runs/);
    });

    await t.test('a command gives its output, its errors and its exit code', async () => {
      const result = await cri.execSync(id, ['sh', '-c', 'printf "$GREETING"; echo no >&2; exit 3'], 10);
      assert.deepEqual(
        [Buffer.from(result.stdout).toString(), Buffer.from(result.stderr).toString(), result.exitCode],
        ['Grüße abcd', 'no\n', 3],
      );
    });

    await t.test('a command past its timeout is a deadline error, and its end is no hint', async () => {
      const before = machine.hints.length;
      await assert.rejects(cri.execSync(id, ['sleep', '60'], 1), { code: 'deadline', call: 'ExecSync' });
      await cri.execSync(id, ['true'], 10);
      assert.deepEqual(machine.hints.slice(before), []);
    });

    await t.test('a command that cannot be started is an error', async () => {
      await assert.rejects(cri.execSync(id, ['/absent'], 10), { code: 'other', message: /no such file/ });
    });

    await t.test('a rotated log is opened anew', async () => {
      const log = join(sandbox.logDirectory, 'web.log');
      await rename(log, `${log}.1`);
      await cri.reopenContainerLog(id);
      await fetch(`http://127.0.0.1:${hostPort}/absent`).then((answer) => answer.arrayBuffer());
      await until('a line in the new log', async () => (await readFile(log, 'utf8')) !== '');
    });

    await t.test('a new limit reaches the cgroup', async () => {
      await cri.updateContainerResources(id, { memoryLimitInBytes: 64 * 2 ** 20 });
      const parent = `${machine.containerd.cgroupRoot}/life/${id}`;
      const files = [`memory${parent}/memory.limit_in_bytes`, `${parent}/memory.max`];
      const values = await Promise.all(files.map((file) => readFile(`/sys/fs/cgroup/${file}`, 'utf8').catch(() => '')));
      assert.equal(values.join('').trim(), String(64 * 2 ** 20));
    });

    await t.test('a graceful stop is told by hints, and the status has the end', async () => {
      await cri.stopContainer(id, 10);
      await hinted('exited', id);
      await hinted('deleted', id);
      const status = await cri.containerStatus(id);
      assert.deepEqual([status.state, status.exitCode, status.reason], ['exited', 0, 'Completed']);
      assert.ok(Number(status.finishedAtMs) >= Number(status.startedAtMs) && Number(status.finishedAtMs) <= Date.now());
      await cri.stopContainer(id, 10);
    });

    await t.test('removal can be repeated and leaves nothing', async () => {
      await cri.removeContainer(id);
      await cri.removeContainer(id);
      await assert.rejects(cri.containerStatus(id), { code: 'not-found', call: 'ContainerStatus' });
      await cri.stopPodSandbox(sandboxId);
      assert.deepEqual(await cri.podSandboxStatus(sandboxId).then(({ state }) => state), 'notready');
      await cri.stopPodSandbox(sandboxId);
      await cri.removePodSandbox(sandboxId);
      await cri.removePodSandbox(sandboxId);
      await assert.rejects(cri.podSandboxStatus(sandboxId), { code: 'not-found', call: 'PodSandboxStatus' });
      assert.deepEqual(await cri.listPodSandboxes({ pod: 'life' }), []);
      await assert.rejects(fetch(`http://127.0.0.1:${hostPort}/`));
    });
  });

  test('a container that ends by itself is hinted, and its exit code is told', async () => {
    const { id, sandboxId } = await runShell(machine, 'exit', 'exit 7');
    await hinted('exited', id);
    await hinted('deleted', id);
    const status = await machine.client.cri.containerStatus(id);
    assert.deepEqual([status.state, status.exitCode, status.reason], ['exited', 7, 'Error']);
    await machine.client.cri.removePodSandbox(sandboxId);
  });

  test('a container over its memory limit is OOMKilled, with a hint of its own', async () => {
    const linux = { resources: { memoryLimitInBytes: 16 * 2 ** 20 } } as ContainerConfig['linux'];
    const { id, sandboxId } = await runShell(machine, 'oom', 'exec tail /dev/zero', { linux });
    await hinted('deleted', id);
    const status = await machine.client.cri.containerStatus(id);
    assert.deepEqual([status.state, status.exitCode, status.reason], ['exited', 137, 'OOMKilled']);
    await hinted('oom', id);
    await machine.client.cri.removePodSandbox(sandboxId);
  });

  test('a container whose program is missing fails to start and keeps the reason', async () => {
    const { cri } = machine.client;
    const sandbox = await sandboxConfig(machine, 'missing');
    const sandboxId = await cri.runPodSandbox(sandbox, '');
    const id = await cri.createContainer(
      sandboxId,
      shellConfig(sandbox, 'missing', '', { command: ['/absent'] }),
      sandbox,
    );
    await assert.rejects(cri.startContainer(id), { code: 'other', call: 'StartContainer', message: /no such file/ });
    const status = await cri.containerStatus(id);
    assert.deepEqual([status.state, status.exitCode, status.reason], ['exited', 128, 'StartError']);
    assert.match(status.message, /no such file/);
    assert.equal(status.startedAtMs, undefined);
    await cri.removePodSandbox(sandboxId);
  });

  test('a running container can be removed, and its sandbox too', async () => {
    const { cri } = machine.client;
    const { id, sandboxId } = await runShell(machine, 'running', forEver);
    await cri.removeContainer(id);
    await assert.rejects(cri.containerStatus(id), { code: 'not-found' });
    await cri.removePodSandbox(sandboxId);
    assert.deepEqual(await cri.listPodSandboxes({ pod: 'running' }), []);
  });

  test('orphans in a shared process namespace are reaped by the sandbox', async () => {
    const { cri } = machine.client;
    const sandbox = await sandboxConfig(machine, 'orphans', { sharedPids: true });
    const sandboxId = await cri.runPodSandbox(sandbox, '');
    const id = await cri.createContainer(sandboxId, shellConfig(sandbox, 'orphans', forEver), sandbox);
    await cri.startContainer(id);
    // The subshell dies at once and leaves its child, which then ends as a child of process 1.
    await cri.execSync(id, ['sh', '-c', '(sleep 0.01 &)'], 10);
    await until('no sleeper and no zombie is left', async () => {
      const { stdout } = await cri.execSync(id, ['sh', '-c', 'cat /proc/[0-9]*/stat'], 10);
      const processes = Buffer.from(stdout).toString().split('\n');
      return !processes.some((line) => / Z 1 /.test(line) || /^\d+ \(sleep\) . 1 /.test(line));
    });
    await cri.removePodSandbox(sandboxId);
  });

  test('a killed containerd is noticed at once; after its restart the same client goes on and nothing was touched', async (t) => {
    const { cri, events } = machine.client;
    const stays = await runShell(machine, 'stays', forEver);
    const goes = await runShell(machine, 'goes', 'sleep 1; exit 9');
    const before = await cri.containerStatus(stays.id);
    await until('the stream stands', () => events.reliable());
    machine.hints.length = 0;

    await machine.containerd.kill9();
    await t.test('calls fail as unavailable, and the stream says it is lost', async () => {
      await assert.rejects(cri.status(), { code: 'unavailable', call: 'Status' });
      await until('the loss', () => machine.hints.some(({ kind }) => kind === 'disconnected'));
      assert.equal(events.reliable(), false);
    });

    // Its container ends while nobody looks.
    await until('the container has ended', async () =>
      (await readFile(`/proc/${await initPid(goes.id)}/stat`, 'utf8').catch(() => ' Z ')).includes(' Z '),
    );
    await machine.containerd.restart();

    await t.test('the client and the stream are back', async () => {
      await until('an answer', () =>
        cri.status().then(
          () => true,
          () => false,
        ),
      );
      await until('the stream', () => events.reliable());
      assert.ok(machine.hints.some(({ kind }) => kind === 'reconnected'));
    });
    await t.test('the running container is as it was', async () => {
      assert.deepEqual(await cri.containerStatus(stays.id), before);
    });
    await t.test('the end in the meantime is told with its exit code and time', async () => {
      const status = await cri.containerStatus(goes.id);
      assert.deepEqual([status.state, status.exitCode, status.reason], ['exited', 9, 'Error']);
      assert.ok(Number(status.finishedAtMs) >= Number(status.startedAtMs) && Number(status.finishedAtMs) <= Date.now());
    });
    await t.test('a later exit is hinted by the new stream', async () => {
      await cri.stopContainer(stays.id, 10);
      await hinted('deleted', stays.id);
    });
    for (const { sandboxId } of [stays, goes]) await cri.removePodSandbox(sandboxId);
  });

  /** The container's first process, as the shim wrote it down. */
  async function initPid(id: string): Promise<string> {
    const bundle = join(machine.containerd.dir, 'state/io.containerd.runtime.v2.task/k8s.io', id);
    return readFile(join(bundle, 'init.pid'), 'utf8');
  }
});
