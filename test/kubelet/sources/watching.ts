/** A manifest source at work: in real time, or on a clock that moves only when the test says so. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Env, Log } from '../../../src/kubelet/env.ts';
import type { FileResult, Snapshot, Source } from '../../../src/kubelet/sources/source.ts';
import { realEnv } from '../../../src/real-env.ts';
import { type Clock, createClock } from '../../cri/clock.ts';

export interface Line {
  level: string;
  fields: Record<string, unknown>;
  message: string;
}

export class Lines {
  readonly all: Line[] = [];
  readonly log: Log = {
    debug: (fields, message) => this.#add('debug', fields, message),
    info: (fields, message) => this.#add('info', fields, message),
    warn: (fields, message) => this.#add('warn', fields, message),
    error: (fields, message) => this.#add('error', fields, message),
  };

  /** `level message` of every line that contains the text, in a field or in the message. */
  about(text: string): string[] {
    const found = this.all.filter((line) => JSON.stringify(line).includes(text));
    return found.map(({ level, message }) => `${level} ${message}`);
  }

  #add(level: string, fields: Record<string, unknown>, message: string): void {
    this.all.push({ level, fields, message });
  }
}

/** A running source, and every snapshot it poked for. */
export class Watching<E extends Env = Env> {
  readonly snapshots: Snapshot[] = [];
  readonly #stop = new AbortController();
  readonly #done: Promise<void>;
  readonly source: Source;
  readonly lines: Lines;
  readonly env: E;

  constructor(env: E, lines: Lines, make: (env: E) => Source) {
    this.env = env;
    this.lines = lines;
    this.source = make(env);
    this.#done = this.source.run(() => this.snapshots.push(this.source.current()), this.#stop.signal);
  }

  static real(make: (env: Env) => Source): Watching {
    const lines = new Lines();
    return new Watching(realEnv(lines.log), lines, make);
  }

  static manual(make: (env: Env) => Source): Watching<Clock> {
    const lines = new Lines();
    return new Watching(createClock(lines.log), lines, make);
  }

  /** The files of the snapshot; none while it is unknown. */
  get files(): readonly FileResult[] {
    const snapshot = this.source.current();
    return snapshot.state === 'known' ? snapshot.files : [];
  }

  /** `namespace/name image` of every Pod, in order. */
  get pods(): string[] {
    return this.files.flatMap(({ revisions }) =>
      revisions.map(({ key, pod }) => `${key} ${pod.spec.containers[0]?.image}`),
    );
  }

  /** Messages of every error, in order. */
  get errors(): string[] {
    const problems = this.files.flatMap((file) => file.problems);
    return problems.filter((problem) => problem.severity === 'error').map((problem) => problem.message);
  }

  async until(condition: () => boolean): Promise<void> {
    await until(condition, () => JSON.stringify({ snapshot: this.source.current(), lines: this.lines.all.slice(-5) }));
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

const PATIENCE_MS = 20_000;

/** Waits for a condition. Fails, telling what there is instead, when it does not come true. */
export async function until(condition: () => boolean, found: () => string): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never true: ${condition}; there is ${found()}`);
    await delay(2);
  }
}

export function manifest(name: string, image = 'x:1'): string {
  return `apiVersion: v1\nkind: Pod\nmetadata:\n  name: ${name}\nspec:\n  containers:\n  - name: main\n    image: ${image}\n`;
}
