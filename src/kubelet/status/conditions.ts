import type { ResizePending } from '../plan/resize-room.ts';
import type { PodCondition } from '../types.ts';
import type { Phase } from './phase.ts';
import { kubeTime } from './time.ts';

export interface ConditionFacts {
  readonly phase: Phase;
  readonly startTimeMs: number;
  /** The current sandbox is good since then; undefined when it is not. */
  readonly sandboxReadySinceMs: number | undefined;
  /** In spec order: since when each container is ready, or not. */
  readonly containers: readonly { readonly name: string; readonly ready: boolean; readonly sinceMs: number }[];
  /** When the last of them was done. */
  readonly initialisedAtMs: number;
  /** Init containers that are not done yet, in spec order. */
  readonly uninitialised: readonly string[];
  /** Condition types that the Pod's readinessGates name. */
  readonly readinessGates: readonly string[];
  /** Why the agent ended it and since when, when that was for the machine's sake; undefined: it did not. */
  readonly disrupted?: { readonly message: string; readonly sinceMs: number } | undefined;
  /** Conditions of the status before this one; their times are kept as long as the status is the same. */
  readonly before: readonly PodCondition[] | undefined;
  /** Its manifest asks for amounts that it does not get now. */
  readonly pending?: ResizePending | undefined;
  /** What runs is being brought to other amounts. */
  readonly resizing?: { readonly error?: string } | undefined;
  readonly nowMs: number;
}

/**
 * The Pod's conditions in the kubelet's order (pkg/kubelet/status/generate.go). Pure.
 *
 * `lastTransitionTime` comes from the facts that made the condition what it is (a start, an exit), so it is the same
 * after a restart of the agent.
 */
export function podConditions(facts: ConditionFacts): PodCondition[] {
  const { phase, startTimeMs, sandboxReadySinceMs } = facts;
  const unready = facts.containers.filter((container) => !container.ready);
  const readySinceMs = Math.max(startTimeMs, ...facts.containers.map((container) => container.sinceMs));
  const unreadySinceMs = Math.max(startTimeMs, Math.min(...unready.map((container) => container.sinceMs)));
  const ready =
    phase === 'Succeeded' || phase === 'Failed' || unready.length > 0
      ? { status: 'False', sinceMs: unready.length > 0 ? unreadySinceMs : readySinceMs, ...whyUnready(phase, unready) }
      : { status: 'True', sinceMs: readySinceMs };
  const list: Draft[] = [
    sandboxReadySinceMs === undefined
      ? {
          type: 'PodReadyToStartContainers',
          status: 'False',
          sinceMs: unready.length > 0 ? unreadySinceMs : startTimeMs,
        }
      : { type: 'PodReadyToStartContainers', status: 'True', sinceMs: sandboxReadySinceMs },
    initialized(facts),
    { type: 'ContainersReady', ...ready },
    { type: 'PodScheduled', status: 'True', sinceMs: startTimeMs },
  ];
  if (facts.disrupted)
    list.unshift({ type: 'DisruptionTarget', status: 'True', reason: 'TerminationByKubelet', ...facts.disrupted });
  list.splice(list.length - 2, 0, { type: 'Ready', ...ready, ...(ready.status === 'True' && gated(facts, list)) });
  return [...resizes(facts), ...list].map((draft) => finish(draft, facts.before));
}

/** Only there while they hold (pkg/kubelet/status/status_manager.go SetPodResizePendingCondition and its like). */
function resizes({ pending, resizing, nowMs }: ConditionFacts): Draft[] {
  const holds = { status: 'True', sinceMs: nowMs };
  return [
    ...(pending ? [{ type: 'PodResizePending', ...holds, ...pending }] : []),
    ...(resizing
      ? [
          {
            type: 'PodResizeInProgress',
            ...holds,
            ...(resizing.error !== undefined && { reason: 'Error', message: resizing.error }),
          },
        ]
      : []),
  ];
}

/** What else the Pod must be before it is ready. Nobody can set such a condition here, but it may name one of ours. */
function gated({ readinessGates, startTimeMs }: ConditionFacts, list: readonly Draft[]): Partial<Draft> | undefined {
  const closed = readinessGates.flatMap((gate) => {
    const condition = list.find(({ type }) => type === gate);
    const name = JSON.stringify(gate);
    if (!condition) return `corresponding condition of pod readiness gate ${name} does not exist.`;
    return condition.status === 'True'
      ? []
      : `the status of pod readiness gate ${name} is not "True", but ${condition.status}`;
  });
  if (closed.length === 0) return undefined;
  return { status: 'False', sinceMs: startTimeMs, reason: 'ReadinessGatesNotReady', message: closed.join(', ') };
}

function initialized({ phase, startTimeMs, initialisedAtMs, uninitialised }: ConditionFacts): Draft {
  const type = 'Initialized';
  if (phase === 'Succeeded') return { type, status: 'True', sinceMs: initialisedAtMs, reason: 'PodCompleted' };
  if (uninitialised.length === 0) return { type, status: 'True', sinceMs: initialisedAtMs };
  const message = `containers with incomplete status: [${uninitialised.join(' ')}]`;
  return { type, status: 'False', sinceMs: startTimeMs, reason: 'ContainersNotInitialized', message };
}

interface Draft {
  type: string;
  status: string;
  sinceMs: number;
  reason?: string;
  message?: string;
}

function whyUnready(phase: Phase, unready: readonly { name: string }[]): { reason: string; message?: string } {
  if (phase === 'Succeeded') return { reason: 'PodCompleted' };
  if (phase === 'Failed') return { reason: 'PodFailed' };
  return {
    reason: 'ContainersNotReady',
    message: `containers with unready status: [${unready.map((container) => container.name).join(' ')}]`,
  };
}

function finish(
  { type, status, sinceMs, reason, message }: Draft,
  before: readonly PodCondition[] | undefined,
): PodCondition {
  const same = before?.find((condition) => condition.type === type && condition.status === status);
  return {
    type,
    status,
    // The wire has an explicit null here, which the generated type does not know.
    ...({ lastProbeTime: null } as object),
    lastTransitionTime: same?.lastTransitionTime ?? kubeTime(sinceMs),
    ...(reason && { reason }),
    ...(message && { message }),
  };
}
