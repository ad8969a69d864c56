/**
 * What the outside may see: one frozen value per round. HTTP, metrics and `get pods` read this and nothing else.
 */
import type { MetadataView } from './metadata-view.ts';
import type { Node } from './node.ts';
import type { Wait } from './plan/types.ts';
import type { ManifestProblem } from './sources/source.ts';
import type { Pod, PodKey, PodOrigin } from './types.ts';

/** A Pod with its live status. `metadata.resourceVersion` changes exactly when anything else in it does. */
export interface PodView {
  readonly key: PodKey;
  readonly pod: Pod;
  readonly origin: PodOrigin;
  readonly waits: readonly Wait[];
  /** Set when the file it came from is broken now and the last good version runs on. */
  readonly held?: string;
}

/** Something wrong with a manifest, as the status endpoint, log, event and metric tell it. */
export interface SourceProblem {
  readonly origin: PodOrigin;
  readonly problem: ManifestProblem;
}

export interface RuntimeView {
  /** The last listing succeeded. */
  readonly ready: boolean;
  readonly name: string;
  readonly version: string;
  readonly networkReady: boolean;
  /** What is wrong, when something is. */
  readonly message: string;
}

export interface Published {
  /** Decimal resourceVersion of the whole; monotonic, across restarts of the agent too (starts from wall-clock µs). */
  readonly resourceVersion: string;
  readonly atMs: number;
  readonly node: Node;
  /** When this agent started, wall-clock ms. */
  readonly startedAtMs: number;
  readonly runtime: RuntimeView;
  /** Every source has been read at least once. */
  readonly sourcesKnown: boolean;
  /** Sorted by key. */
  readonly pods: readonly PodView[];
  readonly problems: readonly SourceProblem[];
  /** Absent: metadata is off. */
  readonly metadata?: MetadataView;
}
