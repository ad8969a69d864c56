/**
 * The `Cri` port over the fake runtime: the way there and back. It delays before the effect and after it, loses answers,
 * refuses, cuts off, and counts and traces every call.
 */
import type * as cri from '../../src/cri/port.ts';
import { CriError } from '../../src/cri/port.ts';
import type { Life } from './agent-life.ts';
import { Call, Ended } from './call.ts';
import type { FakeRuntime } from './fake-runtime.ts';
import type { Fate, Faults } from './faults.ts';
import type { ContainerEntry, SandboxEntry } from './runtime-state.ts';
import { containerState } from './runtime-state.ts';

const MINUTE_MS = 60_000;
const QUICK_DEADLINE_MS = 30_000;
const DEADLINE_MS = 2 * MINUTE_MS;
/** containerd itself gives a pull up that makes no progress. */
const PULL_STALLS_MS = 5 * MINUTE_MS;

export interface CriHooks {
  /** Each call as the agent makes it. */
  onCall?: (call: string, target: string) => void;
  /** One line per call and per answer. */
  trace?: (line: string) => void;
}

interface Route<T> {
  call: string;
  target: string;
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  work: (call: Call, fate: Fate) => T | Promise<T>;
}

/** The port as one agent process sees it; nothing reaches that process after its `life` ended. */
export function fakeCri(runtime: FakeRuntime, faults: Faults, life: Life, hooks: CriHooks = {}): cri.Cri {
  const { clock } = runtime;

  function send<T>(route: Route<T>): Promise<T> {
    return life.guard(() => {
      hooks.onCall?.(route.call, route.target);
      hooks.trace?.(`→ ${route.call} ${route.target}`);
      const answer = transport(route, faults.draw(route.call));
      if (hooks.trace) traceAnswer(route, answer, hooks.trace);
      return answer;
    });
  }

  function transport<T>(route: Route<T>, fate: Fate): Promise<T> {
    const call = new Call(clock);
    const hangs = fate.outcome === 'hang' || fate.outcome === 'late-effect';
    return new Promise<T>((resolve, reject) => {
      // Whoever stops waiting also tells the runtime to stop working on it; the runtime may not listen.
      const cancel = () => {
        call.abandoned = true;
        if (!fate.ignoresCancel) call.end('cancelled');
      };
      const leave = (code: cri.CriErrorCode, message: string) => {
        reject(new CriError(code, route.call, message));
        cancel();
      };
      const aborted = () => leave('cancelled', 'cancelled by the caller');
      if (hangs) clock.after(route.deadlineMs, () => leave('deadline', 'context deadline exceeded'));
      route.signal?.addEventListener('abort', aborted);
      const forget = life.onDeath(cancel);
      runtime
        .serve(call, () => travel(call, route, fate))
        .then(resolve, (error: unknown) => reject(asCriError(route.call, error)))
        .finally(() => {
          forget();
          route.signal?.removeEventListener('abort', aborted);
        });
    });
  }

  async function travel<T>(call: Call, route: Route<T>, fate: Fate): Promise<T> {
    const { outcome } = fate;
    await call.pause(fate.beforeMs);
    if (!runtime.up || outcome === 'unavailable') throw unavailable(route.call);
    if (outcome === 'error-before') throw new CriError('other', route.call, 'failed before it began (injected)');
    if (outcome === 'hang') await call.pause(Infinity);
    if (outcome === 'late-effect') await call.pause(Math.max(0, route.deadlineMs + fate.atMs));
    if (outcome === 'cut-short') clock.after(fate.atMs & 255, () => call.end('cancelled'));
    const result = await route.work(call, fate);
    if (outcome === 'late-effect') await call.pause(Infinity);
    await call.pause(fate.afterMs);
    if (outcome === 'error-after') throw new CriError('other', route.call, 'failed after it was done (injected)');
    return result;
  }

  const change = <T>(
    name: string,
    target: string,
    work: Route<T>['work'],
    signal?: AbortSignal,
    deadlineMs = DEADLINE_MS,
  ) => send({ call: name, target, deadlineMs, signal, work });
  const read = <T>(name: string, target: string, work: () => T) =>
    send({ call: name, target, deadlineMs: QUICK_DEADLINE_MS, work });

  return {
    version: () => read('Version', '', () => ({ runtimeName: 'containerd', runtimeVersion: '1.6.20~ds1' })),
    status: () =>
      read('Status', '', () => ({
        conditions: [
          { type: 'RuntimeReady', status: true, reason: '', message: '' },
          { type: 'NetworkReady', status: true, reason: '', message: '' },
        ],
      })),
    sandboxImage: () => read('Status', 'verbose', () => undefined),
    cgroupDriver: () => read('RuntimeConfig', '', () => undefined),

    listPodSandboxes: (labels) =>
      read('ListPodSandbox', '', () => matching(runtime.state.sandboxes.values(), labels).map(sandboxRow)),
    podSandboxStatus: (id) =>
      read('PodSandboxStatus', id, () => {
        const sandbox = runtime.sandbox(id);
        if (!sandbox) throw notFound('an error occurred when try to find sandbox');
        return { id, state: sandbox.state, ips: [...sandbox.ips] };
      }),
    runPodSandbox: (config, _handler, signal) => {
      const { name, attempt } = config.metadata;
      const work: Route<string>['work'] = (call, fate) => runtime.runPodSandbox(call, copy(config), fate.cleanUpFails);
      return change('RunPodSandbox', `${name} attempt ${attempt}`, work, signal, 4 * MINUTE_MS);
    },
    stopPodSandbox: (id) => change('StopPodSandbox', id, (call) => runtime.stopPodSandbox(call, id)),
    removePodSandbox: (id) => change('RemovePodSandbox', id, (call) => runtime.removePodSandbox(call, id)),

    listContainers: (labels) =>
      read('ListContainers', '', () => matching(runtime.state.containers.values(), labels).map(containerRow)),
    containerStatus: (id) =>
      read('ContainerStatus', id, () => {
        const container = runtime.container(id);
        if (!container) throw notFound(`an error occurred when try to find container "${id}"`);
        const directory = runtime.state.sandboxes.get(container.sandboxId)?.config.logDirectory ?? '';
        return { ...containerStatus(container, directory), resources: applied(container) };
      }),
    createContainer: (sandboxId, config, sandboxConfig, signal) => {
      const target = `${sandboxId} ${config.metadata.name} attempt ${config.metadata.attempt}`;
      const made = [sandboxId, copy(config), copy(sandboxConfig)] as const;
      return change('CreateContainer', target, (call) => runtime.createContainer(call, ...made), signal);
    },
    startContainer: (id, signal) => change('StartContainer', id, (call) => runtime.startContainer(call, id), signal),
    stopContainer: (id, timeoutSeconds, signal) => {
      const deadlineMs = DEADLINE_MS + timeoutSeconds * 1000;
      const work = (call: Call) => runtime.stopContainer(call, id, timeoutSeconds);
      return change('StopContainer', `${id} grace ${timeoutSeconds}s`, work, signal, deadlineMs);
    },
    removeContainer: (id) => change('RemoveContainer', id, (call) => runtime.removeContainer(call, id)),
    updateContainerResources: (id, resources) => {
      const given = copy(resources);
      return change('UpdateContainerResources', id, (call) => runtime.updateContainerResources(call, id, given));
    },
    reopenContainerLog: (id) => read('ReopenContainerLog', id, () => running(id)),
    execSync: async (id, command, timeoutSeconds, signal) => {
      const deadlineMs = DEADLINE_MS + timeoutSeconds * 1000;
      const work = (call: Call) => runtime.execSync(call, id, command, timeoutSeconds);
      const exitCode = await change('ExecSync', `${id} ${command.join(' ')}`, work, signal, deadlineMs);
      return { stdout: new Uint8Array(), stderr: new Uint8Array(), exitCode };
    },

    imageStatus: (image) => read('ImageStatus', image, () => runtime.images.resolve(image)),
    listImages: () => read('ListImages', '', () => runtime.images.list()),
    pullImage: (image, auth, _sandbox, signal) => {
      const target = `${image}${auth ? ` as ${auth.username}` : ''}`;
      return change('PullImage', target, (call) => runtime.pullImage(call, image, auth), signal, PULL_STALLS_MS);
    },
    removeImage: (image) => change('RemoveImage', image, () => runtime.images.remove(image)),
    imageFsInfo: () =>
      read('ImageFsInfo', '', () => [{ mountpoint: '/var/lib/containerd', usedBytes: 0, inodesUsed: 0 }]),
  };

  function running(id: string): void {
    const container = runtime.container(id);
    if (!container) throw notFound(`an error occurred when try to find container "${id}"`);
    if (containerState(container) !== 'running') throw new CriError('other', '', 'container is not running');
  }
}

