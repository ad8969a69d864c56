/**
 * What the runtime holds of our Pods: listings plus status, decoded. Built by `runtime-cache`, read by the planner and
 * by status. An unchanged Pod keeps the same object from one listing to the next, so `===` tells whether to look again.
 */
import type { AppliedResources, ContainerRunState, SandboxState } from '../cri/port.ts';
import type { ContainerRecord, SandboxRecord } from './labels.ts';
import type { PodKey } from './types.ts';

export interface ObservedSandbox {
  readonly id: string;
  readonly uid: string;
  readonly attempt: number;
  readonly state: SandboxState;
  readonly createdAtMs: number;
  /** Empty for host network, and as long as the status could not be read. */
  readonly ips: readonly string[];
  readonly record: SandboxRecord;
}

export interface ObservedContainer {
  readonly id: string;
  readonly sandboxId: string;
  readonly uid: string;
  readonly name: string;
  readonly attempt: number;
  readonly state: ContainerRunState;
  /** When this process first saw it in this state, monotonic ms. */
  readonly firstSeenMs: number;
  readonly createdAtMs: number;
  readonly startedAtMs?: number;
  readonly finishedAtMs?: number;
  /** Meaningful when exited. */
  readonly exitCode: number;
  readonly reason: string;
  /** The runtime's message and the termination message, already combined. */
  readonly message: string;
  /** As the runtime names it. */
  readonly image: string;
  readonly imageRef: string;
  readonly user?: { uid: number; gid: number; supplementalGroups: number[] };
  /** This process stopped it to start it anew with other amounts, however it ended. */
  readonly stoppedToResize?: true;
  /** What it is held to now, while it runs; absent when the runtime does not tell. */
  readonly resources?: AppliedResources;
  readonly record: ContainerRecord;
}

/** All sandboxes and containers of one slot; within each revision (uid) the newest attempt first. */
export interface ObservedPod {
  readonly key: PodKey;
  readonly sandboxes: readonly ObservedSandbox[];
  readonly containers: readonly ObservedContainer[];
}

export interface Observed {
  /** Grows with each listing; taken when the listing began. */
  readonly generation: number;
  readonly pods: ReadonlyMap<PodKey, ObservedPod>;
}

/** Does the runtime hold anything of this revision? */
export function holds(pod: ObservedPod | undefined, uid: string): boolean {
  return (
    pod !== undefined &&
    (pod.sandboxes.some((sandbox) => sandbox.uid === uid) || pod.containers.some((container) => container.uid === uid))
  );
}
