import { containerHash } from '../identity.ts';
import type { ObservedContainer } from '../observed.ts';
import type { Container, Pod, Revision } from '../types.ts';
import { isSidecar, isStarted, podIp } from './containers.ts';
import { failureWait } from './failure.ts';
import { imageStep, withDefaultTag } from './images.ts';
import type { PodInput } from './input.ts';
import { neededImages } from './mounted-images.ts';
import { type Resize, resizeOf, resizeSubject } from './resize.ts';
import { backOffMessage, mayRestart, restartAfter } from './restart.ts';
import { type Steps, type StopReason, stopOne } from './stop.ts';
import type { Action, SandboxRef, Wait } from './types.ts';

/**
 * What one container needs next.
 *
 * - `done`: it will not run again.
 * - `up`: it runs and needs nothing, or only its hook; `settled` is false as long as later containers have to wait for it.
 * - `pending`: it shall run; `actions` is what can be done now, `waits` why it does not run yet.
 */
export interface ContainerPlan {
  readonly state: 'done' | 'up' | 'pending';
  readonly settled: boolean;
  readonly actions: readonly Action[];
  readonly waits: readonly Wait[];
}

/** Where a container would be started. */
export interface Place {
  readonly sandbox: SandboxRef;
  /** Attempt of the sandbox. */
  readonly attempt: number;
  /** The Pod's current round, see epoch.ts. */
  readonly epoch: number;
}

const DONE: ContainerPlan = { state: 'done', settled: true, actions: [], waits: [] };
const up = (settled: boolean, actions: readonly Action[] = [], waits: readonly Wait[] = []): ContainerPlan => ({
  state: 'up',
  settled,
  actions,
  waits,
});
const pending = (actions: readonly Action[], wait?: Wait): ContainerPlan => ({
  state: 'pending',
  settled: false,
  actions,
  waits: wait ? [wait] : [],
});

/** Decides for one container that is to run; `newest` is its newest instance of this revision. Pure. */
export function planContainer(
  input: PodInput,
  revision: Revision,
  container: Container,
  newest: ObservedContainer | undefined,
  place: Place,
): ContainerPlan {
  if (newest && input.inFlight.stopping.has(newest.id)) return up(true);
  if (newest?.state === 'running') return planRunning(input, revision, container, newest);
  if (newest?.state === 'unknown')
    return stop(input, revision.pod, newest, 'Container is in "unknown" state, try killing it before restart');
  if (newest?.state === 'exited' && !isSidecar(container) && !mayRestart(revision.pod.spec, container, newest))
    return DONE;

  const failed = failureWait(input, input.notes.failures.get(`container/${container.name}`));
  if (failed) return pending([], { container: container.name, ...failed });
  const here = newest && place.sandbox !== 'from-this-plan' && newest.sandboxId === place.sandbox.id;
  if (newest?.state === 'created' && here) {
    const wait = backOff(input, revision, container, formerRun(input, newest));
    if (wait) return pending([], wait);
    return pending(
      [{ kind: 'start-container', containerName: container.name, uid: revision.uid, containerId: newest.id }],
      creating(revision.pod, container),
    );
  }
  return planStart(input, revision, container, newest, place);
}

function planRunning(
  input: PodInput,
  revision: Revision,
  container: Container,
  newest: ObservedContainer,
): ContainerPlan {
  const { pod } = revision;
  const kind = (pod.spec.initContainers ?? []).includes(container) ? 'Init container' : 'Container';
  const restart =
    isSidecar(container) || mayRestart(pod.spec, container, { ...newest, state: 'exited', exitCode: 137 });
  const suffix = restart && kind === 'Container' ? ', will be restarted' : '';
  if (newest.record.hash !== containerHash(container))
    return stop(input, pod, newest, `${kind} ${container.name} definition changed${suffix}`);
  const verdict = input.verdicts.get(newest.id);
  if (verdict?.failed) {
    const { probe, graceSeconds } = verdict.failed;
    return stop(input, pod, newest, {
      message: `${kind} ${container.name} failed ${probe} probe${suffix}`,
      ...(graceSeconds !== undefined && { graceSeconds }),
    });
  }
  const hook = postStart(input, pod, container, newest);
  if (hook) return hook;
  const resize = resizeOf(pod, container, newest, input.node);
  if (resize?.restarts) {
    const message = `Container ${container.name} resize requires restart`;
    return stop(input, pod, newest, { message, toResize: true });
  }
  const steps = resize ? resizeSteps(input, revision, newest, resize) : undefined;
  return up(isStarted(container, newest, verdict), steps?.actions, steps?.waits);
}

function resizeSteps(input: PodInput, revision: Revision, newest: ObservedContainer, resize: Resize): Steps {
  const { id, name } = newest;
  const { resources, lowersMemory } = resize;
  const wait = failureWait(input, input.notes.failures.get(resizeSubject(name)));
  if (wait) return { actions: [], waits: [{ container: name, ...wait }] };
  return {
    actions: [{ kind: 'resize-container', revision, containerId: id, containerName: name, resources, lowersMemory }],
    waits: [],
  };
}

