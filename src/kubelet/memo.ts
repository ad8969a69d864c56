import type { PodInput } from './plan/input.ts';
import type { Plan } from './plan/types.ts';

/** What was planned for a slot, and from what; as long as none of it changes the plan stands. */
export interface Memo {
  readonly basis: readonly unknown[];
  readonly plan: Plan;
  /** Monotonic; plan again then. */
  readonly wakeAtMs: number;
  /** What it was planned from. */
  readonly input: PodInput;
  /** What there was no room for: as long as there is none the plan stands too. */
  readonly lacks: Lack | undefined;
}

export type Lack = 'start' | 'pull' | 'stop';
