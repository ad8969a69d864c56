/**
 * The machine goes down in an orderly way: Pods are stopped in groups by their priority, each group in its own time
 * (pkg/kubelet/nodeshutdown). Pure.
 */
import type { ObservedContainer, ObservedSandbox } from '../observed.ts';
import type { Pod } from '../types.ts';
import type { PodInput } from './input.ts';
import { CRITICAL_PRIORITY, podPriority } from './priority.ts';
import { stopTogether } from './stop.ts';
import type { Plan } from './types.ts';

/** Of a Pod that ran, and of one that did not. */
export const TERMINATED = {
  reason: 'Terminated',
  message: 'Pod was terminated in response to imminent node shutdown.',
};
export const REJECTED = {
  reason: 'NodeShutdown',
  message: 'Pod was rejected: Pod was rejected as the node is shutting down.',
};

/** Pods of this priority and more, up to the next group. */
export interface ShutdownGroup {
  readonly priority: number;
  readonly periodMs: number;
}

/** Where a shutdown has got to. */
export interface ShutdownState {
  /** The lowest priority first: the order in which they are stopped. */
  readonly groups: readonly ShutdownGroup[];
  /** The group whose turn it is; the number of groups when all have had theirs. */
  readonly turn: number;
  /** When that began, monotonic. */
  readonly turnBeganMs: number;
}

/** The settings of a shutdown, named as those of KubeletConfiguration. */
export interface ShutdownSettings {
  readonly shutdownGracePeriodMs: number;
  /** Part of the period. */
  readonly shutdownGracePeriodCriticalPodsMs: number;
  /** Not empty: instead of the two. In any order. */
  readonly shutdownGracePeriodByPodPriority: readonly {
    readonly priority: number;
    readonly shutdownGracePeriodSeconds: number;
  }[];
}

/**
 * The groups in the order of their turns. Without periods by priority there are two: critical Pods, which have the last
 * part of the whole period to themselves, and all others before (nodeshutdown_manager.go migrateConfig).
 */
export function shutdownGroups(settings: ShutdownSettings): ShutdownGroup[] {
  const { shutdownGracePeriodMs, shutdownGracePeriodCriticalPodsMs: criticalMs } = settings;
  const byPriority = settings.shutdownGracePeriodByPodPriority.map(({ priority, shutdownGracePeriodSeconds }) => ({
    priority,
    periodMs: shutdownGracePeriodSeconds * 1000,
  }));
  if (byPriority.length > 0) return byPriority.sort((a, b) => a.priority - b.priority);
  return [
    { priority: 0, periodMs: shutdownGracePeriodMs - criticalMs },
    { priority: CRITICAL_PRIORITY, periodMs: criticalMs },
  ];
}

/** How long a shutdown is held up at most, ms; 0: not at all. */
export function shutdownPeriodMs(groups: readonly ShutdownGroup[]): number {
  return groups.reduce((sum, { periodMs }) => sum + periodMs, 0);
}

/** A priority below all groups belongs to the lowest (nodeshutdown_manager.go groupByPriority). */
function groupOf(groups: readonly ShutdownGroup[], priority: number): number {
  return Math.max(
    0,
    groups.findLastIndex((group) => group.priority <= priority),
  );
}

/** On to the next group once everything of this one and those before it has ended, or its time is over. */
export function advanceShutdown(
  state: ShutdownState,
  pods: readonly { pod: Pod; alive: boolean }[],
  monotonicMs: number,
): ShutdownState {
  const group = state.groups[state.turn];
  if (!group) return state;
  const waitedFor = pods.some(({ pod, alive }) => alive && groupOf(state.groups, podPriority(pod)) <= state.turn);
  if (waitedFor && monotonicMs - state.turnBeganMs < group.periodMs) return state;
  return advanceShutdown({ ...state, turn: state.turn + 1, turnBeganMs: monotonicMs }, pods, monotonicMs);
}

/** What a shutdown means for one Pod. */
export interface PodShutdown {
  /** Its turn has come. */
  readonly stop: boolean;
  /** The time of its group; its own grace period counts when it is shorter. */
  readonly periodSeconds: number;
}

/** Until its turn comes a Pod runs on, but no sandbox is made for it any more. */
export function reaches(shutdown: PodShutdown, sandboxReady: boolean): boolean {
  return shutdown.stop || !sandboxReady;
}

export function podShutdown(state: ShutdownState, pod: Pod): PodShutdown {
  const index = groupOf(state.groups, podPriority(pod));
  return { stop: index <= state.turn, periodSeconds: (state.groups[index]?.periodMs ?? 0) / 1000 };
}

/**
 * Was this what ended the Pod? It is then Failed for good however its containers took the signal, as in a cluster; one
 * that its policy starts again has newer containers.
 */
export function endedByShutdown(
  { stoppedByShutdown }: Pick<PodInput, 'stoppedByShutdown'>,
  newest: ReadonlyMap<string, ObservedContainer>,
): boolean {
  return stoppedByShutdown !== undefined && [...newest.values()].some(({ id }) => stoppedByShutdown.has(id));
}

/** Stops what runs, and frees the network; nothing is removed, and nothing is started. */
export function planShutdown(
  input: PodInput,
  pod: Pod,
  { periodSeconds }: PodShutdown,
  sandboxes: readonly ObservedSandbox[],
  containers: readonly ObservedContainer[],
): Plan {
  const down = containers.length > 0 ? TERMINATED : REJECTED;
  const wait = { reason: REJECTED.reason, message: 'the machine goes down' };
  const alive = containers.filter(
    (container) =>
      container.state === 'running' || container.state === 'unknown' || input.inFlight.stopping.has(container.id),
  );
  if (alive.length > 0) {
    const graceSeconds = Math.min(pod.spec.terminationGracePeriodSeconds, periodSeconds);
    const steps = stopTogether(input, pod, alive, () => graceSeconds);
    return { actions: steps.actions, waits: [wait, ...steps.waits], over: true, down };
  }
  const ready = sandboxes.filter((sandbox) => sandbox.state === 'ready');
  return {
    actions: ready.map((sandbox) => ({ kind: 'stop-sandbox', sandboxId: sandbox.id })),
    waits: [wait],
    over: true,
    down,
  };
}
