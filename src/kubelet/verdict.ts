import type { ObservedPod } from './observed.ts';

/** What the probes say of one running container. A container without a verdict has not been judged yet. */
export interface Verdict {
  /** The startup probe succeeded, or there is none. */
  readonly started: boolean;
  /** The readiness probe succeeded, or there is none. */
  readonly ready: boolean;
  /** Since when `ready` is what it is, wall clock. */
  readonly readySinceMs: number;
  /** A probe that failed for good: the container is to be stopped. */
  readonly failed?: {
    readonly probe: 'liveness' | 'startup' /** The probe's own grace period. */;
    readonly graceSeconds?: number;
  };
}

/** Of the containers of one Pod, in their order; what other Pods' probes say concerns nobody else. */
export function verdictsOf(
  observed: ObservedPod | undefined,
  verdicts: ReadonlyMap<string, Verdict>,
): (Verdict | undefined)[] {
  return verdicts.size === 0 || !observed ? [] : observed.containers.map(({ id }) => verdicts.get(id));
}
