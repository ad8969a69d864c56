/**
 * Virtual time. Nothing here waits: `advance` fires the timers that are due, in order of (instant, creation), and lets
 * every promise settle between two of them, so that one seed gives one history. The wall clock is the steady clock plus
 * an offset that may be made to jump.
 */
import type { Cancel, Env, Log } from '../../src/kubelet/env.ts';
import type { Random } from './random.ts';

/** 2026-01-01T00:00:00Z. */
export const EPOCH_MS = Date.UTC(2026, 0, 1);

interface Timer {
  readonly atMs: number;
  readonly order: number;
  fn: (() => void) | undefined;
}

export class Clock {
  #nowMs = 0;
  #offsetMs = EPOCH_MS;
  #order = 0;
  readonly #heap: Timer[] = [];
  #fired = 0;

  /** Milliseconds since the simulation began; never jumps. */
  get elapsedMs(): number {
    return this.#nowMs;
  }

  /** Timers fired so far: a measure of work, and a guard against a loop that never sleeps. */
  get fired(): number {
    return this.#fired;
  }

  /** The wall clock. */
  readonly nowMs = (): number => this.#offsetMs + this.#nowMs;

  jumpWall(byMs: number): void {
    this.#offsetMs += byMs;
  }

  readonly after = (delayMs: number, fn: () => void): Cancel => {
    if (!(delayMs >= 0) || delayMs === Infinity) throw new Error(`a delay of ${delayMs} ms makes no sense`);
    // Whole milliseconds, rounded up: a real timer never fires early either.
    const timer: Timer = { atMs: this.#nowMs + Math.ceil(delayMs), order: this.#order++, fn };
    push(this.#heap, timer);
    return () => {
      timer.fn = undefined;
    };
  };

  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => this.after(delayMs, resolve));
  }

  /** When the next timer is due; `undefined` when there is none. */
  nextMs(): number | undefined {
    while (this.#heap[0] && !this.#heap[0].fn) pop(this.#heap);
    return this.#heap[0]?.atMs;
  }

  /** Lets every promise that can settle without time settle. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** Runs everything that is due within the next `byMs`. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await this.settle();
    for (;;) {
      const atMs = this.nextMs();
      if (atMs === undefined || atMs > untilMs) break;
      await this.#fireNext();
    }
    this.#nowMs = untilMs;
  }

  /** Runs until `done()` holds, looking after every timer; at most `limitMs` of virtual time. Tells whether it held. */
  async until(done: () => boolean, limitMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + limitMs;
    await this.settle();
    while (!done()) {
      const atMs = this.nextMs();
      if (atMs === undefined || atMs > untilMs) {
        this.#nowMs = untilMs;
        return done();
      }
      await this.#fireNext();
    }
    return true;
  }

  async #fireNext(): Promise<void> {
    const timer = pop(this.#heap);
    const fn = timer?.fn;
    if (!timer || !fn) return;
    this.#nowMs = timer.atMs;
    timer.fn = undefined;
    this.#fired += 1;
    fn();
    await this.settle();
  }
}

/**
 * The `Env` of one process. Once `alive` is false its timers never fire again, as those of a killed process would not;
 * whoever waits for them waits for ever.
 */
export function simEnv(clock: Clock, random: Random, log: Log, alive: () => boolean = () => true): Env {
  return {
    nowMs: clock.nowMs,
    monotonicMs: () => clock.elapsedMs,
    after: (delayMs, fn) =>
      clock.after(delayMs, () => {
        if (alive()) fn();
      }),
    random: (label) => random.child(label).next,
    log,
  };
}

/** A log that hands each line on as text. */
export function textLog(write: (line: string) => void): Log {
  const level = (name: string) => (fields: Record<string, unknown>, message: string) =>
    write(`${name} ${message} ${JSON.stringify(fields)}`);
  return { debug: level('debug'), info: level('info'), warn: level('warn'), error: level('error') };
}

export const silentLog: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function before(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}

function push(heap: Timer[], timer: Timer): void {
  let index = heap.length;
  while (index > 0) {
    const parent = (index - 1) >> 1;
    const above = heap[parent] as Timer;
    if (!before(timer, above)) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = timer;
}

function pop(heap: Timer[]): Timer | undefined {
  const first = heap[0];
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let index = 0;
  for (;;) {
    let child = 2 * index + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Timer, heap[child] as Timer)) child += 1;
    const below = heap[child] as Timer;
    if (!before(below, last)) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
  return first;
}
