/** A real agent process on a private containerd, with its own manifest, root and log directories. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { PrivateContainerd } from '../../hack/containerd.ts';
import type { Pod } from '../../src/kubelet/types.ts';
import { verdictDirectory } from '../../src/probes/verdict-file.ts';

export const ROWER = join(import.meta.dirname, '../../bin/rower');
/** Generous: these machines are shared. Nothing is measured here. */
const PATIENCE_MS = 60_000;

export interface Agent {
  readonly dir: string;
  readonly manifests: string;
  readonly url: string;
  readonly port: number;
  /** Of the process that runs. */
  pid(): number;
  /** The agent's log so far. */
  log(): string;
  start(): Promise<void>;
  /** SIGKILL, at once. */
  kill9(): Promise<void>;
  /** SIGTERM; resolves to the exit status. */
  terminate(): Promise<number | null>;
  /** Writes the configuration file anew with these lines, and SIGHUP. */
  reload(settings: string): void;
  /** Puts a file in place by rename, as a careful writer does. */
  write(file: string, text: string): void;
  remove(file: string): void;
  pods(): Promise<Pod[]>;
  get(path: string): Promise<{ status: number; body: string }>;
  /** Waits until `check` holds of the published Pods; fails with what was there instead. */
  until<T>(what: string, check: (pods: Pod[]) => T | undefined | false): Promise<T>;
  /** Removes its Pods and directories. */
  dispose(): Promise<void>;
}

/** `settings`: more lines of the configuration file; `command`: what starts the agent, a program that becomes it. */
export async function createAgent(
  containerd: PrivateContainerd,
  flags: readonly string[] = [],
  settings = '',
  [program = ROWER, ...before]: readonly string[] = [],
): Promise<Agent> {
  const dir = mkdtempSync(join(tmpdir(), 'rower-e2e-'));
  const manifests = join(dir, 'pods');
  mkdirSync(manifests);
  const port = await freePort();
  const config = join(dir, 'kubelet.yaml');
  const configure = (lines: string) =>
    writeFileSync(
      config,
      `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\ncgroupRoot: ${containerd.cgroupRoot}\n${lines}`,
    );
  configure(settings);
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | undefined;
  let log = '';

  const agent: Agent = {
    dir,
    manifests,
    url,
    port,
    pid: () => child?.pid ?? 0,
    log: () => log,
    async start() {
      assert.equal(child, undefined, 'the agent runs already');
      const made = spawn(
        program,
        [
          ...before,
          'run',
          ...[
            '--config',
            config,
            '--pod-manifest-path',
            manifests,
            '--root-dir',
            join(dir, 'root'),
            '--pod-logs-dir',
            join(dir, 'logs'),
          ],
          ...[
            '--container-runtime-endpoint',
            containerd.endpoint,
            '--hostname-override',
            'n1',
            '--node-ip',
            '127.0.0.1',
            '--read-only-port',
            String(port),
            '--port',
            '0',
            '--healthz-port',
            '0',
            // The machine under test may be in some cloud; of a flag that is given twice the last one counts.
            '--metadata',
            'none',
            ...flags,
          ],
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      );
      child = made;
      made.stderr?.setEncoding('utf8').on('data', (text: string) => {
        log += text;
      });
      await waitFor('the agent to answer', async () => {
        assert.equal(made.exitCode, null, `the agent ended:\n${log}`);
        return (await fetch(`${url}/healthz`).catch(() => undefined))?.status === 200;
      });
    },
    async kill9() {
      const running = child;
      child = undefined;
      if (!running || running.exitCode !== null) return;
      const ended = new Promise((resolve) => running.once('exit', resolve));
      running.kill('SIGKILL');
      await ended;
    },
    async terminate() {
      const running = child;
      child = undefined;
      if (!running) return null;
      const ended = new Promise<number | null>((resolve) => running.once('exit', resolve));
      running.kill('SIGTERM');
      return ended;
    },
    reload(lines) {
      configure(lines);
      child?.kill('SIGHUP');
    },
    write(file, text) {
      const draft = join(dir, `draft-${file}`);
      writeFileSync(draft, text);
      renameSync(draft, join(manifests, file));
    },
    remove: (file) => rmSync(join(manifests, file)),
    async pods() {
      const answer = await fetch(`${url}/pods`);
      return ((await answer.json()) as { items: Pod[] | null }).items ?? [];
    },
    async get(path) {
      const answer = await fetch(`${url}${path}`);
      return { status: answer.status, body: await answer.text() };
    },
    async until(what, check) {
      let last: Pod[] = [];
      try {
        return await waitFor(what, async () => {
          last = await agent.pods();
          return check(last);
        });
      } catch (error) {
        const shown = last.map((pod) => ({ name: pod.metadata.name, status: pod.status }));
        throw new Error(
          `${(error as Error).message}\nPods: ${JSON.stringify(shown, undefined, 1)}\nLog:\n${log.slice(-6000)}`,
        );
      }
    },
    async dispose() {
      await agent.kill9();
      rmSync(manifests, { recursive: true, force: true });
      mkdirSync(manifests);
      await agent.start();
      await agent.until('every Pod to be gone', (pods) => pods.length === 0);
      const left = join(dir, 'root/pods');
      await waitFor(
        'the directories of its Pods to go',
        async () => !existsSync(left) || readdirSync(left).length === 0,
      );
      await agent.terminate();
      rmSync(dir, { recursive: true, force: true });
      rmSync(verdictDirectory(join(dir, 'root')), { recursive: true, force: true });
    },
  };
  return agent;
}

/** Asks again and again until the answer is neither undefined nor false. */
export async function waitFor<T>(what: string, ask: () => Promise<T | undefined | false>): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > until) throw new Error(`waited in vain for ${what}`);
    await delay(25);
  }
}

/** A Pod document that does not take long to stop. */
export function manifest(name: string, spec: object, metadata: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, ...metadata },
    spec: { terminationGracePeriodSeconds: 1, ...spec },
  });
}

export const sleeper = (change: object = {}): object => ({
  name: 'main',
  image: 'localhost/busybox:1',
  command: ['/bin/busybox', 'sleep', '100000'],
  ...change,
});

/** The one container status of a Pod by its manifest's name. */
export function statusOf(pods: readonly Pod[], name: string) {
  const pod = pods.find((each) => each.metadata.name === `${name}-n1`);
  return { pod, container: pod?.status?.containerStatuses?.[0] };
}

/** A container that runs, by the manifest's name of its Pod; for `until`. */
export function running(name: string) {
  return (pods: Pod[]) => {
    const { pod, container } = statusOf(pods, name);
    return pod?.status?.phase === 'Running' && container?.state?.running && container.containerID
      ? container
      : undefined;
  };
}

export function readFile(path: string): string {
  return readFileSync(path, 'utf8');
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
