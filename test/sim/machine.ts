/**
 * The machine under the fake runtime: processes that end, a runtime that dies and comes back, a power cut. Everything
 * that happens without being asked for. `fake-runtime.ts` adds the calls.
 */
import type { ContainerEnd, RuntimeHint } from '../../src/cri/port.ts';
import type { Call } from './call.ts';
import type { Clock } from './env.ts';
import type { Random } from './random.ts';
import type { ContainerEntry, SandboxEntry } from './runtime-state.ts';
import { containerState, isRunning, RuntimeState } from './runtime-state.ts';

const UNKNOWN_EXIT = 255;
export const SIGKILL_EXIT = 137;

export interface RuntimeOptions {
  /** Every duration varies between half and one and a half times its mean; off for golden scripts. */
  jitter: boolean;
  /** containerd refuses a second sandbox or container of the same name and attempt; other runtimes may not. */
  reserveNames: boolean;
  /** Hints of an exit say how it ended, as containerd's own stream does; absent: they do. */
  tellsEnds?: boolean;
}

export class Machine {
  readonly state = new RuntimeState();
  readonly clock: Clock;
  protected readonly random: Random;
  protected readonly options: RuntimeOptions;
  readonly #hints = new Set<(hint: RuntimeHint) => void>();
  readonly #calls = new Set<Call>();
  readonly #stopped = new Map<string, Set<() => void>>();
  readonly #freeIps: string[] = [];
  #ipCount = 0;
  #up = true;
  /** Grows at each crash: what an earlier life had planned does not happen in the next. */
  #life = 0;

  constructor(clock: Clock, random: Random, options: RuntimeOptions) {
    this.clock = clock;
    this.random = random;
    this.options = options;
  }

  get up(): boolean {
    return this.#up;
  }

  /** Returns how to stop listening. */
  onHint(listener: (hint: RuntimeHint) => void): () => void {
    this.#hints.add(listener);
    return () => this.#hints.delete(listener);
  }

  /** Registers a call for as long as `work` goes on, so that a crash of the runtime cuts it off. */
  async serve<T>(call: Call, work: () => Promise<T>): Promise<T> {
    this.#calls.add(call);
    try {
      return await work();
    } finally {
      this.#calls.delete(call);
    }
  }

  /** The process ends now, whatever it was told to do. */
  endProcess(container: ContainerEntry, exitCode: number, reason = ''): void {
    container.process?.exit(exitCode, reason);
  }

  /** The sandbox's own process dies; its containers live on, as they do without a shared pid namespace. */
  endSandbox(sandbox: SandboxEntry): void {
    this.killSandbox(sandbox);
    this.later(this.around(35), () => {
      sandbox.state = 'notready';
      this.hint('deleted', sandbox.id);
    });
  }

  /** kill -9 of the runtime: calls break off, processes live on. */
  crash(): void {
    this.#up = false;
    this.#life += 1;
    for (const call of this.#calls) call.end('died');
    this.#calls.clear();
  }

  /** The runtime starts again and finds what is there, ends that it missed included. */
  recover(): void {
    if (this.#up) return;
    this.#up = true;
    this.state.forget();
    for (const sandbox of this.state.sandboxes.values()) {
      sandbox.visible = true;
      sandbox.state = sandbox.alive ? 'ready' : 'notready';
    }
    for (const container of this.state.containers.values()) {
      // The record was written, its status file was not.
      if (!container.visible) {
        container.visible = true;
        container.unknown = this.random.chance(0.2);
        const sandbox = this.state.sandboxes.get(container.sandboxId);
        if (sandbox) this.state.tell({ kind: 'container-created', container, sandbox, abandoned: true });
      }
      this.#takeNote(container);
      const running = containerState(container) === 'running';
      if (running && !isRunning(container)) this.lost(container);
    }
  }

  /** Power off and on: nothing runs any more and nobody knows how it ended. */
  reboot(): void {
    this.crash();
    for (const sandbox of this.state.sandboxes.values()) {
      this.killSandbox(sandbox);
      this.closeNetwork(sandbox);
    }
    for (const container of this.state.containers.values()) {
      container.process?.exit(SIGKILL_EXIT);
      delete container.exit;
    }
    this.recover();
  }

  protected exited(container: ContainerEntry, exitCode: number, reason: string): void {
    container.exit = { atMs: this.clock.nowMs(), exitCode, reason };
    this.state.tell({ kind: 'container-exited', container });
    if (reason === 'OOMKilled') this.hint('oom', container.id);
    this.hint('exited', container.id, { exitCode, finishedAtMs: container.exit.atMs });
    // CRI shows the end 20–50 ms after it.
    this.later(this.around(35), () => this.#takeNote(container));
  }

  #takeNote(container: ContainerEntry): void {
    const { exit } = container;
    if (!exit || container.finishedAtMs !== undefined) return;
    container.finishedAtMs = exit.atMs;
    container.exitCode = exit.exitCode;
    container.reason = exit.reason;
    container.unknown = false;
    this.wake(container);
    this.hint('deleted', container.id);
  }

  /** The runtime believed it ran, and there is no process: the end is unknown. */
  protected lost(container: ContainerEntry): void {
    container.finishedAtMs = this.clock.nowMs();
    container.exitCode = UNKNOWN_EXIT;
    container.reason = 'Unknown';
    if (container.startedAtMs === undefined) this.state.tell({ kind: 'container-failed', container, abandoned: false });
    this.wake(container);
  }

  protected killSandbox(sandbox: SandboxEntry): void {
    if (!sandbox.alive) return;
    sandbox.alive = false;
    this.state.tell({ kind: 'sandbox-died', sandbox });
  }

  protected openNetwork(sandbox: SandboxEntry): void {
    sandbox.network = 'open';
    this.#ipCount += 1;
    sandbox.ips = [this.#freeIps.shift() ?? `10.88.${this.#ipCount >> 8}.${this.#ipCount & 255}`];
  }

  protected closeNetwork(sandbox: SandboxEntry): void {
    if (sandbox.network === 'open') sandbox.network = 'closed';
    this.#freeIps.push(...sandbox.ips);
    sandbox.ips = [];
  }

  protected onStopped(container: ContainerEntry, done: () => void): () => void {
    if (container.finishedAtMs !== undefined) {
      done();
      return () => {};
    }
    const waiters = this.#stopped.get(container.id) ?? new Set();
    this.#stopped.set(container.id, waiters);
    waiters.add(done);
    return () => waiters.delete(done);
  }

  protected wake(container: ContainerEntry): void {
    const waiters = this.#stopped.get(container.id);
    this.#stopped.delete(container.id);
    for (const done of waiters ?? []) done();
  }

  protected later(delayMs: number, fn: () => void): void {
    const life = this.#life;
    this.clock.after(delayMs, () => {
      if (life === this.#life) fn();
    });
  }

  protected hint(kind: RuntimeHint['kind'], containerId: string, end?: ContainerEnd): void {
    this.later(3, () => {
      for (const listener of this.#hints) listener({ kind, containerId, ...(end && { end }) });
    });
  }

  protected around(meanMs: number): number {
    return this.options.jitter ? Math.round(meanMs * (0.5 + this.random.next())) : meanMs;
  }
}
