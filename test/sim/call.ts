/** One call that has reached the fake runtime and is being worked on there. */
import type { Clock } from './env.ts';

/** The handler stops where it is: its client went away, or the runtime itself did. */
export class Ended extends Error {
  readonly why: 'cancelled' | 'died';
  constructor(why: 'cancelled' | 'died') {
    super(why === 'cancelled' ? 'context canceled' : 'the runtime died');
    this.why = why;
  }
}

export class Call {
  readonly #clock: Clock;
  #ended: Ended | undefined;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Nobody waits for the answer any more, although the work may go on. */
  abandoned = false;

  end(why: 'cancelled' | 'died'): void {
    this.#ended ??= new Ended(why);
    this.#wake?.();
  }

  /** Work that takes this long. Throws `Ended`. */
  async pause(delayMs: number): Promise<void> {
    await this.wait(() => () => {}, delayMs);
  }

  /**
   * Waits for what `subscribe` announces, at most `timeoutMs` (Infinity: no limit). Tells whether it came. Throws
   * `Ended`. `subscribe` returns how to unsubscribe.
   */
  async wait(subscribe: (done: () => void) => () => void, timeoutMs: number): Promise<boolean> {
    let came = false;
    if (!this.#ended) {
      await new Promise<void>((resolve) => {
        let undo: (() => void)[] = [];
        const finish = (happened: boolean) => {
          came = happened;
          for (const fn of undo) fn();
          undo = [];
          this.#wake = undefined;
          resolve();
        };
        this.#wake = () => finish(false);
        if (timeoutMs !== Infinity) undo.push(this.#clock.after(timeoutMs, () => finish(false)));
        undo.push(subscribe(() => finish(true)));
      });
    }
    if (this.#ended) throw this.#ended;
    return came;
  }
}
