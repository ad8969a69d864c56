/**
 * What a source of Pods tells. A source never throws and never blocks: it keeps its own last snapshot and calls `poke`
 * when there is another one.
 */
import type { ConfigDocument } from '../documents.ts';
import type { PodOrigin, Revision } from '../types.ts';

/** One thing wrong in one place of one document. Line and column count from 1. */
export interface ManifestProblem {
  severity: 'error' | 'warning';
  /** Path of a field as the API server prints it, e.g. `spec.containers[0].image`; empty for the whole document. */
  field: string;
  message: string;
  line?: number;
  column?: number;
  /** A field no Kubernetes version knows: a warning for the agent, an error for `rower validate`. */
  unknownField?: true;
  /** A few source lines with a caret under the place; secrets masked. */
  excerpt?: string;
}

/** One file, or the URL's body: the Pods and documents it holds, or what is wrong with it (all problems at once). */
export interface FileResult {
  origin: PodOrigin;
  /** Good Pods, in document order. Empty when `problems` has an error: a file is taken whole or not at all. */
  revisions: readonly Revision[];
  /** Good documents beside the Pods; absent: none. */
  documents?: readonly ConfigDocument[];
  problems: readonly ManifestProblem[];
}

/**
 * `unknown`: not read yet, or unreachable: nothing of this source may be stopped. `known`: exactly these files, and a
 * Pod that is in none of them is gone. An absent directory is known and empty; an unreadable one is unknown.
 */
export type Snapshot = { state: 'unknown'; why: string } | { state: 'known'; files: readonly FileResult[] };

export interface Source {
  /** What origins of this source look like, to find the Pods it once brought: `file` or `http`. */
  readonly kind: PodOrigin['kind'];
  /** The latest snapshot; the same object as long as nothing changed. */
  current(): Snapshot;
  /** Reads once, then keeps watching until `signal` aborts. Resolves when it has stopped. Never rejects. */
  run(poke: () => void, signal: AbortSignal): Promise<void>;
}
