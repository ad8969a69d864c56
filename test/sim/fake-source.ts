/** A manifest directory in memory, read by the real parser; changes are noticed soon, late or only at the next rescan. */

import type { Env } from '../../src/kubelet/env.ts';
import { sleep } from '../../src/kubelet/env.ts';
import { parseManifest } from '../../src/kubelet/manifest/parse.ts';
import type { FileResult, Snapshot, Source } from '../../src/kubelet/sources/source.ts';
import type { Life } from './agent-life.ts';
import type { Random } from './random.ts';

const RESCAN_MS = 20_000;

export interface SourceFaults {
  /** Per change: nobody notices until the rescan. */
  missed: number;
  /** Per scan: the directory cannot be read. */
  unreadable: number;
  /** The first scan takes up to this long. */
  firstScanMs: number;
}

export const NO_SOURCE_FAULTS: SourceFaults = { missed: 0, unreadable: 0, firstScanMs: 0 };

/** The directory itself; it outlives the agent. */
export class FakeDirectory {
  readonly path = '/etc/pods';
  readonly nodeName: string;
  readonly #texts = new Map<string, string>();
  readonly #parsed = new Map<string, FileResult>();
  readonly #watchers = new Set<() => void>();

  constructor(nodeName: string) {
    this.nodeName = nodeName;
  }

  read(name: string): string | undefined {
    return this.#texts.get(name);
  }

  write(name: string, text: string): void {
    this.#texts.set(name, text);
    for (const watcher of this.#watchers) watcher();
  }

  remove(name: string): void {
    if (!this.#texts.delete(name)) return;
    for (const watcher of this.#watchers) watcher();
  }

  names(): string[] {
    return [...this.#texts.keys()].sort();
  }

  /** The same text under the same name always gives the same object. */
  parse(name: string): FileResult {
    const text = this.#texts.get(name) ?? '';
    const key = `${name}\0${text}`;
    const known = this.#parsed.get(key);
    if (known) return known;
    const origin = { kind: 'file', location: `${this.path}/${name}` } as const;
    const result = parseManifest(new TextEncoder().encode(text), origin, { nodeName: this.nodeName });
    this.#parsed.set(key, result);
    return result;
  }

  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }
}

export class FakeSource implements Source {
  readonly kind = 'file';
  readonly #directory: FakeDirectory;
  readonly #env: Env;
  readonly #random: Random;
  readonly #faults: () => SourceFaults;
  readonly #life: Life;
  #snapshot: Snapshot = { state: 'unknown', why: 'not read yet' };

  constructor(options: { directory: FakeDirectory; env: Env; random: Random; faults: () => SourceFaults; life: Life }) {
    this.#directory = options.directory;
    this.#env = options.env;
    this.#random = options.random;
    this.#faults = options.faults;
    this.#life = options.life;
  }

  current(): Snapshot {
    return this.#snapshot;
  }

  async run(poke: () => void, signal: AbortSignal): Promise<void> {
    let wake = () => {};
    const unwatch = this.#directory.watch(() => {
      if (this.#life.alive && !this.#random.chance(this.#faults().missed)) wake();
    });
    this.#life.onDeath(unwatch);
    await sleep(this.#env, this.#random.between(0, this.#faults().firstScanMs), signal);
    while (!signal.aborted) {
      if (this.#scan()) poke();
      await new Promise<void>((resolve) => {
        wake = () => this.#env.after(100, resolve);
        void sleep(this.#env, RESCAN_MS, signal).then(resolve);
      });
    }
    unwatch();
  }

  #scan(): boolean {
    const before = this.#snapshot;
    if (this.#random.chance(this.#faults().unreadable)) {
      if (before.state === 'known') this.#snapshot = { state: 'unknown', why: 'the directory cannot be read' };
    } else {
      const files = this.#directory.names().map((name) => this.#directory.parse(name));
      const same =
        before.state === 'known' &&
        before.files.length === files.length &&
        before.files.every((file, index) => file === files[index]);
      if (!same) this.#snapshot = { state: 'known', files };
    }
    return this.#snapshot !== before;
  }
}
