/** Where things of a Pod are, below the root directory and the log directory (pkg/kubelet/kubelet_getters.go). */
import { join } from 'node:path';

export interface PodRef {
  namespace: string;
  name: string;
  uid: string;
}

const MAX_PART_CHARS = 255;

/** May this be one part of a path? Names come from manifests, uids may be any text in them. */
export function isPathPart(text: string): boolean {
  return text.length <= MAX_PART_CHARS && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(text);
}

export const podsDirectory = (rootDir: string): string => join(rootDir, 'pods');

export const podDirectory = (rootDir: string, uid: string): string => join(podsDirectory(rootDir), uid);

export const hostsFile = (rootDir: string, uid: string): string => join(podDirectory(rootDir, uid), 'etc-hosts');

export const volumeDirectory = (rootDir: string, uid: string, plugin: string, volume: string): string =>
  join(podDirectory(rootDir, uid), 'volumes', `kubernetes.io~${plugin}`, volume);

/** Where a part of a volume is bound for the mount of this index of a container. */
export const subPathTarget = (rootDir: string, uid: string, volume: string, container: string, index: number): string =>
  join(podDirectory(rootDir, uid), 'volume-subpaths', volume, container, String(index));

/** The directory that a PersistentVolumeClaim stands for; outlives the Pods. */
export const claimDirectory = (rootDir: string, namespace: string, claim: string): string =>
  join(rootDir, 'volumes', namespace, claim);

export const terminationLogDirectory = (rootDir: string, uid: string, container: string): string =>
  join(podDirectory(rootDir, uid), 'containers', container);

export const terminationLog = (rootDir: string, uid: string, container: string, attempt: number): string =>
  join(terminationLogDirectory(rootDir, uid, container), String(attempt));

/** `log_directory` of the sandbox. */
export const podLogDirectory = (podLogsDir: string, pod: PodRef): string =>
  join(podLogsDir, `${pod.namespace}_${pod.name}_${pod.uid}`);

/** `log_path` of a container, relative to the sandbox's `log_directory`. */
export const containerLogPath = (container: string, attempt: number): string => join(container, `${attempt}.log`);
