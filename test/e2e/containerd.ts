/** A private containerd for one test file, and small Pods to run on it. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { containerdProblems, type PrivateContainerd, startContainerd } from '../../hack/containerd.ts';
import type { NetworkOptions } from '../../hack/containerd-config.ts';
import { realEnv } from '../../hack/env.ts';
import { type CriClient, createCriClient } from '../../src/cri/client.ts';
import type { ContainerConfig, PodSandboxConfig, RuntimeHint } from '../../src/cri/port.ts';

const problems = containerdProblems();

/**
 * For the options of a test or suite: why it cannot run here, or false. In CI nothing is skipped: there the start of
 * containerd fails with the same words.
 */
export const skip: string | false =
  problems.length > 0 && !process.env.CI ? `no private containerd: ${problems.join('; ')}` : false;

export interface Machine {
  containerd: PrivateContainerd;
  client: CriClient;
  /** Every hint of the event stream so far. */
  hints: RuntimeHint[];
  /** What has to be done before containerd is stopped: hooks run in the order in which they were registered. */
  cleanUps: (() => Promise<unknown>)[];
  /** For logs and whatever else a test keeps. */
  dir: string;
}

/** Starts one before the tests of the suite that calls it, and removes it after them. */
export function useMachine(network?: NetworkOptions): Machine {
  const machine = { hints: [] as RuntimeHint[], cleanUps: [] as Machine['cleanUps'] } as Machine;
  const following = new AbortController();
  let followed: Promise<void> | undefined;
  before(async () => {
    // Sockets need short names, so not below a long TMPDIR.
    machine.dir = await mkdtemp('/tmp/e2e-');
    machine.containerd = await startContainerd({ dir: join(machine.dir, 'c'), ...(network && { network }) });
    const options = { endpoints: [machine.containerd.endpoint], imageEndpoint: '', env: realEnv() };
    machine.client = createCriClient(options);
    followed = machine.client.events.follow((hint) => machine.hints.push(hint), following.signal);
  });
  after(async () => {
    try {
      for (const cleanUp of machine.cleanUps) await cleanUp();
    } finally {
      following.abort();
      await followed;
      machine.client?.close();
      await machine.containerd?.stop();
      await rm(machine.dir, { recursive: true, force: true });
    }
  });
  return machine;
}

/** A sandbox config; its log directory is made. */
export async function sandboxConfig(
  machine: Machine,
  name: string,
  change: Partial<Pick<PodSandboxConfig, 'portMappings' | 'labels' | 'annotations'>> & { sharedPids?: boolean } = {},
): Promise<PodSandboxConfig> {
  const { sharedPids, ...rest } = change;
  const logDirectory = join(machine.dir, 'logs', name);
  await mkdir(logDirectory, { recursive: true });
  return {
    metadata: { name, namespace: 'default', uid: `uid-${name}`, attempt: 0 },
    hostname: name,
    logDirectory,
    dnsConfig: { servers: [], searches: [], options: [] },
    portMappings: [],
    labels: { pod: name },
    annotations: {},
    ...rest,
    linux: {
      cgroupParent: `${machine.containerd.cgroupRoot}/${name}`,
      securityContext: { namespaceOptions: { network: 'POD', pid: sharedPids ? 'POD' : 'CONTAINER', ipc: 'POD' } },
    },
  };
}

/** A container of such a sandbox that runs `script` in busybox's shell. */
export function shellConfig(
  sandbox: PodSandboxConfig,
  name: string,
  script: string,
  change: Partial<ContainerConfig> = {},
): ContainerConfig {
  return {
    metadata: { name, attempt: 0 },
    image: { image: 'localhost/busybox:1' },
    command: ['sh', '-c', script],
    args: [],
    workingDir: '',
    envs: [],
    mounts: [],
    labels: { container: name },
    annotations: {},
    logPath: `${name}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    ...change,
    linux: {
      resources: {},
      ...change.linux,
      securityContext: {
        namespaceOptions: sandbox.linux.securityContext.namespaceOptions,
        ...change.linux?.securityContext,
      },
    },
  };
}

/** Starts one such container in a sandbox of its own. */
export async function runShell(machine: Machine, name: string, script: string, change: Partial<ContainerConfig> = {}) {
  const { cri } = machine.client;
  const sandbox = await sandboxConfig(machine, name);
  const sandboxId = await cri.runPodSandbox(sandbox, '');
  const id = await cri.createContainer(sandboxId, shellConfig(sandbox, name, script, change), sandbox);
  await cri.startContainer(id);
  return { sandboxId, sandbox, id };
}

/** Resolves when `holds` does; `what` names it when it takes far too long. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const limitMs = 60_000;
  for (const start = Date.now(); !(await holds()); ) {
    if (Date.now() - start > limitMs) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A TCP port of loopback that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP server has an address');
  return address.port;
}
