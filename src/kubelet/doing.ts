import type { Insight } from './insight.ts';
import { explainAction } from './plan/explain.ts';
import type { Action } from './plan/types.ts';
import type { PodKey } from './types.ts';

interface Step {
  readonly key: PodKey;
  readonly action: Action;
  readonly rest: readonly Action[];
  readonly sinceMs: number;
}

/** The owner of what is being done right now, lane by lane; for people only, nothing is decided from it. */
export class Doing {
  readonly #steps = new Map<string, Step>();

  /** `rest`: what follows in the same lane. `sinceMs`: wall clock. */
  step(lane: string, step: Step): void {
    this.#steps.set(lane, step);
  }

  ended(lane: string): void {
    this.#steps.delete(lane);
  }

  /** For one Pod, what it does and what follows from that. */
  of(key: PodKey): Pick<Insight, 'doing' | 'next'> {
    const steps = [...this.#steps.values()].filter((step) => step.key === key);
    return {
      doing: steps.map(({ action, sinceMs }) => ({ what: explainAction(action), sinceMs })),
      next: { what: steps.flatMap(({ rest }) => rest.map(explainAction)) },
    };
  }
}
