/** The runtime's event stream as one agent process sees it: hints may be lost, late or doubled, and the stream breaks. */

import type { RuntimeEvents, RuntimeHint } from '../../src/cri/port.ts';
import type { Env } from '../../src/kubelet/env.ts';
import { sleep } from '../../src/kubelet/env.ts';
import type { Life } from './agent-life.ts';
import type { FakeRuntime } from './fake-runtime.ts';
import type { Random } from './random.ts';

const RECONNECT_MS = 1000;

export interface StreamFaults {
  /** Per hint. */
  loss: number;
  duplicate: number;
  /** A hint comes up to this late. */
  delayMs: number;
  /** Per second of standing: the stream breaks. */
  breaks: number;
  /** A broken stream looks well for this long. */
  unnoticedMs: number;
}

export const NO_STREAM_FAULTS: StreamFaults = { loss: 0, duplicate: 0, delayMs: 0, breaks: 0, unnoticedMs: 0 };

export class FakeEvents implements RuntimeEvents {
  readonly #runtime: FakeRuntime;
  readonly #random: Random;
  readonly #faults: () => StreamFaults;
  readonly #life: Life;
  readonly #env: Env;
  /** `seems`: what `reliable()` says; `stands`: whether hints come through. */
  #seems = false;
  #stands = false;

  constructor(options: { runtime: FakeRuntime; random: Random; faults: () => StreamFaults; life: Life; env: Env }) {
    this.#runtime = options.runtime;
    this.#random = options.random;
    this.#faults = options.faults;
    this.#life = options.life;
    this.#env = options.env;
  }

  reliable(): boolean {
    return this.#seems;
  }

  async follow(onHint: (hint: RuntimeHint) => void, signal: AbortSignal): Promise<void> {
    const deliver = (hint: RuntimeHint) => {
      if (!signal.aborted && this.#life.alive) onHint(hint);
    };
    const unsubscribe = this.#runtime.onHint((hint) => {
      if (this.#stands && !this.#random.chance(this.#faults().loss)) this.#pass(hint, deliver);
    });
    this.#life.onDeath(unsubscribe);
    while (!signal.aborted) {
      if (!this.#runtime.up) {
        await sleep(this.#env, RECONNECT_MS, signal);
        continue;
      }
      this.#seems = true;
      this.#stands = true;
      deliver({ kind: 'reconnected', containerId: '' });
      await this.#untilBroken(signal);
      this.#stands = false;
      if (this.#runtime.up) await sleep(this.#env, this.#faults().unnoticedMs, signal);
      this.#seems = false;
      deliver({ kind: 'disconnected', containerId: '' });
      await sleep(this.#env, RECONNECT_MS, signal);
    }
    unsubscribe();
  }

  #pass(hint: RuntimeHint, deliver: (hint: RuntimeHint) => void): void {
    const { delayMs, duplicate } = this.#faults();
    const copies = this.#random.chance(duplicate) ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      if (delayMs === 0) deliver(hint);
      else this.#runtime.clock.after(this.#random.between(0, delayMs), () => deliver(hint));
    }
  }

  async #untilBroken(signal: AbortSignal): Promise<void> {
    while (!signal.aborted && this.#runtime.up && !this.#random.chance(this.#faults().breaks)) {
      await sleep(this.#env, RECONNECT_MS, signal);
    }
  }
}
