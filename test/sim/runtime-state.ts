/**
 * What a fake container runtime holds: records as containerd keeps them, with the states computed from facts as
 * containerd computes them, and one stream of facts for the checkers, which see the truth and not what an agent is told.
 */
import type {
  ContainerConfig,
  ContainerRunState,
  LinuxContainerResources,
  PodSandboxConfig,
  SandboxState,
} from '../../src/cri/port.ts';
import type { Process } from './workload.ts';

export interface SandboxEntry {
  readonly id: string;
  readonly config: PodSandboxConfig;
  readonly createdAtMs: number;
  /** In the listing: not before RunPodSandbox is through, or a restart of the runtime found it. */
  visible: boolean;
  /** Its first process lives. */
  alive: boolean;
  state: SandboxState;
  ips: string[];
  /** Host network has none. */
  network: 'open' | 'closed' | 'none';
}

/*
 *   created ──start──▶ running ──exit──▶ exited        startedAtMs and finishedAtMs decide; `unknown` overrules
 */
export interface ContainerEntry {
  readonly id: string;
  readonly sandboxId: string;
  readonly config: ContainerConfig;
  readonly createdAtMs: number;
  readonly image: string;
  readonly imageRef: string;
  readonly imageId: string;
  visible: boolean;
  process?: Process;
  /** What the kernel knows of the end, before the runtime has taken note of it. */
  exit?: { atMs: number; exitCode: number; reason: string };
  startedAtMs?: number;
  finishedAtMs?: number;
  exitCode: number;
  reason: string;
  message: string;
  /** As its specification has them now. */
  resources: LinuxContainerResources;
  unknown: boolean;
  starting: boolean;
  removing: boolean;
  /** A stop with a timeout has sent its signal: another one waits but does not send it again. */
  signalled: boolean;
}

export function containerState(container: ContainerEntry): ContainerRunState {
  if (container.unknown) return 'unknown';
  if (container.finishedAtMs !== undefined) return 'exited';
  return container.startedAtMs !== undefined ? 'running' : 'created';
}

/** Its process lives, whatever the runtime believes. */
export function isRunning(container: ContainerEntry): boolean {
  return container.process?.running ?? false;
}

/**
 * Something that happened for real, told at the instant it did. `abandoned`: by a call whose caller had stopped waiting
 * for it, so that nobody could have known.
 */
export type Fact =
  | { kind: 'sandbox-run'; sandbox: SandboxEntry; abandoned: boolean }
  | { kind: 'sandbox-died'; sandbox: SandboxEntry }
  | { kind: 'sandbox-removed'; sandbox: SandboxEntry }
  | { kind: 'container-created'; container: ContainerEntry; sandbox: SandboxEntry; abandoned: boolean }
  | { kind: 'container-started'; container: ContainerEntry; sandbox: SandboxEntry; abandoned: boolean }
  /** It never ran: exit 128, StartError. */
  | { kind: 'container-failed'; container: ContainerEntry; abandoned: boolean }
  | { kind: 'container-signalled'; container: ContainerEntry; signal: 'TERM' | 'KILL'; abandoned: boolean }
  | { kind: 'container-exited'; container: ContainerEntry }
  | { kind: 'container-resized'; container: ContainerEntry }
  | { kind: 'container-removed'; container: ContainerEntry };

export class RuntimeState {
  readonly sandboxes = new Map<string, SandboxEntry>();
  readonly containers = new Map<string, ContainerEntry>();
  /** Name → id, as containerd's name index: in memory, rebuilt from what is there after a restart. */
  readonly sandboxNames = new Map<string, string>();
  readonly containerNames = new Map<string, string>();
  readonly #listeners: ((fact: Fact) => void)[] = [];

  onFact(listener: (fact: Fact) => void): void {
    this.#listeners.push(listener);
  }

  tell(fact: Fact): void {
    for (const listener of this.#listeners) listener(fact);
  }

  inSandbox(sandboxId: string): ContainerEntry[] {
    return [...this.containers.values()].filter((container) => container.sandboxId === sandboxId);
  }

  /** What a restart of the runtime does to its memory: names come from the records, marks of calls under way are gone. */
  forget(): void {
    this.sandboxNames.clear();
    this.containerNames.clear();
    for (const sandbox of this.sandboxes.values()) this.sandboxNames.set(sandboxName(sandbox.config), sandbox.id);
    for (const container of this.containers.values()) {
      const sandbox = this.sandboxes.get(container.sandboxId);
      if (sandbox) this.containerNames.set(containerName(container.config, sandbox.config), container.id);
      container.starting = false;
      container.removing = false;
      container.signalled = false;
    }
  }
}

export function sandboxName(config: PodSandboxConfig): string {
  const { name, namespace, uid, attempt } = config.metadata;
  return [name, namespace, uid, attempt].join('_');
}

export function containerName(config: ContainerConfig, sandbox: PodSandboxConfig): string {
  const { name, namespace, uid } = sandbox.metadata;
  return [config.metadata.name, name, namespace, uid, config.metadata.attempt].join('_');
}
