/**
 * containerd's CRI plugin as a state machine in virtual time: what each call does, in which order, what it refuses, and
 * what is left when it is cut off half-way (containerd 1.6, pkg/cri/server). `script.ts` is run against this and against
 * the real thing and the answers are compared.
 *
 * It knows nothing of faults on the way to it: `fake-cri.ts` adds those.
 */
import type {
  AuthConfig,
  ContainerConfig,
  CriErrorCode,
  LinuxContainerResources,
  PodSandboxConfig,
} from '../../src/cri/port.ts';
import { CriError } from '../../src/cri/port.ts';
import type { Call } from './call.ts';
import { Ended } from './call.ts';
import { Images, normalizeImage } from './images.ts';
import { Machine, SIGKILL_EXIT } from './machine.ts';
import type { ContainerEntry, SandboxEntry } from './runtime-state.ts';
import { containerName, containerState, sandboxName } from './runtime-state.ts';
import { Process, workloadOf } from './workload.ts';

const START_ERROR_EXIT = 128;

export class FakeRuntime extends Machine {
  readonly images = new Images();
  #count = 0;

  // ---- sandboxes -------------------------------------------------------------------------------------------------

  async runPodSandbox(call: Call, config: PodSandboxConfig, cleanUpFails: boolean): Promise<string> {
    const id = this.#newId('s');
    const name = sandboxName(config);
    this.#reserve('sandbox', this.state.sandboxNames, name, id);
    const hostNetwork = config.linux.securityContext.namespaceOptions.network === 'NODE';
    let entry: SandboxEntry | undefined;
    try {
      await call.pause(this.around(10));
      entry = {
        id,
        config,
        createdAtMs: this.clock.nowMs(),
        visible: false,
        alive: false,
        state: 'notready',
        ips: [],
        network: hostNetwork ? 'none' : 'closed',
      };
      this.state.sandboxes.set(id, entry);
      await call.pause(this.around(60));
      if (!hostNetwork) this.openNetwork(entry);
      await call.pause(this.around(50));
      entry.alive = true;
      this.state.tell({ kind: 'sandbox-run', sandbox: entry, abandoned: call.abandoned });
      await call.pause(this.around(2));
      entry.state = 'ready';
      entry.visible = true;
      return id;
    } catch (error) {
      if (error instanceof Ended && error.why === 'died') throw error;
      if (entry) this.killSandbox(entry);
      if (entry && cleanUpFails) {
        entry.visible = true;
      } else {
        if (entry) this.closeNetwork(entry);
        this.state.sandboxes.delete(id);
        this.#release(this.state.sandboxNames, name, id);
      }
      throw error;
    }
  }

  async stopPodSandbox(call: Call, id: string): Promise<void> {
    const sandbox =
      this.sandbox(id) ?? fail('not-found', `an error occurred when try to find sandbox "${id}": not found`);
    for (const container of this.state.inSandbox(id)) await this.#stop(call, container, 0);
    if (sandbox.state === 'ready') {
      this.killSandbox(sandbox);
      const notedMs = this.around(30);
      // containerd hears of the exit whether or not anybody waits for it.
      this.later(notedMs, () => {
        sandbox.state = 'notready';
      });
      await call.pause(notedMs);
    }
    await call.pause(this.around(40));
    this.closeNetwork(sandbox);
  }

  async removePodSandbox(call: Call, id: string): Promise<void> {
    const sandbox = this.sandbox(id);
    if (!sandbox) return;
    await this.stopPodSandbox(call, id);
    for (const container of this.state.inSandbox(id)) await this.removeContainer(call, container.id);
    await call.pause(this.around(10));
    if (!this.state.sandboxes.delete(id)) return;
    this.#release(this.state.sandboxNames, sandboxName(sandbox.config), id);
    this.state.tell({ kind: 'sandbox-removed', sandbox });
  }

  /** As the runtime shows it: one that is being made is not there yet. */
  sandbox(id: string): SandboxEntry | undefined {
    const entry = this.state.sandboxes.get(id);
    return entry?.visible ? entry : undefined;
  }

  // ---- containers ------------------------------------------------------------------------------------------------

