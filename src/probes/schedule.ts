/**
 * What is to happen when: one heap, one timer. Instants are monotonic.
 */
import type { Cancel, Env } from '../kubelet/env.ts';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
  /** Place in the heap; negative once it is out. */
  index: number;
}

export class Schedule {
  readonly #env: Env;
  readonly #heap: Entry[] = [];
  #order = 0;
  #timer: { dueMs: number; cancel: Cancel } | undefined;

  constructor(env: Env) {
    this.#env = env;
  }

  /** Calls `run` at `dueMs`, or at once when that is past; never from within this call. */
  at(dueMs: number, run: () => void): Cancel {
    const entry: Entry = { dueMs, order: this.#order++, run, index: this.#heap.length };
    this.#heap.push(entry);
    this.#up(entry);
    this.#arm();
    return () => this.#remove(entry);
  }

  #arm(): void {
    const [first] = this.#heap;
    if (!first || (this.#timer && this.#timer.dueMs <= first.dueMs)) return;
    this.#timer?.cancel();
    const { dueMs } = first;
    const cancel = this.#env.after(Math.max(0, dueMs - this.#env.monotonicMs()), () => this.#fire());
    this.#timer = { dueMs, cancel };
  }

  #fire(): void {
    this.#timer = undefined;
    const nowMs = this.#env.monotonicMs();
    for (let first = this.#heap[0]; first && first.dueMs <= nowMs; first = this.#heap[0]) {
      this.#remove(first);
      first.run();
    }
    this.#arm();
  }

  #remove(entry: Entry): void {
    const { index } = entry;
    if (index < 0) return;
    entry.index = -1;
    const last = this.#heap.pop() as Entry;
    if (last === entry) return;
    this.#place(last, index);
    this.#up(last);
    this.#down(last);
  }

  #up(entry: Entry): void {
    while (entry.index > 0) {
      const at = (entry.index - 1) >> 1;
      const parent = this.#heap[at] as Entry;
      if (!before(entry, parent)) break;
      this.#place(parent, entry.index);
      this.#place(entry, at);
    }
  }

  #down(entry: Entry): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1];
      const right = this.#heap[2 * entry.index + 2];
      const child = left && right && before(right, left) ? right : left;
      if (!child || !before(child, entry)) break;
      const at = child.index;
      this.#place(child, entry.index);
      this.#place(entry, at);
    }
  }

  #place(entry: Entry, index: number): void {
    this.#heap[index] = entry;
    entry.index = index;
  }
}

function before(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}

/**
 * When the tick after the one that was due at `dueMs` is due. Ticks keep their beat; of those missed while one took too
 * long the last one is made up for at once, as Go's Ticker does.
 */
export function nextDueMs(dueMs: number, periodMs: number, nowMs: number): number {
  return dueMs + Math.max(1, Math.floor((nowMs - dueMs) / periodMs)) * periodMs;
}
