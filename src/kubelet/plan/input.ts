import type { Node } from '../node.ts';
import type { PodNotes } from '../notes.ts';
import type { ObservedPod } from '../observed.ts';
import type { Slot } from '../slot.ts';
import type { Verdict } from '../verdict.ts';
import type { Admission } from './admission.ts';
import type { References } from './references.ts';
import type { Clock } from './restart.ts';
import type { PodShutdown } from './shutdown.ts';

/** All that one Pod's plan may depend on. */
export interface PodInput {
  readonly slot: Slot;
  /** Undefined: the runtime holds nothing of this slot. */
  readonly observed: ObservedPod | undefined;
  readonly clock: Clock;
  readonly admission: Admission;
  /** First sight of the wanted revision, wall clock; becomes `status.startTime`. */
  readonly startTimeMs: number;
  /** What is under way in lanes of its own; nothing of it is planned again. */
  readonly inFlight: {
    /** Ids of this Pod's containers being stopped. */ readonly stopping: ReadonlySet<string>;
    readonly pulling: ReadonlySet<string> /** `<container id>/<hook>`. */;
    readonly hooks: ReadonlySet<string>;
  };
  /** Notes of the wanted revision. */
  readonly notes: PodNotes;
  /** Notes of any revision in this slot, by uid. */
  readonly notesOf: (uid: string) => PodNotes;
  /** What the probes say, by container id. */
  readonly verdicts: ReadonlyMap<string, Verdict>;
  /** When an image was last found absent, monotonic ms; undefined when it was not, or has been pulled since. */
  readonly absentSince: (image: string) => number | undefined;
  /** What was last heard of an image. `present` is a hint, never a proof. */
  readonly imageKnown: (image: string) => 'present' | 'absent' | 'unknown';
  /** What the wanted revision depends on beside itself; undefined: nothing. */
  readonly references?: References | undefined;
  /** The machine goes down; undefined: it does not. */
  readonly shutdown?: PodShutdown | undefined;
  readonly node: Node;
  /** Ids of its containers that a shutdown of the machine has stopped, this one or an earlier one. */
  readonly stoppedByShutdown?: ReadonlySet<string> | undefined;
  readonly networkReady: boolean;
  readonly maxContainerRestartPeriodMs: number;
}
