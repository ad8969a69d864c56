/**
 * What must hold at every instant, whatever goes wrong. Checkers see the facts of the fake runtime, not what the agent
 * was told; a fact that nobody could have known of (`abandoned`) excuses what follows from it.
 *
 * To add one: a function from the scene to listeners, and a row in `CHECKERS`.
 */
import { OWNER } from '../../src/kubelet/labels.ts';
import type { Container, Pod } from '../../src/kubelet/types.ts';
import type { Desire } from './desire.ts';
import type { ContainerEntry, Fact, SandboxEntry } from './runtime-state.ts';
import { isRunning } from './runtime-state.ts';
import type { ShutdownChecker } from './shutdown-checker.ts';
import type { World } from './world.ts';
import { NODE } from './world.ts';

export interface Scene {
  readonly world: World;
  readonly desire: Desire;
  /** Absent: the machine never goes down. */
  readonly shutdown?: ShutdownChecker;
  fail(message: string): void;
}

export type Checker = (scene: Scene) => (fact: Fact) => void;

const MINIMUM_GRACE_MS = 2000;

export const CHECKERS: Record<string, Checker> = {
  'one instance of a container runs at a time': ({ world, fail }) => {
    return (fact) => {
      if (fact.kind !== 'container-started' || !isOurs(fact.sandbox)) return;
      const { container, sandbox } = fact;
      for (const other of world.runtime.state.containers.values()) {
        if (other === container || !isRunning(other)) continue;
        const otherSandbox = world.runtime.state.sandboxes.get(other.sandboxId);
        if (!otherSandbox || podOf(otherSandbox) !== podOf(sandbox)) continue;
        if (other.config.metadata.name !== container.config.metadata.name) continue;
        fail(`${container.id} and ${other.id} are both ${podOf(sandbox)} ${container.config.metadata.name}`);
      }
    };
  },

  'a revision gets its sandbox only after the former one was stopped': ({ world, fail }) => {
    const surprises = new Set<string>();
    return (fact) => {
      if (fact.kind !== 'sandbox-run' || !isOurs(fact.sandbox)) return;
      const { sandbox } = fact;
      if (fact.abandoned) surprises.add(sandbox.id);
      for (const other of world.runtime.state.sandboxes.values()) {
        if (other === sandbox || !other.alive || !isOurs(other) || podOf(other) !== podOf(sandbox)) continue;
        if (uidOf(other) === uidOf(sandbox) || surprises.has(other.id) || surprises.has(sandbox.id)) continue;
        fail(`${sandbox.id} of ${podOf(sandbox)} runs beside ${other.id} of another revision`);
      }
    };
  },

  'host ports are held once': ({ world, fail }) => {
    const surprises = new Set<string>();
    return (fact) => {
      if (fact.kind !== 'sandbox-run' || !isOurs(fact.sandbox)) return;
      const { sandbox } = fact;
      if (fact.abandoned) surprises.add(sandbox.id);
      for (const other of world.runtime.state.sandboxes.values()) {
        if (other === sandbox || !other.alive || !isOurs(other) || podOf(other) === podOf(sandbox)) continue;
        if (surprises.has(other.id) || surprises.has(sandbox.id)) continue;
        const port = hostPorts(podSpec(sandbox)).find((wanted) => hostPorts(podSpec(other)).includes(wanted));
        if (port !== undefined) fail(`${podOf(sandbox)} and ${podOf(other)} both hold host port ${port}`);
      }
    };
  },

  'a running container that is wanted as it is stays untouched': ({ world, desire, shutdown, fail }) => {
    const startedAtMs = new Map<string, number>();
    const excused = new Set<string>();
    return (fact) => {
      if (fact.kind === 'container-started') startedAtMs.set(fact.container.id, world.clock.elapsedMs);
      if (fact.kind !== 'container-signalled' || fact.abandoned) return;
      const { container } = fact;
      const { state } = world.runtime;
      const sandbox = state.sandboxes.get(container.sandboxId);
      if (!sandbox?.alive || !isOurs(sandbox) || !isRunning(container)) return;
      const sinceMs = desire.knownSince(podOf(sandbox), uidOf(sandbox));
      if (sinceMs === undefined || sinceMs > (startedAtMs.get(container.id) ?? 0)) return;
      const rivals = [...state.sandboxes.values()].filter((other) => other.alive && podOf(other) === podOf(sandbox));
      if (mayBeEnded(sandbox, container)) return;
      const newer = instancesOf(world, container).some((other) => attemptOf(other) > attemptOf(container));
      // Told to stop it stops, even when the shutdown is called off meanwhile.
      if (excused.has(container.id)) return;
      if (rivals.length === 1 && !newer && shutdown?.excuses(container)) excused.add(container.id);
      else if (rivals.length === 1 && !newer)
        fail(`${container.id} of ${podOf(sandbox)} gets ${fact.signal} although it is wanted`);
    };
  },

  'a container is killed only after its grace period': ({ world, shutdown, fail }) => {
    const asked = new Map<string, { atMs: number; limitMs: number }>();
    const surprises = new Set<string>();
    return (fact) => {
      if (fact.kind === 'container-started' && fact.abandoned) surprises.add(fact.container.id);
      if (fact.kind !== 'container-signalled' || !isRunning(fact.container)) return;
      const { container, signal } = fact;
      const sandbox = world.runtime.state.sandboxes.get(container.sandboxId);
      if (!sandbox || !isOurs(sandbox) || surprises.has(container.id)) return;
      const spec = podSpec(sandbox);
      const limitMs = shutdown?.graceMs(spec) ?? Infinity;
      // The grace runs from the first signal, also when its sender has gone away meanwhile.
      if (signal === 'TERM') asked.set(container.id, { atMs: world.clock.elapsedMs, limitMs });
      else if (!fact.abandoned) {
        const before = asked.get(container.id);
        // A hook, or waiting for one's turn, takes its time off the grace; a probe may have a grace of its own.
        const whole =
          !specOf(sandbox, container)?.lifecycle?.preStop &&
          !isInit(sandbox, container) &&
          !mayRestartAll(podSpec(sandbox)) &&
          !hasProbe(sandbox, container);
        const ownMs = Math.min(spec.terminationGracePeriodSeconds * 1000, before?.limitMs ?? Infinity);
        const graceMs = Math.max(whole ? ownMs : 0, MINIMUM_GRACE_MS);
        const waitedMs = world.clock.elapsedMs - (before?.atMs ?? Infinity);
        // One who is stopped already is told again, by another agent, when the machine goes down.
        if (!(waitedMs >= graceMs) && !shutdown?.hadItsTime(container.id, MINIMUM_GRACE_MS))
          fail(`${container.id} of ${podOf(sandbox)} is killed ${waitedMs} ms after SIGTERM, not ${graceMs}`);
      }
    };
  },

  'nothing of another owner is touched': ({ world, fail }) => {
    return (fact) => {
      if (fact.kind === 'container-signalled' || fact.kind === 'container-removed') {
        if (fact.container.config.labels[OWNER] !== NODE.rootDir)
          fail(`${fact.container.id} is not ours: ${fact.kind}`);
      } else if (fact.kind === 'sandbox-died' || fact.kind === 'sandbox-removed') {
        if (fact.sandbox.config.labels[OWNER] !== NODE.rootDir && world.runtime.up) {
          fail(`${fact.sandbox.id} is not ours: ${fact.kind}`);
        }
      }
    };
  },

  'the restart count of a revision never goes back': ({ world, desire, fail }) => {
    const highest = new Map<string, { count: number; atMs: number }>();
    return (fact) => {
      if (fact.kind !== 'container-created' && fact.kind !== 'container-started') return;
      const { container, sandbox, abandoned } = fact;
      if (!isOurs(sandbox) || abandoned) return;
      const id = `${uidOf(sandbox)} ${container.config.metadata.name}`;
      const before = highest.get(id);
      const count = restartsOf(container);
      const sinceMs = desire.knownSince(podOf(sandbox), uidOf(sandbox));
      const kept = before && sinceMs !== undefined && sinceMs <= before.atMs;
      if (kept && count < before.count)
        fail(`${container.id} of ${podOf(sandbox)} counts ${count} restarts after ${before.count}`);
      const atMs = world.clock.elapsedMs;
      if (fact.kind === 'container-started' || !kept)
        highest.set(id, { count: kept ? Math.max(count, before.count) : count, atMs });
    };
  },

  'the newest container of a name goes only when another carries its history': ({ world, desire, fail }) => {
    const createdAtMs = new Map<string, number>();
    return (fact) => {
      if (fact.kind === 'container-created') createdAtMs.set(fact.container.id, world.clock.elapsedMs);
      if (fact.kind !== 'container-removed') return;
      const { container } = fact;
      const uid = container.config.labels['io.kubernetes.pod.uid'] ?? '';
      const key = `${container.config.labels['io.kubernetes.pod.namespace']}/${container.config.labels['io.kubernetes.pod.name']}`;
      const sinceMs = desire.knownSince(key, uid);
      if (sinceMs === undefined || sinceMs > (createdAtMs.get(container.id) ?? 0)) return;
      const never = container.startedAtMs === undefined && container.reason === '';
      const least = never ? restartsOf(container) - 1 : restartsOf(container);
      const heir = instancesOf(world, container).some((other) => restartsOf(other) >= least);
      if (!heir && !(never && least < 0)) fail(`${container.id} of ${key} is removed and took its history with it`);
    };
  },
};

