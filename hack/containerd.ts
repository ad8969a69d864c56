/**
 * A private containerd: its own directory, socket, bridge network and images, next to any other on the machine.
 *
 *     node hack/containerd.ts start --dir DIR [--subnet 10.1.2.0/24]   runs until Ctrl-C, then removes all of it
 *     node hack/containerd.ts clean --dir DIR                          removes what a crashed one left
 *
 *     const containerd = await startContainerd({ dir });   // DIR must be short: sockets have at most 107 characters
 *     … createCriClient({ endpoints: [containerd.endpoint], … })
 *     await containerd.stop();
 *
 * It has the images localhost/pause:1, localhost/busybox:1 and localhost/demo:1; add others with `importImages`. A
 * registry on loopback (hack/registry.ts) can be pulled from over plain HTTP, under another name after a
 * DIR/certs.d/NAME/hosts.toml was written.
 */
import { execFile, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { createCriClient } from '../src/cri/client.ts';
import type { Cri } from '../src/cri/port.ts';
import { removeAll } from './containerd-cleanup.ts';
import { freeSubnet, type Layout, layoutOf, type NetworkOptions, writeConfig } from './containerd-config.ts';
import { type Before, lookAround } from './containerd-network.ts';
import { containerdProblems } from './containerd-problems.ts';
import { findContainerd, otherInstances } from './containerd-processes.ts';
import { realEnv } from './env.ts';
import { buildImages, busyboxImage, demoImage, importImages, pauseImage } from './images.ts';

export { containerdProblems };

export interface PrivateContainerd {
  socket: string;
  /** `unix://` and the socket. */
  endpoint: string;
  /** Of the containerd that runs now. */
  readonly pid: number;
  dir: string;
  subnet: string;
  bridge: string;
  /** A cgroup parent that `stop` removes with all below it. */
  cgroupRoot: string;
  /** containerd's own log. */
  logFile: string;
  /** Runs `ctr` in the namespace k8s.io; resolves with what it prints. */
  ctr(args: readonly string[]): Promise<string>;
  /** SIGKILL. The containers go on. */
  kill9(): Promise<void>;
  /** Starts it again, after ending it with SIGTERM when it runs. The containers go on. */
  restart(): Promise<void>;
  /** Kills every container and leaves nothing behind, the directory included. */
  stop(): Promise<void>;
}

export interface StartOptions {
  /** Made when missing, else empty; a former private containerd in it is removed first. */
  dir: string;
  /** Default: a /24 of 10.0.0.0/8 that nobody uses. */
  subnet?: string;
  network?: NetworkOptions;
  log?: (line: string) => void;
}

/** What `cleanUp` needs to know of an instance whose starter is gone. */
interface State {
  subnet: string;
  before: Before;
}

const readyMs = 30_000;
const stopMs = 10_000;

/** Resolves when Pods can be run. Rejects, with nothing left behind, when containerd does not come up. */
export async function startContainerd(options: StartOptions): Promise<PrivateContainerd> {
  const problems = containerdProblems();
  if (problems.length > 0) throw new Error(`no private containerd on this machine: ${problems.join('; ')}`);
  const log = options.log ?? (() => {});
  mkdirSync(options.dir, { recursive: true });
  const layout = layoutOf(realpathSync(options.dir));
  if (layout.socket.length + '.ttrpc'.length > 107)
    throw new Error(`the directory's name is too long for a socket in it: ${layout.dir}`);
  if (existsSync(layout.stateFile)) {
    log(`removing what a former private containerd left in ${layout.dir}`);
    await cleanUp(layout.dir);
    mkdirSync(layout.dir, { recursive: true });
  } else if (readdirSync(layout.dir).length > 0) {
    throw new Error(
      `${layout.dir} holds other things, and all of it would be removed at the end: name an empty directory`,
    );
  }

  const images = buildImages([pauseImage(), busyboxImage(), demoImage()]);
  let { subnet, pid } = await alone(async () => {
    const others = otherInstances(layout.dir).flatMap((dir) => readState(layoutOf(dir)) ?? []);
    const state: State = {
      subnet:
        options.subnet ??
        freeSubnet(
          layout,
          others.map((other) => other.subnet),
        ),
      // With others around, things look used; the first one knows how they were.
      before: others[0]?.before ?? lookAround(),
    };
    writeConfig(layout, state.subnet, pauseImage().name, options.network);
    writeFileSync(layout.stateFile, JSON.stringify(state));
    return { subnet: state.subnet, pid: launch(layout) };
  });
  const client = createCriClient({ endpoints: [`unix://${layout.socket}`], imageEndpoint: '', env: realEnv() });
  try {
    await ready(layout, pid, client.cri);
    await importImages(layout, images);
    await imported(
      client.cri,
      images.map((image) => image.name),
    );
  } catch (error) {
    client.close();
    await cleanUp(layout.dir);
    throw error;
  }
  log(`containerd ${pid} listens on ${layout.socket}, Pods are in ${subnet}`);

  return {
    socket: layout.socket,
    endpoint: `unix://${layout.socket}`,
    get pid() {
      return pid;
    },
    dir: layout.dir,
    subnet,
    bridge: layout.bridge,
    cgroupRoot: layout.cgroupRoot,
    logFile: layout.logFile,
    async ctr(args) {
      return (await promisify(execFile)('ctr', ['-a', layout.socket, '-n', 'k8s.io', ...args])).stdout;
    },
    kill9: () => end(pid, 'SIGKILL'),
    async restart() {
      await end(pid, 'SIGTERM');
      pid = launch(layout);
      await ready(layout, pid, client.cri);
    },
    async stop() {
      client.close();
      await cleanUp(layout.dir);
    },
  };
}

/** Removes a private containerd, running or crashed, and everything it made. Does nothing when there was none in `dir`. */
export async function cleanUp(dir: string): Promise<void> {
  if (!existsSync(dir)) return;
  const layout = layoutOf(realpathSync(dir));
  const state = readState(layout);
  if (!state && findContainerd(layout) === undefined) return;
  await alone(() => removeAll(layout, state?.before));
}

/** Starts the process, in a session of its own so that Ctrl-C on the terminal is for us to handle. Returns its pid. */
function launch(layout: Layout): number {
  const output = openSync(layout.logFile, 'a');
  const child = spawn('containerd', ['--config', layout.configFile], {
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.unref();
  // Told by the missing pid.
  child.once('error', () => {});
  if (child.pid === undefined) throw new Error('containerd could not be started');
  return child.pid;
}

/** Waits until it answers and has its network. */
async function ready(layout: Layout, pid: number, cri: Cri): Promise<void> {
  const until = Date.now() + readyMs;
  for (;;) {
    const conditions = await cri.status().then(
      (status) => status.conditions.filter(({ type }) => type === 'RuntimeReady' || type === 'NetworkReady'),
      () => [],
    );
    if (conditions.length === 2 && conditions.every(({ status }) => status)) return;
    if (!alive(pid) || Date.now() > until) {
      const lines = readFileSync(layout.logFile, 'utf8').trimEnd().split('\n').slice(-5);
      throw new Error(`containerd is not ready; the end of ${layout.logFile}:\n${lines.join('\n')}`);
    }
    await delay(20);
  }
}

/** CRI learns of an imported image from an event. */
async function imported(cri: Cri, names: readonly string[]): Promise<void> {
  const until = Date.now() + readyMs;
  for (const name of names) {
    while (!(await cri.imageStatus(name))) {
      if (Date.now() > until) throw new Error(`the imported image ${name} does not appear`);
      await delay(5);
    }
  }
}

async function end(pid: number, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
  const until = Date.now() + stopMs;
  for (let sent: string | undefined; alive(pid); await delay(5)) {
    const next = Date.now() > until ? 'SIGKILL' : signal;
    if (next !== sent) process.kill(pid, next);
    sent = next;
  }
}

/** A zombie is dead: its parent is perhaps us, perhaps somebody who never waits. */
function alive(pid: number): boolean {
  try {
    return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function readState(layout: Layout): State | undefined {
  try {
    return JSON.parse(readFileSync(layout.stateFile, 'utf8')) as State;
  } catch {
    return undefined;
  }
}

/** Runs `work` while no other process on this machine does the same. The lock is an abstract socket: it dies with us. */
async function alone<T>(work: () => Promise<T>): Promise<T> {
  const lock = createServer();
  for (;;) {
    const taken = await new Promise<boolean>((resolve, reject) => {
      lock.once('error', (error: NodeJS.ErrnoException) =>
        error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
      );
      lock.listen('\0private-containerd', () => resolve(true));
    });
    lock.removeAllListeners('error');
    if (taken) break;
    await delay(20);
  }
  try {
    return await work();
  } finally {
    await new Promise((resolve) => lock.close(resolve));
  }
}

/** Resolves at the first signal to end; from now on none of them ends the process by itself. */
function signalled(): Promise<void> {
  return new Promise((resolve) => {
    // Signals alone do not keep the process alive.
    const awake = setInterval(() => {}, 2 ** 30);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        clearInterval(awake);
        resolve();
      });
    }
  });
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: { dir: { type: 'string' }, subnet: { type: 'string' } },
  });
  const [command] = positionals;
  if (!values.dir || (command !== 'start' && command !== 'clean')) {
    throw new Error('usage: node hack/containerd.ts start|clean --dir DIR [--subnet CIDR]');
  }
  if (command === 'clean') return cleanUp(values.dir);
  // Before the start, which must not be cut off in the middle.
  const ending = signalled();
  const { dir, subnet } = values;
  const containerd = await startContainerd({ dir, ...(subnet && { subnet }), log: console.error });
  console.log(`CONTAINER_RUNTIME_ENDPOINT=${containerd.endpoint}`);
  await ending;
  await containerd.stop();
}

if (import.meta.main) {
  await main().catch((error: Error) => {
    console.error(error.message);
    process.exit(1);
  });
}
