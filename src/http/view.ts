/** What a handler may look at. One value per request. */
import type { Insight } from '../kubelet/insight.ts';
import type { MachineState } from '../kubelet/node-pressure.ts';
import type { Published } from '../kubelet/published.ts';
import type { PodKey } from '../kubelet/types.ts';
import type { ProbeReport } from '../probes/types.ts';
import type { Logs } from './logs.ts';
import type { Stats } from './stats.ts';
import type { Store } from './store.ts';
import type { VolumeUsages } from './volume-usage.ts';
import type { Watches } from './watch.ts';

export interface View {
  readonly published: Published;
  /** Refreshed from `published`. */
  readonly store: Store;
  readonly watches: Watches;
  /** Wall clock, ms since the epoch. */
  readonly nowMs: number;
  /** Where manifests are to be changed, for people: a directory or a URL. */
  readonly manifests: string;
  /** Path of the kubeconfig for the listener with login; empty: there is none. */
  readonly kubeconfig: string;
  /** Where this listener is, as its own machine's clients say it: `http://127.0.0.1:10255`. */
  readonly origin: string;
  /** The text of `/metrics`. */
  metrics(): Promise<string>;
  /** The text of `/metrics/probes`. */
  probeMetrics(): Promise<string>;
  /** What the planner has in hand for a Pod; absent: nothing is known of that. */
  insight?(key: PodKey): Insight;
  /** The last result of each probe; absent where nothing is probed. */
  probes?(): readonly ProbeReport[];
  /** When the certificate of the listener with login expires, wall clock; undefined: there is none. */
  certificateExpiresMs?(): number | undefined;
  /** What is wrong with the agent itself; empty when nothing is. */
  healthz(): string[];
  /** Pressures of the machine. */
  readonly machine: MachineState;
  /** What Pods use; absent where nothing measures it. */
  readonly stats?: Pick<Stats, 'read'>;
  /** How full volumes are; absent where nothing measures it. */
  readonly volumes?: Pick<VolumeUsages, 'read' | 'claims'>;
  /** What only those who logged in may see; absent on the port without login. */
  readonly full?: FullView;
}

export interface FullView {
  readonly logs: Logs;
  /** The settings in use, as KubeletConfiguration. */
  configz(): object;
}
