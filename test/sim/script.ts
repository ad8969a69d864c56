/**
 * One sequence of calls with the answers made comparable: ids by order of appearance, times by whether they are set and
 * in order, addresses by number. Run against the fake and against a real containerd it must give the same text.
 */
import type { ContainerConfig, Cri, PodSandboxConfig } from '../../src/cri/port.ts';
import { CriError } from '../../src/cri/port.ts';

/** A runtime on the bench. */
export interface Bench {
  cri: Cri;
  /** Present on the machine; has `sh`, `sleep`, `true`, `false`. */
  image: string;
  /** Exists, and may be written to. */
  logDirectory: string;
  cgroupParent: string;
  /** A unique word: several benches may share one runtime. */
  name: string;
  sleep(ms: number): Promise<void>;
  /** SIGKILL to the first process of a sandbox or container, behind CRI's back. */
  killProcess(id: string): Promise<void>;
  /** kill -9 of the runtime; processes live on. */
  crash(): Promise<void>;
  /** Starts it again; resolves when it answers. */
  recover(): Promise<void>;
}

/** How long to wait until CRI shows an exit. */
const SETTLE_MS = 400;
const FOREVER = 'while :; do sleep 0.1; done';

export async function runScript(bench: Bench): Promise<string[]> {
  const { cri } = bench;
  const lines: string[] = [];
  const names = new Names();
  const labels = { 'test/bench': bench.name };

  /** One step: its answer, or its error. */
  async function step<T>(title: string, call: () => Promise<T>): Promise<T | undefined> {
    try {
      const value = await call();
      lines.push(`${title}: ${names.text(value)}`);
      return value;
    } catch (error) {
      if (!(error instanceof CriError)) throw error;
      lines.push(`${title}: ${error.code}: ${names.message(error.message)}`);
      return undefined;
    }
  }
  const sandboxConfig = (name: string, attempt = 0, network: 'POD' | 'NODE' = 'POD') =>
    podSandbox(bench, name, attempt, network, labels);
  async function run(title: string, config: PodSandboxConfig): Promise<string> {
    return names.name('sandbox', (await step(title, () => cri.runPodSandbox(config, ''))) ?? 'none');
  }
  async function create(
    title: string,
    sandbox: string,
    config: PodSandboxConfig,
    made: ContainerConfig,
  ): Promise<string> {
    return names.name('container', (await step(title, () => cri.createContainer(sandbox, made, config))) ?? 'none');
  }
  const container = (name: string, script: string, attempt = 0) =>
    containerConfig(bench.image, name, attempt, ['sh', '-c', script], labels);
  const status = (title: string, id: string) => step(`status of ${title}`, () => cri.containerStatus(id));
  const list = async (title: string) => {
    await step(`sandboxes ${title}`, async () =>
      sorted(await cri.listPodSandboxes(labels)).map(
        (row) => `${row.id} ${row.metadata.name}/${row.metadata.attempt} ${row.state}`,
      ),
    );
    await step(`containers ${title}`, async () =>
      sorted(await cri.listContainers(labels)).map(
        (row) => `${row.id} ${row.metadata.name} ${row.state} in ${row.sandboxId}`,
      ),
    );
  };
  const started = async (sandbox: string, config: PodSandboxConfig, made: ContainerConfig) => {
    const id = await create(`create ${made.metadata.name}`, sandbox, config, made);
    await step(`start ${made.metadata.name}`, () => cri.startContainer(id));
    return id;
  };

  // Unknown ids.
  const nobody = '0'.repeat(64);
  await step('status of an unknown sandbox', () => cri.podSandboxStatus(nobody));
  await step('stop an unknown sandbox', () => cri.stopPodSandbox(nobody));
  await step('remove an unknown sandbox', () => cri.removePodSandbox(nobody));
  await status('an unknown container', nobody);
  await step('start an unknown container', () => cri.startContainer(nobody));
  await step('stop an unknown container', () => cri.stopContainer(nobody, 1));
  await step('remove an unknown container', () => cri.removeContainer(nobody));
  await step('exec in an unknown container', () => cri.execSync(nobody, ['true'], 1));

  // Images.
  await step('an absent image', () => cri.imageStatus('localhost/absent:1'));
  await step('the present image', async () => (await cri.imageStatus(bench.image)) !== undefined);
  await step('remove an absent image', () => cri.removeImage('localhost/absent:1'));

  // Sandboxes and their names.
  const web = sandboxConfig('web');
  const sandbox = await run('run web', web);
  await step('run web again', () => cri.runPodSandbox(web, ''));
  await step('status of web', () => cri.podSandboxStatus(sandbox));
  const second = await run('run web attempt 1 beside it', sandboxConfig('web', 1));
  await list('with two attempts');
  await step('a sandbox row', async () =>
    (await cri.listPodSandboxes(labels)).filter((row) => row.metadata.attempt === 1),
  );
  await step('remove attempt 1 while it is ready', () => cri.removePodSandbox(second));
  await step('list with a label nobody has', () => cri.listPodSandboxes({ ...labels, other: 'x' }));
  const node = await run('run on the host network', sandboxConfig('node', 0, 'NODE'));
  await step('status on the host network', () => cri.podSandboxStatus(node));
  await step('remove on the host network', () => cri.removePodSandbox(node));

  // Creation.
  await create('create in an unknown sandbox', nobody, web, container('a', 'exit 0'));
  const absent = containerConfig('localhost/absent:1', 'a', 0, ['true'], labels);
  await create('create with an absent image', sandbox, web, absent);
  const a = await create('create a', sandbox, web, container('a', 'sleep 1; exit 0'));
  await create('create a again', sandbox, web, container('a', 'sleep 1; exit 0'));
  await status('created a', a);
  await step('a container row', () => cri.listContainers(labels));
  await step('stop created a', () => cri.stopContainer(a, 1));
  await status('a, stopped before it was started', a);
  await step('exec in created a', () => cri.execSync(a, ['true'], 1));

  // Ends.
  await step('start a', () => cri.startContainer(a));
  await step('start a again', () => cri.startContainer(a));
  await bench.sleep(1000 + SETTLE_MS);
  await status('a, exited 0', a);
  await step('start exited a', () => cri.startContainer(a));
  await status('a after that', a);
  const b = await started(sandbox, web, container('b', 'sleep 0.3; exit 3'));
  await status('running b', b);
  await step('exec in running b', async () => (await cri.execSync(b, ['true'], 5)).exitCode);
  await bench.sleep(300 + SETTLE_MS);
  await status('b, exited 3', b);
  await step('exec in exited b', () => cri.execSync(b, ['true'], 1));
  await step('stop exited b', () => cri.stopContainer(b, 1));
  const missing = await started(sandbox, web, containerConfig(bench.image, 'missing', 0, ['/missing'], labels));
  await status('one that cannot start', missing);

  // Stops.
  const deaf = await started(sandbox, web, container('deaf', FOREVER));
  await step('stop deaf, aborted', () => {
    const abort = new AbortController();
    const stopped = cri.stopContainer(deaf, 60, abort.signal);
    void bench.sleep(SETTLE_MS).then(() => abort.abort());
    return stopped.catch((error: unknown) => {
      throw error instanceof CriError ? new CriError(error.code, error.call, '') : error;
    });
  });
  await bench.sleep(SETTLE_MS);
  await status('deaf after that', deaf);
  await step('stop deaf', () => cri.stopContainer(deaf, 1));
  await status('deaf, killed', deaf);
  await step('stop deaf again', () => cri.stopContainer(deaf, 1));
  const polite = await started(sandbox, web, container('polite', `trap "exit 7" TERM; ${FOREVER}`));
  await bench.sleep(SETTLE_MS);
  await step('stop polite', () => cri.stopContainer(polite, 30));
  await status('polite, after its trap', polite);
  const hasty = await started(sandbox, web, container('hasty', `trap "exit 7" TERM; ${FOREVER}`));
  await bench.sleep(SETTLE_MS);
  await step('stop hasty without grace', () => cri.stopContainer(hasty, 0));
  await status('hasty, killed', hasty);

  // Removal.
  const busy = await started(sandbox, web, container('busy', FOREVER));
  await step('remove running busy', () => cri.removeContainer(busy));
  await status('removed busy', busy);
  await step('remove busy again', () => cri.removeContainer(busy));
  await create('create busy after its removal', sandbox, web, container('busy', 'exit 0'));
  await list('before the sandbox stops');

  // A sandbox stops under its containers.
  await started(sandbox, web, container('victim', FOREVER));
  const idle = await create('create idle', sandbox, web, container('idle', 'exit 0'));
  await step('stop the sandbox', () => cri.stopPodSandbox(sandbox));
  await step('stop the sandbox again', () => cri.stopPodSandbox(sandbox));
  await step('status of the stopped sandbox', () => cri.podSandboxStatus(sandbox));
  await create('create in the stopped sandbox', sandbox, web, container('late', 'exit 0'));
  await step('start in the stopped sandbox', () => cri.startContainer(idle));
  await status('idle', idle);
  await list('after the sandbox stopped');
  await step('remove the sandbox', () => cri.removePodSandbox(sandbox));
  await list('after the sandbox was removed');

  // A sandbox dies by itself.
  const fresh = await run('run web once more', web);
  await started(fresh, web, container('survivor', FOREVER));
  const unborn = await create('create unborn', fresh, web, container('unborn', 'exit 0'));
  await bench.killProcess(fresh);
  await bench.sleep(SETTLE_MS);
  await list('after the sandbox died');
  await step('status of the dead sandbox', () => cri.podSandboxStatus(fresh));
  await create('create in the dead sandbox', fresh, web, container('late', 'exit 0'));
  await step('start in the dead sandbox', () => cri.startContainer(unborn));
  await step('stop the dead sandbox', () => cri.stopPodSandbox(fresh));
  await step('status of the dead sandbox, stopped', () => cri.podSandboxStatus(fresh));
  await list('after the dead sandbox was stopped');
  await step('remove the dead sandbox', () => cri.removePodSandbox(fresh));

  // The runtime is killed and comes back.
  const last = await run('run web for the restart', web);
  const forever = await started(last, web, container('forever', FOREVER));
  const short = await started(last, web, container('short', 'sleep 0.5; exit 4'));
  const waiting = await create('create waiting', last, web, container('waiting', 'exit 0'));
  await bench.crash();
  await step('a call while the runtime is away', async () => {
    try {
      await cri.listContainers(labels);
    } catch (error) {
      throw error instanceof CriError ? new CriError(error.code, error.call, '') : error;
    }
  });
  await bench.sleep(1000);
  await bench.recover();
  await list('after the restart');
  await status('forever', forever);
  await status('short, which ended meanwhile', short);
  await status('waiting', waiting);
  await step('status of the sandbox after the restart', () => cri.podSandboxStatus(last));
  await create('create forever again', last, web, container('forever', FOREVER));
  await step('start waiting', () => cri.startContainer(waiting));
  await bench.sleep(SETTLE_MS);
  await status('waiting, ended', waiting);
  await step('remove everything', () => cri.removePodSandbox(last));
  await list('at the end');
  return lines;
}

