import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { cleanUp, type PrivateContainerd, startContainerd } from '../../hack/containerd.ts';
import { layoutOf } from '../../hack/containerd-config.ts';
import { realEnv } from '../../hack/env.ts';
import { createCriClient } from '../../src/cri/client.ts';
import { freePort, sandboxConfig, shellConfig, skip, until } from './containerd.ts';

function tempDir(t: TestContext): string {
  const dir = mkdtempSync('/tmp/e2e-');
  t.after(async () => {
    await cleanUp(join(dir, 'c'));
    rmSync(dir, { recursive: true, force: true });
  });
  return dir;
}

/** A Pod with a host port, whose container ignores SIGTERM. Returns the container's id. */
async function runPod(
  containerd: { endpoint: string; dir: string; cgroupRoot: string },
  hostPort: number,
): Promise<string> {
  const client = createCriClient({ endpoints: [containerd.endpoint], imageEndpoint: '', env: realEnv() });
  const machine = { containerd: containerd as PrivateContainerd, client, hints: [], cleanUps: [], dir: containerd.dir };
  const portMappings = [{ protocol: 'TCP' as const, containerPort: 80, hostPort, hostIp: '127.0.0.1' }];
  const sandbox = await sandboxConfig(machine, 'web', { portMappings });
  const sandboxId = await client.cri.runPodSandbox(sandbox, '');
  const config = shellConfig(sandbox, 'web', 'httpd -f -p 80 -h /bin');
  const id = await client.cri.createContainer(sandboxId, config, sandbox);
  await client.cri.startContainer(id);
  client.close();
  return id;
}

const answers = (hostPort: number) =>
  fetch(`http://127.0.0.1:${hostPort}/arch`).then(
    async (answer) => (await answer.arrayBuffer()).byteLength > 0,
    () => false,
  );

/** Everything on the machine that belongs to the private containerd of `dir`, in words. */
function leftovers(dir: string, containerIds: readonly string[]): string[] {
  const { network, bridge, cgroupRoot } = layoutOf(dir);
  const text = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : '');
  const processes = readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const cgroups = text(`/proc/${pid}/cgroup`);
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${dir}/`) || cgroups.includes(cgroupRoot);
    } catch {
      return false;
    }
  });
  const cgroups = execFileSync('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*${cgroupRoot}*`], {
    encoding: 'utf8',
  });
  const found: [string, boolean][] = [
    [`processes ${processes.join(' ')}`, processes.length > 0],
    ['mounts', text('/proc/self/mountinfo').includes(dir)],
    ['bridge', existsSync(`/sys/class/net/${bridge}`)],
    ['iptables rules', execFileSync('iptables-save', { encoding: 'utf8' }).includes(network)],
    [`cgroups ${cgroups}`, cgroups !== ''],
    ['files', existsSync(dir)],
    [
      'CNI results',
      existsSync('/var/lib/cni/results') &&
        readdirSync('/var/lib/cni/results').some((name) =>
          [network, ...containerIds].some((part) => name.includes(part)),
        ),
    ],
  ];
  return found.flatMap(([what, there]) => (there ? [what] : []));
}

test('two at once do not see each other, and stopping one leaves nothing of it and all of the other', {
  skip,
}, async (t) => {
  const dirs = [join(tempDir(t), 'c'), join(tempDir(t), 'c')] as const;
  const [one, two] = await Promise.all([startContainerd({ dir: dirs[0] }), startContainerd({ dir: dirs[1] })]);
  assert.notEqual(one.subnet, two.subnet);
  assert.notEqual(one.bridge, two.bridge);
  const [portOne, portTwo] = [await freePort(), await freePort()];
  const [idOne, idTwo] = await Promise.all([runPod(one, portOne), runPod(two, portTwo)]);
  await until('both answer', async () => (await answers(portOne)) && (await answers(portTwo)));
  assert.match(await one.ctr(['tasks', 'ls']), new RegExp(`${idOne} .*RUNNING`));

  await one.stop();
  assert.deepEqual(leftovers(one.dir, [idOne]), []);
  assert.equal(await answers(portOne), false);
  assert.equal(await answers(portTwo), true);
  await two.stop();
  assert.deepEqual(leftovers(two.dir, [idTwo]), []);
});

test('containers survive kill -9 and a restart, and stop then finds them all the same', { skip }, async (t) => {
  const containerd = await startContainerd({ dir: join(tempDir(t), 'c') });
  const id = await runPod(containerd, await freePort());
  const first = containerd.pid;
  await containerd.kill9();
  assert.equal(existsSync(`/proc/${first}/exe`), false);
  await containerd.restart();
  assert.notEqual(containerd.pid, first);
  assert.match(await containerd.ctr(['tasks', 'ls']), new RegExp(`${id} .*RUNNING`));
  await containerd.kill9();
  await containerd.stop();
  assert.deepEqual(leftovers(containerd.dir, [id]), []);
});

/** `node hack/containerd.ts start`, and what it prints when it is up. */
async function startProgram(dir: string): Promise<{ child: ChildProcess; endpoint: string }> {
  const program = join(import.meta.dirname, '../../hack/containerd.ts');
  const child = spawn(process.execPath, [program, 'start', '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) {
    const endpoint = /^CONTAINER_RUNTIME_ENDPOINT=(.*)$/.exec(line)?.[1];
    if (endpoint) return { child, endpoint };
  }
  throw new Error('it ended without an endpoint');
}

const ending = (child: ChildProcess) => new Promise((resolve) => child.once('exit', (...how) => resolve(how)));

test('as a program it runs until SIGINT and then leaves nothing', { skip }, async (t) => {
  const dir = join(tempDir(t), 'c');
  const { child, endpoint } = await startProgram(dir);
  const port = await freePort();
  const id = await runPod({ ...layoutOf(dir), endpoint }, port);
  await until('its Pod answers', () => answers(port));
  const ended = ending(child);
  child.kill('SIGINT');
  assert.deepEqual(await ended, [0, null]);
  assert.deepEqual(leftovers(dir, [id]), []);
});

test('what a crashed one left is removed by a clean-up, or by the next one in its directory', { skip }, async (t) => {
  const dir = join(tempDir(t), 'c');
  const { child, endpoint } = await startProgram(dir);
  const port = await freePort();
  const id = await runPod({ ...layoutOf(dir), endpoint }, port);
  const ended = ending(child);
  child.kill('SIGKILL');
  await ended;
  assert.ok(leftovers(dir, [id]).length >= 5, 'containerd and its Pod outlive their starter');

  const next = await startContainerd({ dir });
  assert.equal((await next.ctr(['tasks', 'ls', '-q'])).trim(), '');
  const nextId = await runPod(next, port);
  await until('a Pod on the same port answers', () => answers(port));
  await cleanUp(dir);
  assert.deepEqual(leftovers(dir, [id, nextId]), []);
});

test('a directory that holds something else is not taken, and not touched', { skip }, async (t) => {
  const dir = tempDir(t);
  writeFileSync(join(dir, 'precious'), '');
  await assert.rejects(startContainerd({ dir }), /holds other things/);
  await cleanUp(dir);
  assert.ok(existsSync(join(dir, 'precious')));
});