export function isOurs(sandbox: SandboxEntry): boolean {
  return sandbox.config.labels[OWNER] === NODE.rootDir;
}

/** `namespace/name`. */
export function podOf(sandbox: SandboxEntry): string {
  return `${sandbox.config.metadata.namespace}/${sandbox.config.metadata.name}`;
}

export function uidOf(sandbox: SandboxEntry): string {
  return sandbox.config.metadata.uid;
}

/** Every other container of the same revision and name. */
export function instancesOf(world: World, container: ContainerEntry): ContainerEntry[] {
  const same = ['io.kubernetes.pod.uid', 'io.kubernetes.container.name'];
  return [...world.runtime.state.containers.values()].filter(
    (other) =>
      other !== container && same.every((label) => other.config.labels[label] === container.config.labels[label]),
  );
}

export function attemptOf(container: ContainerEntry): number {
  return container.config.metadata.attempt;
}

export function restartsOf(container: ContainerEntry): number {
  return Number(container.config.annotations['io.kubernetes.container.restartCount']);
}

/** The Pod a sandbox of ours was made for, from its own annotation (never compressed at this size). */
export function podSpec(sandbox: SandboxEntry): Pod['spec'] {
  return (JSON.parse(sandbox.config.annotations['rower.dev/pod'] ?? '{}') as Pod).spec;
}

