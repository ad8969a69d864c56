import type { PodNotes } from '../notes.ts';
import type { ObservedContainer } from '../observed.ts';
import type { Container, Pod } from '../types.ts';
import { allContainers, podIp, sidecars } from './containers.ts';
import type { PodInput } from './input.ts';
import type { Action, Wait } from './types.ts';

/** The shortest time the runtime is given to stop a container (kuberuntime_container.go minimumGracePeriodInSeconds). */
const MIN_GRACE_SECONDS = 2;

export interface Steps {
  readonly actions: Action[];
  readonly waits: Wait[];
}

export interface StopReason {
  readonly graceSeconds: number;
  /** Text of the Killing event. */
  readonly message: string;
  /** It is to start anew with other amounts. */
  readonly toResize?: true;
}

/** One container of a Pod that goes on: hook, then signal, then SIGKILL, all inside its grace period. Pure. */
export function stopOne(input: PodInput, pod: Pod | undefined, instance: ObservedContainer, reason: StopReason): Steps {
  return stopSteps(input, pod, instance, reason, hookSeconds(input, instance), true);
}

/**
 * Every container of a Pod that ends. Regular ones together; then the sidecars one by one, the last one first; the time
 * waited for one's turn counts (kuberuntime/kuberuntime_termination_order.go). `alive` is what still runs. Pure.
 */
export function stopTogether(
  input: PodInput,
  pod: Pod | undefined,
  alive: readonly ObservedContainer[],
  graceOf: (instance: ObservedContainer) => number,
): Steps {
  const order = pod ? sidecars(pod.spec).map((container) => container.name) : [];
  const rank = (instance: ObservedContainer) => order.indexOf(instance.name);
  const turn = Math.max(...alive.map((instance) => (rank(instance) < 0 ? Number.POSITIVE_INFINITY : rank(instance))));
  const actions: Action[] = [];
  const waits: Wait[] = [];
  for (const instance of alive) {
    const isTurn = rank(instance) < 0 || rank(instance) === turn;
    const elapsed = Math.max(hookSeconds(input, instance), waitedSeconds(input, instance, rank(instance) >= 0));
    const reason = { graceSeconds: graceOf(instance), message: `Stopping container ${instance.name}` };
    const steps = stopSteps(input, pod, instance, reason, elapsed, isTurn);
    actions.push(...steps.actions);
    waits.push(...steps.waits);
  }
  return { actions, waits };
}

function stopSteps(
  input: PodInput,
  pod: Pod | undefined,
  instance: ObservedContainer,
  reason: StopReason,
  elapsed: number,
  isTurn: boolean,
): Steps {
  if (input.inFlight.stopping.has(instance.id)) return { actions: [], waits: [] };
  const notes = input.notesOf(instance.uid);
  const remaining = reason.graceSeconds - elapsed;
  const hook = `${instance.id}/preStop`;
  const handler =
    remaining > 0 && instance.state === 'running' && !notes.hooks.has(hook) ? preStop(pod, instance.name) : undefined;
  if (handler) {
    if (input.inFlight.hooks.has(hook)) return waiting(input, instance, remaining, 'its preStop hook runs');
    return {
      actions: [
        {
          kind: 'run-hook',
          hook: 'preStop',
          containerId: instance.id,
          containerName: instance.name,
          uid: instance.uid,
          ...handler,
          podIp: podIp(input, instance),
          timeoutMs: remaining * 1000,
          message: reason.message,
        },
      ],
      waits: [],
    };
  }
  if (!isTurn && remaining > 0)
    return waiting(input, instance, remaining, 'it stops after the containers that may need it');
  const stop = stopContainer(instance, remaining, announced(notes, hook) ? '' : reason.message);
  return { actions: [reason.toResize ? { ...stop, toResize: true } : stop], waits: [] };
}

/** The event was sent with the hook. */
const announced = (notes: PodNotes, hook: string) => notes.hooks.has(hook);

function waiting(input: PodInput, instance: ObservedContainer, remainingSeconds: number, message: string): Steps {
  return {
    actions: [],
    waits: [
      {
        reason: 'Stopping',
        message: `container ${instance.name}: ${message}`,
        untilMs: input.clock.nowMs + remainingSeconds * 1000,
      },
    ],
  };
}

function preStop(pod: Pod | undefined, name: string) {
  const container: Container | undefined = pod && allContainers(pod.spec).find((each) => each.name === name);
  const handler = container?.lifecycle?.preStop;
  return pod && container && handler ? { pod, container, handler } : undefined;
}

/** The runtime is told of many stops in turn, and a sidecar has its turn: what was waited since the Pod was told counts. */
function waitedSeconds(input: PodInput, instance: ObservedContainer, sidecar: boolean): number {
  const { stopBeganMs, stopSent } = input.notesOf(instance.uid);
  const sentMs = sidecar ? undefined : stopSent.get(instance.id);
  if (stopBeganMs === undefined || sentMs === undefined) return secondsSince(input, stopBeganMs);
  return (sentMs - stopBeganMs) / 1000;
}

/**
 * Of the grace period only a preStop hook and the wait for one's turn take a part. A stop that failed does not: nobody
 * knows whether the signal was sent, so the next try gives the whole time again.
 */
function hookSeconds(input: PodInput, instance: ObservedContainer): number {
  return secondsSince(input, input.notesOf(instance.uid).hookBegan.get(instance.id));
}

function secondsSince(input: PodInput, beganMs: number | undefined): number {
  return beganMs === undefined ? 0 : (input.clock.monotonicMs - beganMs) / 1000;
}

type StopContainer = Extract<Action, { kind: 'stop-container' }>;

function stopContainer(instance: ObservedContainer, graceSeconds: number, message: string): StopContainer {
  return {
    kind: 'stop-container',
    containerId: instance.id,
    containerName: instance.name,
    uid: instance.uid,
    graceSeconds: Math.max(Math.round(graceSeconds), MIN_GRACE_SECONDS),
    message,
  };
}
