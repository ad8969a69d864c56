import type * as cri from '../cri/port.ts';
import type { CriStats } from '../cri/stats.ts';
import type { Documents } from './documents.ts';
import type { Env } from './env.ts';
import type { RecordEvent } from './events.ts';
import type { RunHook } from './hooks.ts';
import type { Host } from './host.ts';
import type { PullImage } from './images/pull.ts';
import type { Meter } from './meter.ts';
import type { Node, ResolvConf } from './node.ts';
import type { Notes } from './notes.ts';
import type { RuntimeFeatures } from './runtime-features.ts';

/** What plans are carried out with. */
export interface ExecutorOptions {
  env: Env;
  cri: cri.Cri;
  host: Host;
  notes: Notes;
  record: RecordEvent;
  meter: Meter;
  node: Node;
  /** Read anew for every sandbox: a change of the host's file reaches new sandboxes. */
  resolvConf: () => Promise<ResolvConf>;
  runHook: RunHook;
  pull: PullImage;
  /** A container runs, and its chain goes on for a while: there is something to be seen before it ends. */
  started: () => void;
  stats: Pick<CriStats, 'listContainerStats'>;
  /** A running container was given, or may have been given, other resources. */
  resized: (containerId: string, given?: cri.AppliedResources) => void;
  /** A container is stopped to start anew with other amounts. */
  stoppedToResize: (containerId: string) => void;
  /** The ConfigMaps, Secrets and claims there are now. */
  documents: () => Documents;
  features: () => RuntimeFeatures;
}
