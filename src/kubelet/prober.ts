import type { Container, Pod, PodKey } from './types.ts';
import type { Verdict } from './verdict.ts';

/** A running container that has probes. A new container id is a new life: nothing is carried over. */
export interface ProbeTarget {
  readonly key: PodKey;
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  /** Wall clock. */
  readonly startedAtMs: number;
  /** Absent for host network, and as long as the runtime has not told. */
  readonly podIp: string | undefined;
  /** The Pod is being stopped: liveness and startup end, readiness goes on. */
  readonly stopping: boolean;
  /** The container itself has been told to stop: no command is run in it any more. */
  readonly told: boolean;
}

/** Runs the probes of what runs. What it says is on its own clock; the loop reads it in each round. */
export interface Prober {
  /** Every target there is now; called after each listing. What is missing is probed no more. */
  update(targets: readonly ProbeTarget[]): void;
  /** By container id; the same map as long as nothing changed. */
  verdicts(): ReadonlyMap<string, Verdict>;
  /** Works until `signal` aborts; pokes when a verdict changed. Never rejects. */
  run(poke: () => void, signal: AbortSignal): Promise<void>;
}