/** The hook runs once per start, by the agent that started the container (pkg/kubelet/lifecycle/handlers.go). */
function postStart(
  input: PodInput,
  pod: Pod,
  container: Container,
  newest: ObservedContainer,
): ContainerPlan | undefined {
  const handler = container.lifecycle?.postStart;
  const notes = input.notesOf(newest.uid);
  if (!handler || !notes.startedHere.has(newest.id)) return undefined;
  const hook = `${newest.id}/postStart`;
  const result = notes.hooks.get(hook);
  if (result === 'done') return undefined;
  if (result === 'failed') return stop(input, pod, newest, 'FailedPostStartHook');
  const actions: Action[] = input.inFlight.hooks.has(hook)
    ? []
    : [
        {
          kind: 'run-hook',
          hook: 'postStart',
          containerId: newest.id,
          containerName: container.name,
          uid: newest.uid,
          pod,
          container,
          handler,
          podIp: podIp(input, newest),
          message: '',
        },
      ];
  return up(false, actions, [
    { reason: 'PostStartHook', message: `container ${container.name}: its postStart hook runs` },
  ]);
}

function stop(
  input: PodInput,
  pod: Pod,
  newest: ObservedContainer,
  why: string | (Partial<StopReason> & Pick<StopReason, 'message'>),
): ContainerPlan {
  const reason = typeof why === 'string' ? { message: why } : why;
  const steps = stopOne(input, pod, newest, { graceSeconds: pod.spec.terminationGracePeriodSeconds, ...reason });
  return up(true, steps.actions, steps.waits);
}

function planStart(
  input: PodInput,
  revision: Revision,
  container: Container,
  newest: ObservedContainer | undefined,
  place: Place,
): ContainerPlan {
  const { pod } = revision;
  let backOffMs = 0;
  if (newest?.state === 'exited') {
    const wait = backOff(input, revision, container, newest);
    if (wait) return pending([], wait);
    backOffMs = restartAfter(newest, input.clock, input.maxContainerRestartPeriodMs).nextBackOffMs;
  } else if (newest) {
    backOffMs = newest.record.backOffMs;
  }
  const attempt = newest ? newest.attempt + 1 : 0;
  const images = neededImages(pod.spec, container);
  for (const need of images) {
    const image = imageStep(input, revision, need, attempt);
    if (!image.ready) return pending(image.actions, image.wait);
  }
  const start: Action[] = [
    ...images.map(
      ({ image }): Action => ({
        kind: 'check-image',
        revision,
        containerName: container.name,
        image: withDefaultTag(image),
      }),
    ),
    {
      kind: 'create-container',
      revision,
      sandbox: place.sandbox,
      sandboxAttempt: place.attempt,
      startTimeMs: input.startTimeMs,
      containerName: container.name,
      attempt,
      restartCount: restartCount(newest),
      backOffMs,
      epoch: place.epoch,
    },
    { kind: 'start-container', containerName: container.name, uid: revision.uid },
  ];
  // Between an exit and an immediate restart the status stays `terminated`, as the kubelet shows it.
  return pending(start, newest?.state === 'exited' ? undefined : creating(pod, container));
}

function backOff(
  input: PodInput,
  revision: Revision,
  container: Container,
  ended: ObservedContainer | undefined,
): Wait | undefined {
  if (!ended) return undefined;
  const { waitMs, delayMs } = restartAfter(ended, input.clock, input.maxContainerRestartPeriodMs);
  if (waitMs <= 0) return undefined;
  const message = backOffMessage(delayMs, container, podText(revision.pod));
  return { container: container.name, reason: 'CrashLoopBackOff', message, untilMs: input.clock.nowMs + waitMs };
}

/** The run before an instance that was created but has not run: a creation that came through late must not cut its wait. */
function formerRun({ observed }: PodInput, { id, uid, name }: ObservedContainer): ObservedContainer | undefined {
  return observed?.containers.find(
    (other) => other.id !== id && other.uid === uid && other.name === name && other.state === 'exited',
  );
}

/** A container that was created but never started did not run: its successor counts as the same restart. */
function restartCount(newest: ObservedContainer | undefined): number {
  if (!newest) return 0;
  return newest.state === 'created' ? newest.record.restartCount : newest.record.restartCount + 1;
}

/** The kubelet's default reason of a container that has not run yet. */
export function creating(pod: Pod, container: Container): Wait {
  return {
    container: container.name,
    reason: pod.spec.initContainers?.length ? 'PodInitializing' : 'ContainerCreating',
    message: '',
  };
}

/** `name_namespace(uid)`: how the kubelet names a Pod in messages (pkg/kubelet/util/format). */
export function podText(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`;
}
