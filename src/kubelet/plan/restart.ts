import type { ObservedContainer } from '../observed.ts';
import type { Container, PodSpec } from '../types.ts';

/** First step of the crash-loop back-off (pkg/kubelet/kubelet.go). */
export const INITIAL_BACK_OFF_MS = 10_000;

/**
 * May this container run again after that exit? What was stopped for it does. Its own rules by exit code come first, then its own policy, then the
 * Pod's. (pkg/kubelet/container/helpers.go ShouldContainerBeRestarted)
 */
export function mayRestart(spec: PodSpec, container: Container, exited: ObservedContainer): boolean {
  if (exited.stoppedToResize) return true;
  if (exited.state === 'unknown') return (container.restartPolicy ?? spec.restartPolicy) !== 'Never';
  if (matchingRule(container, exited)) return true;
  switch (container.restartPolicy ?? spec.restartPolicy) {
    case 'Never':
      return false;
    case 'OnFailure':
      return exited.exitCode !== 0;
    default:
      return true;
  }
}

/** The first of the container's rules that this exit code meets; its action is `Restart` or `RestartAllContainers`. */
export function matchingRule(container: Container, exited: ObservedContainer): string | undefined {
  const rule = container.restartPolicyRules?.find(({ exitCodes }) => {
    const listed = exitCodes?.values?.includes(exited.exitCode) ?? false;
    return exitCodes?.operator === 'NotIn' ? !listed : listed;
  });
  return rule?.action;
}

/** The two clocks a decision may look at. */
export interface Clock {
  /** Wall clock; what the runtime's stamps are measured in. It may jump. */
  readonly nowMs: number;
  /** Of this process only; never goes back. */
  readonly monotonicMs: number;
}

export interface Restart {
  /** How long the next instance still has to wait; 0 = it may start now. */
  readonly waitMs: number;
  /** The whole delay of this step, for the message. */
  readonly delayMs: number;
  /** Delay to record on the next instance: what is waited after that one exits. */
  readonly nextBackOffMs: number;
}

/**
 * When the next instance may start: at once after the first exit, then 10 s doubling to `maxMs`, counted from the end of
 * the instance before; forgotten when an instance lived longer than twice `maxMs`.
 * (kuberuntime_manager.go doBackOff; client-go util/flowcontrol/backoff.go)
 *
 * The delay is read from the exited container, so a restart of the agent changes nothing. The wait is at most the delay
 * counted from when this process first saw the exit, so a clock that was set back does not make it wait for years.
 */
export function restartAfter(exited: ObservedContainer, clock: Clock, maxMs: number): Restart {
  const initialMs = Math.min(INITIAL_BACK_OFF_MS, maxMs);
  const finishedAtMs = exited.finishedAtMs ?? exited.createdAtMs;
  const delayMs = Math.min(exited.record.backOffMs, maxMs);
  if (delayMs === 0 || finishedAtMs - exited.createdAtMs > 2 * maxMs)
    return { waitMs: 0, delayMs: 0, nextBackOffMs: initialMs };
  const byStampMs = finishedAtMs + delayMs - clock.nowMs;
  const bySightMs = delayMs - (clock.monotonicMs - exited.firstSeenMs);
  return {
    waitMs: Math.max(0, Math.min(byStampMs, bySightMs)),
    delayMs,
    nextBackOffMs: Math.min(delayMs * 2, maxMs),
  };
}

/** The kubelet's words for the wait, e.g. `back-off 1m20s restarting failed container=web pod=web-n1_default(uid)`. */
export function backOffMessage(delayMs: number, container: Pick<Container, 'name'>, pod: string): string {
  return `back-off ${goDuration(delayMs)} restarting failed container=${container.name} pod=${pod}`;
}

/** A duration as Go prints it, to the second: `10s`, `1m20s`, `5m0s`. */
export function goDuration(durationMs: number): string {
  const seconds = Math.round(durationMs / 1000);
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  return `${hours ? `${hours}h` : ''}${hours || minutes ? `${minutes}m` : ''}${seconds % 60}s`;
}

/** Delay before a failed step (volume, sandbox, create, start) is tried again: 1 s doubling to 10 s. */
export function retryDelayMs(failures: number): number {
  return Math.min(1000 * 2 ** Math.min(Math.max(failures, 1) - 1, 10), 10_000);
}