/** Something in its own manifest may end it: a probe, a hook that fails, a resize, or the end of the Pod it is a sidecar of. */
function mayBeEnded(sandbox: SandboxEntry, container: ContainerEntry): boolean {
  const spec = specOf(sandbox, container);
  const resizes = spec?.resizePolicy !== undefined;
  const own = hasProbe(sandbox, container) || spec?.lifecycle?.postStart !== undefined || isInit(sandbox, container);
  return own || resizes || mayRestartAll(podSpec(sandbox));
}

/** All its containers may be started again at once, by the exit code of one: no grace, no back-off. */
export function mayRestartAll({ initContainers = [], containers }: Pod['spec']): boolean {
  return [...initContainers, ...containers].some(({ restartPolicyRules }) =>
    restartPolicyRules?.some(({ action }) => action === 'RestartAllContainers'),
  );
}

function hasProbe(sandbox: SandboxEntry, container: ContainerEntry): boolean {
  const spec = specOf(sandbox, container);
  return spec?.livenessProbe !== undefined || spec?.startupProbe !== undefined;
}

export function isInit(sandbox: SandboxEntry, { config }: ContainerEntry): boolean {
  return podSpec(sandbox).initContainers?.some(({ name }) => name === config.metadata.name) ?? false;
}

function specOf(sandbox: SandboxEntry, { config }: ContainerEntry): Container | undefined {
  const spec = podSpec(sandbox);
  return [...(spec.initContainers ?? []), ...spec.containers].find(({ name }) => name === config.metadata.name);
}

/** `port/protocol` of each. */
export function hostPorts(spec: Pod['spec'] | undefined): string[] {
  return (spec?.containers ?? []).flatMap((container) =>
    (container.ports ?? []).filter((port) => port.hostPort).map((port) => `${port.hostPort}/${port.protocol}`),
  );
}
