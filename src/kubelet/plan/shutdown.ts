/**
 * The machine goes down in an orderly way: Pods are stopped in groups by their priority, each group in its own time
 * (pkg/kubelet/nodeshutdown). Pure.
 */
import type { ObservedContainer, ObservedSandbox } from '../observed.ts';
import type { Pod } from '../types.ts';
import type { PodInput } from './input.ts';
import { stopTogether } from './stop.ts';
import type { Plan } from './types.ts';

/** Priority of system-cluster-critical; system-node-critical is above it (pkg/apis/scheduling/types.go). */
export const CRITICAL_PRIORITY = 2_000_000_000;
/** Of a Pod that ran, and of one that did not. */
const TERMINATED = { reason: 'Terminated', message: 'Pod was terminated in response to imminent node shutdown.' };
const REJECTED = {
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

/** Two groups: critical Pods, which have the last part of the whole period to themselves, and all others before. */
export function shutdownGroups(periodMs: number, criticalMs: number): ShutdownGroup[] {
  return [
    { priority: 0, periodMs: periodMs - criticalMs },
    { priority: CRITICAL_PRIORITY, periodMs: criticalMs },
  ];
}

/** A static Pod's class is resolved by nobody: the two that Kubernetes brings along are known by name. */
export function podPriority({ spec }: Pod): number {
  if (spec.priority !== undefined) return spec.priority;
  return spec.priorityClassName === 'system-cluster-critical' || spec.priorityClassName === 'system-node-critical'
    ? CRITICAL_PRIORITY
    : 0;
}

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
