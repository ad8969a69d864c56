/**
 * What the manifest directory asks for, worked out apart from the agent's own resolver: files in order of their names,
 * the first one with a name wins, a broken file stands for its last good version.
 */
import type { Published } from '../../src/kubelet/published.ts';
import type { FileResult } from '../../src/kubelet/sources/source.ts';
import type { Revision } from '../../src/kubelet/types.ts';
import type { FakeDirectory } from './fake-source.ts';

export interface Wish {
  readonly revision: Revision;
}

export class Desire {
  readonly #directory: FakeDirectory;
  readonly #nowMs: () => number;
  readonly #lastGood = new Map<string, FileResult>();
  /** Every Pod a file ever brought. */
  readonly #brought = new Map<string, Set<string>>();
  #wishes = new Map<string, Wish>();
  #uncertain = new Set<string>();
  readonly #knownSinceMs = new Map<string, number>();

  constructor(directory: FakeDirectory, nowMs: () => number) {
    this.#directory = directory;
    this.#nowMs = nowMs;
    directory.watch(() => this.#update());
  }

  /** By `namespace/name`. */
  get wishes(): ReadonlyMap<string, Wish> {
    return this.#wishes;
  }

  /** Pods that files which are broken now ever brought: an agent may rightly hold any version it saw. */
  get uncertain(): ReadonlySet<string> {
    return this.#uncertain;
  }

  /**
   * Since when this revision of this Pod has been wanted and the agent, or one agent after the other, has known it
   * without a break; undefined when that is not so.
   */
  knownSince(key: string, uid: string): number | undefined {
    return this.#wishes.get(key)?.revision.uid === uid ? this.#knownSinceMs.get(key) : undefined;
  }

  /** What an agent believes now. */
  heard({ pods, sourcesKnown }: Published): void {
    const believed = new Map(pods.map((view) => [view.key as string, view.pod.metadata.uid]));
    for (const [key, { revision }] of this.#wishes) {
      const uid = believed.get(key);
      if (uid === revision.uid) {
        if (!this.#knownSinceMs.has(key)) this.#knownSinceMs.set(key, this.#nowMs());
      } else if (uid !== undefined || sourcesKnown) this.#knownSinceMs.delete(key);
    }
  }

  #update(): void {
    const names = this.#directory.names();
    for (const name of this.#lastGood.keys()) if (!names.includes(name)) this.#lastGood.delete(name);
    this.#uncertain = new Set();
    const wishes = new Map<string, Wish>();
    for (const name of names) {
      const result = this.#directory.parse(name);
      const good = !result.problems.some((problem) => problem.severity === 'error');
      if (good) this.#lastGood.set(name, result);
      const brought = this.#brought.get(name) ?? new Set();
      this.#brought.set(name, brought);
      for (const { key } of result.revisions) brought.add(key);
      if (!good) for (const key of brought) this.#uncertain.add(key);
      for (const revision of this.#lastGood.get(name)?.revisions ?? []) {
        if (!wishes.has(revision.key)) wishes.set(revision.key, { revision });
      }
    }
    for (const key of this.#knownSinceMs.keys()) {
      if (wishes.get(key)?.revision.uid !== this.#wishes.get(key)?.revision.uid) this.#knownSinceMs.delete(key);
    }
    this.#wishes = wishes;
  }
}