function traceAnswer<T>(route: Route<T>, answer: Promise<T>, trace: (line: string) => void): void {
  answer.then(
    (value) => trace(`← ${route.call} ${route.target} = ${brief(value)}`),
    (error: Error) => trace(`← ${route.call} ${route.target} ! ${error.message}`),
  );
}

function brief(value: unknown): string {
  if (Array.isArray(value)) return `${value.length} items`;
  return typeof value === 'string' ? value : value === undefined ? 'ok' : JSON.stringify(value).slice(0, 120);
}

function asCriError(call: string, error: unknown): unknown {
  if (error instanceof CriError) return new CriError(error.code, call, error.message);
  if (!(error instanceof Ended)) return error;
  return error.why === 'died' ? unavailable(call) : new CriError('other', call, error.message);
}

function unavailable(call: string): CriError {
  return new CriError('unavailable', call, 'connection error: dial unix: connect: connection refused');
}

function notFound(what: string): CriError {
  return new CriError('not-found', '', `${what}: not found`);
}

/** What crosses the wire is a copy; frozen, because listings share it and nobody may change what the runtime holds. */
function copy<T>(message: T): T {
  return freeze(structuredClone(message));
}

function freeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  }
  return value;
}

function matching<T extends SandboxEntry | ContainerEntry>(entries: Iterable<T>, labels: Record<string, string>): T[] {
  const wanted = Object.entries(labels);
  return [...entries].filter(
    (entry) => entry.visible && wanted.every(([name, value]) => entry.config.labels[name] === value),
  );
}

