/**
 * A plan: what to do now for one Pod, and what is being waited for. Every choice is already in it (ids, attempts,
 * delays, grace periods); `execute` adds nothing.
 *
 * To add an action: a member here, a row in `execute`, a line in `explain`; the compiler names the rest.
 */
import type { LinuxContainerResources } from '../../cri/port.ts';
import type { Container, LifecycleHandler, Pod, Revision } from '../types.ts';

/** A sandbox that exists, or the one that an earlier action of the same plan makes. */
export type SandboxRef = { id: string; ips: readonly string[] } | 'from-this-plan';

export type Action =
  /** Directories and volumes of the Pod; result is used by the creations that follow. */
  | { kind: 'prepare-pod'; revision: Revision }
  | { kind: 'run-sandbox'; revision: Revision; attempt: number; startTimeMs: number }
  /** Is the image here? When not, the chain ends without an error and the next plan pulls. */
  | { kind: 'check-image'; revision: Revision; containerName: string; image: string }
  | {
      kind: 'create-container';
      revision: Revision;
      sandbox: SandboxRef;
      sandboxAttempt: number;
      startTimeMs: number;
      containerName: string;
      attempt: number;
      restartCount: number;
      backOffMs: number;
      epoch: number;
    }
  /** `containerId` absent: the container just created by this plan. */
  | { kind: 'start-container'; containerName: string; uid: string; containerId?: string }
  /** The Pod's own cgroup gets its limits; `raise`: only those that grow, so that there is room for what follows. */
  | { kind: 'size-pod'; revision: Revision; raise: boolean }
  /** Other cpu and memory for a container that runs. */
  | {
      kind: 'resize-container';
      revision: Revision;
      containerId: string;
      containerName: string;
      resources: LinuxContainerResources;
      /** It had a higher memory limit: what is in use must fit into the new one. */
      lowersMemory: boolean;
    }
  | { kind: 'stop-sandbox'; sandboxId: string }
  | { kind: 'remove-sandbox'; sandboxId: string }
  | { kind: 'remove-container'; containerId: string; containerName: string; attempt: number; uid: string }
  /** Nothing of this uid is left in the runtime: its volumes and logs go too. */
  | { kind: 'release-pod'; uid: string }
  /** In a lane of its own per container: a long grace period holds up nothing else. */
  | {
      kind: 'stop-container';
      containerId: string;
      containerName: string;
      uid: string;
      graceSeconds: number;
      /** Text of the Killing event, e.g. `Stopping container web`; empty when it was sent with the hook. */
      message: string;
      /** It is to start anew with other amounts. */
      toResize?: true;
    }
  /** In a lane of its own per container and hook. */
  | {
      kind: 'run-hook';
      hook: 'postStart' | 'preStop';
      containerId: string;
      containerName: string;
      uid: string;
      pod: Pod;
      container: Container;
      handler: LifecycleHandler;
      podIp: string | undefined;
      /** Absent: as long as it takes. */
      timeoutMs?: number;
      /** Text of the Killing event that a preStop hook begins; empty for none. */
      message: string;
    }
  /** In a lane of its own per image. */
  | { kind: 'pull-image'; revision: Revision; containerName: string; attempt: number; image: string };

export type ActionKind = Action['kind'];

/** Why something has not happened yet. The same object feeds status, log and `explain`. */
export interface Wait {
  /** Absent: the Pod as a whole. */
  container?: string;
  /** The kubelet's word: CrashLoopBackOff, ContainerCreating, ImagePullBackOff, … */
  reason: string;
  message: string;
  /** When to plan again at the latest, wall-clock ms; absent when only an event ends the wait. */
  untilMs?: number;
}

/** What the plan says of the Pod as a whole. */
export interface Ending {
  /** Revisions that are on their way out: told to stop, and shown as terminating. */
  readonly leaving?: readonly string[];
  /** The wanted revision has come to its end, and what is left of it is being stopped. */
  readonly over?: boolean;
  /** The Pod ends though it could go on, as the machine goes down or it is evicted: what its status says. */
  readonly down?: { readonly reason: string; readonly message: string };
}

export interface Plan extends Ending {
  /** What runs is being brought to other amounts; `error`: why that does not get on. */
  readonly resizing?: { readonly error?: string };
  /** In order; the chain ends at its first error. Actions with a lane of their own do not hold up the rest. */
  readonly actions: readonly Action[];
  readonly waits: readonly Wait[];
}