  async createContainer(
    call: Call,
    sandboxId: string,
    config: ContainerConfig,
    sandboxConfig: PodSandboxConfig,
  ): Promise<string> {
    const sandbox = this.sandbox(sandboxId) ?? fail('not-found', `failed to find sandbox id "${sandboxId}": not found`);
    if (!sandbox.alive) {
      const task = `no running task found: task ${sandboxId} not found: not found`;
      fail('not-found', `failed to get sandbox container task: ${task}`);
    }
    const id = this.#newId('c');
    const name = containerName(config, sandboxConfig);
    this.#reserve('container', this.state.containerNames, name, id);
    try {
      const { image: reference } = config.image;
      const image =
        this.images.resolve(reference) ?? fail('not-found', `failed to resolve image "${reference}": not found`);
      await call.pause(this.around(20));
      const entry: ContainerEntry = {
        id,
        sandboxId,
        config,
        createdAtMs: this.clock.nowMs(),
        image: image.repoTags[0] ?? reference,
        imageRef: image.repoDigests[0] ?? image.id,
        imageId: image.id,
        visible: false,
        exitCode: 0,
        reason: '',
        message: '',
        resources: config.linux.resources,
        unknown: false,
        starting: false,
        removing: false,
        signalled: false,
      };
      this.state.containers.set(id, entry);
      await call.pause(this.around(4));
      entry.visible = true;
      this.state.tell({ kind: 'container-created', container: entry, sandbox, abandoned: call.abandoned });
      return id;
    } catch (error) {
      if (error instanceof Ended && error.why === 'died') throw error;
      this.state.containers.delete(id);
      this.#release(this.state.containerNames, name, id);
      throw error;
    }
  }

  async startContainer(call: Call, id: string): Promise<void> {
    const container = this.#container(id);
    const refused =
      containerState(container) !== 'created'
        ? `container is in ${this.#criState(container)} state`
        : container.removing
          ? "container is in removing state, can't be started"
          : container.starting
            ? 'container is already in starting state'
            : undefined;
    if (refused) fail('other', `failed to set starting state for container "${id}": ${refused}`);
    container.starting = true;
    const { sandboxId } = container;
    try {
      const sandbox = this.sandbox(sandboxId) ?? fail('not-found', `sandbox "${sandboxId}" not found: not found`);
      if (sandbox.state !== 'ready') fail('other', `sandbox container "${sandboxId}" is not running`);
      const workload = workloadOf([...container.config.command, ...container.config.args]);
      await call.pause(this.around(25));
      if (workload.startError) fail('other', workload.startError);
      await call.pause(this.around(25));
      container.startedAtMs = this.clock.nowMs();
      container.process = new Process(this.clock, workload, (code, reason) => this.exited(container, code, reason));
      this.state.tell({ kind: 'container-started', container, sandbox, abandoned: call.abandoned });
      this.hint('started', id);
      await call.pause(this.around(2));
      container.starting = false;
    } catch (error) {
      if (error instanceof Ended && error.why === 'died') throw error;
      container.starting = false;
      container.finishedAtMs = this.clock.nowMs();
      container.exitCode = START_ERROR_EXIT;
      container.reason = 'StartError';
      container.message = error instanceof Error ? error.message : '';
      if (container.process) container.process.exit(SIGKILL_EXIT);
      else this.state.tell({ kind: 'container-failed', container, abandoned: call.abandoned });
      this.wake(container);
      throw error;
    }
  }

  async stopContainer(call: Call, id: string, timeoutSeconds: number): Promise<void> {
    await this.#stop(call, this.#container(id), timeoutSeconds * 1000);
  }

  async removeContainer(call: Call, id: string): Promise<void> {
    const container = this.container(id);
    if (!container) return;
    await this.#stop(call, container, 0);
    const refused = container.starting
      ? "container is in starting state, can't be removed"
      : container.removing
        ? 'container is already in removing state'
        : undefined;
    if (refused) fail('other', `failed to set removing state for container "${id}": ${refused}`);
    container.removing = true;
    try {
      await call.pause(this.around(10));
    } catch (error) {
      container.removing = false;
      throw error;
    }
    this.state.containers.delete(id);
    for (const [name, holder] of this.state.containerNames) if (holder === id) this.state.containerNames.delete(name);
    this.state.tell({ kind: 'container-removed', container });
  }

