/**
 * What goes wrong between the agent and the runtime, drawn per call. A mix says how likely each kind is; the simulation
 * draws a mix per seed (each kind on or off), so that every kind also runs without the others.
 */
import type { Random } from './random.ts';

export interface FaultMix {
  /** Refused before the runtime saw it: nothing happened. */
  unavailable: number;
  /** The runtime answers with an error of its own before doing anything. */
  errorBefore: number;
  /** It is done, and the answer is an error. */
  errorAfter: number;
  /** Broken off on the way by an error, with what containerd leaves then. */
  cutShort: number;
  /** No answer until the deadline; never done. */
  hang: number;
  /** No answer until the deadline; done all the same, before it or a while after it. */
  lateEffect: number;
  /** Each way takes long. */
  slow: number;
  /** The answer to a listing is old when it arrives. */
  staleList: number;
}

export const NO_FAULTS: FaultMix = {
  unavailable: 0,
  errorBefore: 0,
  errorAfter: 0,
  cutShort: 0,
  hang: 0,
  lateEffect: 0,
  slow: 0,
  staleList: 0,
};

export type Outcome = 'done' | 'unavailable' | 'error-before' | 'error-after' | 'cut-short' | 'hang' | 'late-effect';

/** The fate of one call. */
export interface Fate {
  readonly outcome: Outcome;
  readonly beforeMs: number;
  readonly afterMs: number;
  /** For `cut-short`: how far it gets. For `late-effect`: how long after the deadline it is done (negative: before). */
  readonly atMs: number;
  /** The clean-up after a failed RunPodSandbox fails too: it stays, not ready. */
  readonly cleanUpFails: boolean;
  /** The runtime goes on although the caller went away. */
  readonly ignoresCancel: boolean;
}

/** The way takes no time, so that one more question to the runtime does not shift what a golden script shows. */
const PLAIN: Fate = { outcome: 'done', beforeMs: 0, afterMs: 0, atMs: 0, cleanUpFails: false, ignoresCancel: false };

export class Faults {
  readonly #random: Random;
  mix: FaultMix;
  /** What a test wants for one call; anything else is drawn. */
  wish: (call: string) => Partial<Fate> | undefined = () => undefined;
  /** Off: nothing is drawn, and the way there and back takes no time. */
  readonly #jitter: boolean;

  constructor(random: Random, mix: FaultMix, jitter: boolean) {
    this.#random = random;
    this.mix = mix;
    this.#jitter = jitter;
  }

  draw(call: string): Fate {
    const wished = this.wish(call);
    if (wished) return { ...PLAIN, ...wished };
    if (!this.#jitter) return PLAIN;
    const { mix } = this;
    const random = this.#random;
    const slow = random.chance(mix.slow);
    const delay = () => (slow ? random.between(0, 5_000) : random.between(0, 4));
    const listing = call.startsWith('List') || call.endsWith('Status');
    const stale = listing && random.chance(mix.staleList);
    return {
      outcome: this.#outcome(),
      beforeMs: delay(),
      afterMs: stale ? random.between(100, 20_000) : delay(),
      atMs: random.pick([random.between(0, 200), random.between(-30_000, 30_000)]),
      cleanUpFails: random.chance(0.3),
      ignoresCancel: random.chance(0.5),
    };
  }

  #outcome(): Outcome {
    const { mix } = this;
    const table: [Outcome, number][] = [
      ['unavailable', mix.unavailable],
      ['error-before', mix.errorBefore],
      ['error-after', mix.errorAfter],
      ['cut-short', mix.cutShort],
      ['hang', mix.hang],
      ['late-effect', mix.lateEffect],
    ];
    let left = this.#random.next();
    for (const [outcome, probability] of table) {
      left -= probability;
      if (left < 0) return outcome;
    }
    return 'done';
  }
}
