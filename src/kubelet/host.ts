/**
 * The part of the machine that Pods need beside the runtime: directories and small files. The real one is in
 * `volumes/`; the simulation has one in memory. Every method is idempotent and may be cut off at any instant.
 */
import type { MountPropagation } from '../cri/port.ts';
import type { EnvFile } from './container/env.ts';
import type { SubPath } from './container/sub-paths.ts';
import type { Documents } from './documents.ts';
import type { UserNamespace } from './sandbox/user-namespace.ts';
import type { Container, Pod } from './types.ts';

/** An image whose content is mounted. */
export interface ImageSource {
  /** What to ask the runtime for: id or digest reference where known. */
  ref: string;
  /** As the Pod says. */
  reference: string;
}

/** Where a Pod's volume is on the host once it is prepared. */
export interface PreparedVolume {
  /** Empty for an image. */
  hostPath: string;
  /** Read-only by nature (downwardAPI, configMap, …), whatever the mount says. */
  readOnly: boolean;
  selinuxRelabel: boolean;
  propagation?: MountPropagation;
  /** The runtime mounts it itself. */
  image?: ImageSource;
}

export interface PreparedPod {
  /** By volume name. */
  volumes: ReadonlyMap<string, PreparedVolume>;
  /** Host path of the managed hosts file. */
  hostsFile: string;
  /** With `hostUsers: false`: the same for all of the Pod's life. */
  userNamespace?: UserNamespace;
  /** What could not be brought up to date in volumes that work, as event reasons and messages. */
  warnings?: readonly { reason: string; message: string }[];
}

/** Reason of a HostError, and of the Pod that it ends: it has outgrown a limit of the disk. */
export const EVICTED = 'Evicted';

/**
 * What went wrong, as the kubelet words it. `reason` is an event reason, e.g. `FailedMount`; the message goes to the
 * event and to `explain`.
 */
export class HostError extends Error {
  readonly reason: string;
  constructor(reason: string, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'HostError';
    this.reason = reason;
  }
}

export interface Host {
  /**
   * Makes the Pod's directories, its log directory and its volumes, and brings volumes that follow documents up to date.
   * Throws HostError.
   */
  preparePod(pod: Pod, documents?: Documents): Promise<PreparedPod>;
  /**
   * Gives the Pod's cgroup the limits of the Pod as a whole; with `raise` only those that grow. Throws HostError.
   */
  sizePod(pod: Pod, raise: boolean): Promise<void>;
  /** Reads the files that the container's `fileKeyRef`s name, by `envFileKey`. */
  readEnvFiles(container: Container, prepared: PreparedPod): Promise<ReadonlyMap<string, EnvFile>>;
  /**
   * Binds parts of volumes, never following a link out of the volume, to paths that stay the same until the next start.
   * Returns what to mount by index: a host path, or for an image volume the path in the image. Throws HostError.
   */
  bindSubPaths(
    pod: Pod,
    container: Container,
    prepared: PreparedPod,
    subPaths: readonly SubPath[],
  ): Promise<ReadonlyMap<number, string>>;
  /**
   * Which limit of the disk the Pod has outgrown, in the kubelet's words; undefined: none. `written`: bytes in its
   * containers' own file systems, by name.
   */
  overgrown(pod: Pod, written?: ReadonlyMap<string, number>): Promise<string | undefined>;
  /** Writes the managed hosts file for these addresses. */
  writeHosts(pod: Pod, podIps: readonly string[]): Promise<void>;
  /**
   * Makes the container's log directory and an empty termination log (0666) for this attempt.
   * Returns the host path to bind at `terminationMessagePath`.
   */
  prepareContainer(pod: Pod, container: Container, attempt: number): Promise<string>;
  /** Last 4096 bytes of the attempt's termination log; empty when there is none. */
  readTerminationLog(uid: string, containerName: string, attempt: number): Promise<string>;
  /** At most the last 80 lines and 2048 bytes of a container's log, stream mixed, stamps removed. */
  readLogTail(logPath: string): Promise<string>;
  /** Deletes a removed container's log and termination log. */
  removeContainerFiles(
    pod: { namespace: string; name: string; uid: string },
    containerName: string,
    attempt: number,
  ): Promise<void>;
  /** Unmounts and deletes everything of a Pod that is gone, its logs too. Never deletes through a mount. */
  removePod(pod: { namespace: string; name: string; uid: string }): Promise<void>;
  /** Pods that still have a directory under the root directory or the log directory. */
  listPods(): Promise<{ namespace: string; name: string; uid: string }[]>;
}