  async updateContainerResources(call: Call, id: string, resources: LinuxContainerResources): Promise<void> {
    const container = this.#container(id);
    const state = containerState(container);
    if (state !== 'running' && state !== 'created')
      fail('other', `failed to update resources: container is in ${this.#criState(container)} state`);
    await call.pause(this.around(10));
    container.resources = { ...container.resources, ...resources };
    this.state.tell({ kind: 'container-resized', container });
  }

  container(id: string): ContainerEntry | undefined {
    const entry = this.state.containers.get(id);
    return entry?.visible ? entry : undefined;
  }

  async execSync(call: Call, id: string, command: readonly string[], timeoutSeconds: number): Promise<number> {
    const container = this.container(id);
    if (!container)
      fail('not-found', `failed to exec in container: failed to find container "${id}" in store: not found`);
    if (containerState(container) !== 'running') {
      fail('other', `failed to exec in container: container is in ${this.#criState(container)} state`);
    }
    const { exitCode, runMs, startError } = workloadOf(command);
    if (startError) fail('other', `failed to exec in container: failed to start exec: ${startError}`);
    const takesMs = runMs + this.around(20);
    const limitMs = timeoutSeconds > 0 ? timeoutSeconds * 1000 : Infinity;
    await call.pause(Math.min(takesMs, limitMs));
    if (takesMs > limitMs) {
      const text = `timeout ${timeoutSeconds}s exceeded: context deadline exceeded`;
      fail('deadline', `failed to exec in container: ${text}`);
    }
    return exitCode;
  }

  /** For calls that only need the container to be there. */
  #container(id: string): ContainerEntry {
    return this.container(id) ?? fail('not-found', `an error occurred when try to find container "${id}": not found`);
  }

  async #stop(call: Call, container: ContainerEntry, graceMs: number): Promise<void> {
    const state = containerState(container);
    if (state !== 'running' && state !== 'unknown') return;
    const { process } = container;
    if (!process) {
      container.unknown = false;
      this.lost(container);
      return;
    }
    if (graceMs > 0) {
      if (!container.signalled) {
        container.signalled = true;
        this.state.tell({ kind: 'container-signalled', container, signal: 'TERM', abandoned: call.abandoned });
        process.terminate();
      }
      if (await call.wait((done) => this.onStopped(container, done), graceMs)) return;
    }
    this.state.tell({ kind: 'container-signalled', container, signal: 'KILL', abandoned: call.abandoned });
    process.exit(SIGKILL_EXIT);
    await call.wait((done) => this.onStopped(container, done), Infinity);
  }

  // ---- images ----------------------------------------------------------------------------------------------------

  async pullImage(call: Call, reference: string, auth?: AuthConfig): Promise<string> {
    const name = normalizeImage(reference);
    const prefix = `failed to pull and unpack image "${name}": failed to resolve reference "${name}"`;
    const there = this.images.registry.get(name);
    await call.pause(there ? there.pullMs : this.around(300));
    if (!there) fail('not-found', `${prefix}: ${name}: not found`);
    if (there.error !== undefined) fail('other', `${prefix}: ${there.error}`);
    if (there.login !== undefined && there.login !== `${auth?.username}:${auth?.password}`)
      fail('other', `${prefix}: pull access denied, repository does not exist or may require authorization`);
    return this.images.add(reference, there).id;
  }

  #reserve(what: string, names: Map<string, string>, name: string, id: string): void {
    if (!this.options.reserveNames) return;
    const holder = names.get(name);
    if (holder !== undefined) {
      fail('other', `failed to reserve ${what} name "${name}": name "${name}" is reserved for "${holder}"`);
    }
    names.set(name, id);
  }

  #release(names: Map<string, string>, name: string, id: string): void {
    if (names.get(name) === id) names.delete(name);
  }

  #newId(prefix: string): string {
    this.#count += 1;
    return `${prefix}${String(this.#count).padStart(4, '0')}`;
  }

  #criState(container: ContainerEntry): string {
    return `CONTAINER_${containerState(container).toUpperCase()}`;
  }
}

/** Refuses a call. `call` is filled in by the port. */
function fail(code: CriErrorCode, message: string): never {
  throw new CriError(code, '', message);
}