function sorted<T extends { metadata: { name: string; attempt: number } }>(rows: T[]): T[] {
  const key = (row: T) => `${row.metadata.name} ${row.metadata.attempt}`;
  return [...rows].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function podSandbox(
  bench: Bench,
  name: string,
  attempt: number,
  network: 'POD' | 'NODE',
  labels: Record<string, string>,
): PodSandboxConfig {
  return {
    metadata: { name, namespace: 'default', uid: `uid-${bench.name}-${name}`, attempt },
    hostname: network === 'NODE' ? '' : name,
    logDirectory: bench.logDirectory,
    dnsConfig: { servers: [], searches: [], options: [] },
    portMappings: [],
    labels,
    annotations: { note: 'kept as given' },
    linux: {
      cgroupParent: bench.cgroupParent,
      securityContext: { namespaceOptions: { network, pid: 'CONTAINER', ipc: 'POD' } },
    },
  };
}

function containerConfig(
  image: string,
  name: string,
  attempt: number,
  command: string[],
  labels: Record<string, string>,
): ContainerConfig {
  return {
    metadata: { name, attempt },
    image: { image },
    command,
    args: [],
    workingDir: '',
    envs: [],
    mounts: [],
    labels,
    annotations: {},
    logPath: `${name}-${attempt}.log`,
    stdin: false,
    stdinOnce: false,
    tty: false,
    linux: { resources: {}, securityContext: { namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' } } },
  };
}

/** Gives ids, times, addresses and image names a form that does not depend on the run. */
class Names {
  readonly #known = new Map<string, string>();

  /** Notes an id under the next free name of its kind; returns it unchanged. */
  name(kind: string, id: string): string {
    if (!this.#known.has(id)) {
      const count = [...this.#known.values()].filter((known) => known.startsWith(`${kind}-`)).length;
      this.#known.set(id, `${kind}-${count + 1}`);
    }
    return id;
  }

  text(value: unknown): string {
    if (value === undefined) return 'ok';
    if (typeof value === 'string' && /^[sc]?[0-9a-f]+$/.test(value)) return 'an id';
    return this.message(JSON.stringify(value, (key, inner: unknown) => this.#plain(key, inner)));
  }

  message(text: string): string {
    let plain = text;
    for (const [id, name] of this.#known) plain = plain.replaceAll(id, name);
    return plain.replace(/uid-[a-z0-9]+-/g, 'uid-');
  }

  #plain(key: string, value: unknown): unknown {
    if (key.endsWith('AtMs')) return value === undefined ? undefined : 'set';
    if (key === 'ips' && Array.isArray(value)) return value.length;
    if (key === 'image' || key === 'imageRef' || key === 'logPath' || key === 'user' || key === 'labels')
      return undefined;
    if (key === 'uid' && typeof value === 'string') return undefined;
    return value;
  }
}
