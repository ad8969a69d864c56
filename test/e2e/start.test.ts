import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { after, before, suite, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { ROOT } from '../../hack/root.ts';
import { skip } from './containerd.ts';

const LIMIT_MS = 120_000;

/** A quick start in a directory of its own, and what it has printed. */
interface Start {
  child: ChildProcess;
  output: () => string;
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

async function until<T>(what: string, find: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const deadline = performance.now() + LIMIT_MS;
  while (performance.now() < deadline) {
    const found = await find();
    if (found) return found;
    await delay(50);
  }
  throw new Error(`this did not come: ${what}`);
}

/** Processes whose command line names the directory. */
function processesOf(directory: string): string[] {
  const commands = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid);
  return commands.flatMap((pid) => {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      return command.includes(directory) ? [`${pid} ${command}`] : [];
    } catch {
      return [];
    }
  });
}

suite('npm start', { skip, timeout: 2 * LIMIT_MS }, () => {
  let state: string;
  let port: number;
  let webPort: number;

  const start = (): Start => {
    let output = '';
    const child = spawn(process.execPath, ['hack/start.ts', '--state', state, '--read-only-port', String(port)], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    return { child, output: () => output };
  };
  const isUp = ({ child, output }: Start) =>
    until('the end of the welcome', () => {
      if (child.exitCode !== null) throw new Error(`npm start ended:\n${output()}`);
      return output().includes('Ctrl-C stops everything.');
    });
  const stop = async ({ child, output }: Start) => {
    child.kill('SIGINT');
    const [status] = child.exitCode === null ? await once(child, 'exit') : [child.exitCode];
    assert.equal(status, 0, output());
  };
  const page = async () => (await fetch(`http://127.0.0.1:${webPort}/`)).text();
  const ages = async (): Promise<string[]> => {
    const answer = await fetch(`http://127.0.0.1:${port}/pods`);
    const { items } = (await answer.json()) as {
      items: { status: { containerStatuses?: { containerID: string; restartCount: number }[] } }[];
    };
    return items.flatMap(
      (pod) => pod.status.containerStatuses?.map((one) => `${one.containerID} ${one.restartCount}`) ?? [],
    );
  };

  before(async () => {
    state = mkdtempSync('/tmp/start-');
    [port, webPort] = [await freePort(), await freePort()];
    const pods = path.join(state, 'demo', 'pods');
    mkdirSync(path.dirname(pods), { recursive: true });
    cpSync(path.join(ROOT, 'examples', 'pods'), pods, { recursive: true });
    const web = path.join(pods, 'web.yaml');
    writeFileSync(web, readFileSync(web, 'utf8').replace('hostPort: 8080', `hostPort: ${webPort}`));
  });
  after(() => rmSync(state, { recursive: true, force: true }));

  test('it serves the example, survives the death of its agent, and leaves nothing but its directory', async () => {
    const first = start();
    try {
      await isUp(first);
      assert.match(first.output(), /^clock-demo +1\/1 +Running +0 /m);
      assert.match(first.output(), /^web-demo +2\/2 +Running +0 /m);
      assert.ok(first.output().includes(`curl http://127.0.0.1:${webPort}/`));
      await until('the page', async () => /Hello from Rower/.test(await page()));

      const second = start();
      const [status] = await once(second.child, 'exit');
      assert.equal(status, 1);
      assert.match(second.output(), /running already/);

      const before = await ages();
      const pidFile = path.join(state, 'demo', 'agent.pid');
      process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGKILL');
      await until('the agent again', () => first.output().includes('ended by SIGKILL and runs again'));
      const again = await until('its endpoint', () =>
        ages().then(
          (list) => list.length === before.length && list,
          () => undefined,
        ),
      );
      assert.deepEqual(again, before);
    } finally {
      await stop(first);
    }
    assert.deepEqual(processesOf(state), []);
    assert.deepEqual(readdirSync(state), ['demo']);
    assert.deepEqual(readdirSync(path.join(state, 'demo', 'root', 'pods')), []);
    await assert.rejects(page());
  });

  test('it starts again after it was itself killed', async () => {
    const first = start();
    await isUp(first);
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    assert.notDeepEqual(processesOf(state), []);
    const second = start();
    await isUp(second);
    assert.match(second.output(), /^Stopped the agent of a former start\.$/m);
    await stop(second);
    assert.deepEqual(processesOf(state), []);
  });

  test('a port in use is told before anything is started', async () => {
    const server = net.createServer().listen(webPort, '127.0.0.1');
    await once(server, 'listening');
    const refused = start();
    const [status] = await once(refused.child, 'exit');
    server.close();
    assert.equal(status, 1);
    assert.match(refused.output(), new RegExp(`port ${webPort} is in use by another program: change the hostPort in`));
    assert.deepEqual(processesOf(state), []);
  });
});
