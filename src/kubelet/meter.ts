import type { WorkType } from './work-type.ts';

export type ContainerType = 'container' | 'init_container';

/** What the agent counts while it works. `http/metrics` implements it; the simulation with nothing. */
export interface Meter {
  /** One CRI call ended. `call` is the CRI method, e.g. `RunPodSandbox`. */
  runtimeOperation(call: string, durationMs: number, failed: boolean): void;
  /** One listing of the runtime ended. */
  relist(durationMs: number): void;
  /** One round of plan and publish ended; `planned` is how many Pods had to be planned anew. */
  round(durationMs: number, planned: number): void;
  /** One chain of work on a Pod ended, well or not. */
  podWorked(type: WorkType, durationMs: number): void;
  /** A sandbox was made for a Pod that had none of this revision. */
  podStarted(): void;
  podStartFailed(reason: string): void;
  /** A Pod was newly refused; `reason` is that of its status, e.g. `NodePorts`. */
  podRejected(reason: string): void;
  /** An ordinary container unless told otherwise. */
  containerStarted(containerType?: ContainerType): void;
  containerStartFailed(reason: string, containerType?: ContainerType): void;
  /** From first sight of a revision to its first container running. */
  podStartDuration(durationMs: number): void;
  imagePulled(durationMs: number, failed: boolean): void;
  /** The image policy refused a pull; `wanted` is what its rule asks for: `digest`, `signature`, or `reject`. */
  imageRefused(wanted: string): void;
}
