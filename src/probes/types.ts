import type { ProbeTarget } from '../kubelet/prober.ts';
import type { PodKey, Probe } from '../kubelet/types.ts';
import type { ProbeType } from './reduce.ts';

export type ProbeKind = 'exec' | 'httpGet' | 'tcpSocket' | 'grpc';

/** One try of a probe. */
export interface Attempt {
  readonly probe: Probe;
  readonly target: ProbeTarget;
  readonly timeoutMs: number;
  /** The container is gone, or the agent stops. */
  readonly signal: AbortSignal;
}

/**
 * What came of it. `warning` counts as success. `error` says nothing of the container and counts for nothing
 * (pkg/kubelet/prober/prober.go).
 */
export type Answer =
  | { readonly result: 'success' | 'warning' | 'failure'; readonly output: string }
  | {
      readonly result: 'error';
      /** The kubelet's word for it in the event. */
      readonly as: 'unknown' | 'failure';
      readonly output: string;
      /** No fault of the probe, and told elsewhere: not tried again at once, and no event. */
      readonly away?: boolean;
    };

/** Tries once. Never rejects. */
export type ProbeHandler = (attempt: Attempt) => Promise<Answer>;

/** The series a tick is counted in. */
export interface ProbeSeries {
  readonly type: ProbeType;
  readonly container: string;
  readonly pod: string;
  readonly namespace: string;
  readonly uid: string;
}

/** What is counted of probes. `http/probe-metrics` implements it. */
export interface ProbeMeter {
  /** One tick ended. */
  ended(series: ProbeSeries, result: 'successful' | 'failed' | 'unknown', durationMs: number): void;
  /** How long after its instant a try began. */
  late(lateMs: number): void;
}

/** The last tick of one probe, for people. */
export interface ProbeReport {
  readonly key: PodKey;
  readonly container: string;
  readonly containerId: string;
  readonly type: ProbeType;
  readonly kind: ProbeKind;
  readonly result: Answer['result'];
  /** At most 1 KiB. */
  readonly output: string;
  /** When it ended, wall clock. */
  readonly atMs: number;
  readonly durationMs: number;
  /** Equal results in a row, counted up to the threshold that they need. */
  readonly run: number;
  readonly threshold: number;
}