function sandboxRow({ id, config, state, createdAtMs }: SandboxEntry): cri.Sandbox {
  const { metadata, labels, annotations } = config;
  return { id, metadata, state, createdAtMs, labels, annotations };
}

function applied({ resources }: ContainerEntry): cri.AppliedResources {
  const { cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes } = resources;
  return {
    ...(cpuPeriod && { cpuPeriod }),
    ...(cpuQuota && cpuQuota > 0 && { cpuQuota }),
    ...(cpuShares && { cpuShares }),
    ...(memoryLimitInBytes && { memoryLimitInBytes }),
  };
}

function containerRow(container: ContainerEntry): cri.Container {
  const { id, sandboxId, config, createdAtMs, imageId } = container;
  return {
    id,
    sandboxId,
    metadata: config.metadata,
    state: containerState(container),
    createdAtMs,
    image: config.image.image,
    imageRef: imageId,
    labels: config.labels,
    annotations: config.annotations,
  };
}

function containerStatus(container: ContainerEntry, logDirectory: string): cri.ContainerStatus {
  const { id, config, createdAtMs, startedAtMs, finishedAtMs, exitCode, message, image, imageRef } = container;
  const state = containerState(container);
  const ended = state === 'exited';
  const plainReason = ended ? (exitCode === 0 ? 'Completed' : 'Error') : '';
  return {
    id,
    state,
    createdAtMs,
    ...(startedAtMs !== undefined && state !== 'created' && { startedAtMs }),
    ...(finishedAtMs !== undefined && ended && { finishedAtMs }),
    exitCode,
    reason: container.reason || plainReason,
    message,
    image,
    imageRef,
    logPath: `${logDirectory}/${config.logPath}`,
  };
}
