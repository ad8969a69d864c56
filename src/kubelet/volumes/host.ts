/**
 * The real `Host`, by the kubelet's layout (pkg/kubelet/kubelet_getters.go):
 *
 *   <root>/pods/<uid>/                                  0750
 *     pod.json                                          namespace and name; made first, deleted last
 *     etc-hosts                                         managed hosts file, bind-mounted: always the same inode
 *     containers/<container>/<attempt>                  termination log, 0666, bind-mounted
 *     volumes/kubernetes.io~<plugin>/<volume>           volumes
 *     userns                                            ids of the machine, with `hostUsers: false`
 *     volume-subpaths/<volume>/<container>/<index>      parts of volumes
 *   <root>/volumes/<namespace>/<claim>                  claims: outlive the Pods
 *   <logs>/<namespace>_<name>_<uid>/<container>/<attempt>.log
 */
import { constants } from 'node:fs';
import { readdir, realpath, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { type EnvFile, envFileKey } from '../container/env.ts';
import { hostNetworkHostsContent, podHostsContent } from '../container/hosts.ts';
import { logTail } from '../container/log-tail.ts';
import type { SubPath } from '../container/sub-paths.ts';
import { systemBusSocket } from '../dbus/bus.ts';
import { type Documents, NO_DOCUMENTS } from '../documents.ts';
import type { Env } from '../env.ts';
import { EVICTED, type Host, HostError, type PreparedVolume } from '../host.ts';
import { together } from '../limits.ts';
import type { Node } from '../node.ts';
import { allContainers } from '../plan/containers.ts';
import * as paths from '../sandbox/paths.ts';
import { messageOf } from '../sources/regular-file.ts';
import type { Pod, Volume } from '../types.ts';
import { readEnvFile } from './env-file.ts';
import { overgrown, overStorageLimit } from './ephemeral.ts';
import {
  isMissing,
  makeDirectory,
  readEnd,
  readLimited,
  statOf,
  withRegularFile,
  writeAtomically,
  writeInPlace,
} from './files.ts';
import { prepareVolume } from './kinds.ts';
import { unmountBelow } from './mounts.ts';
import { PodCgroups } from './pod-cgroups.ts';
import { removeTree } from './remove-tree.ts';
import { Slices } from './slices.ts';
import { bindSubPath } from './sub-paths.ts';
import { UserNamespaces } from './user-namespaces.ts';

const POD_RECORD = 'pod.json';
const POD_RECORD_LIMIT_BYTES = 64 * 1024;
const HOSTS_LIMIT_BYTES = 1024 * 1024;
const TERMINATION_LOG_LIMIT_BYTES = 4096;
const LOG_TAIL_LINES = 80;
const LOG_TAIL_LIMIT_BYTES = 2048;
/** Enough for that many lines, or for one of the longest with some before it. */
const LOG_READ_BYTES = 256 * 1024;
const NODE_HOSTS = '/etc/hosts';

export interface RealHostOptions {
  rootDir: string;
  podLogsDir: string;
  env: Env;
  node: Node;
  /** Where cgroups are mounted. */
  cgroupFsRoot?: string;
  /** Of the system bus, to reach systemd where it has the cgroups. */
  busSocket?: string;
}

export function realHost(options: RealHostOptions): Host {
  const { rootDir, podLogsDir, env, node } = options;
  const slices = new Slices({ env, busSocket: options.busSocket ?? systemBusSocket() });
  const cgroups = new PodCgroups({ env, node, fsRoot: options.cgroupFsRoot ?? '/sys/fs/cgroup', slices });
  const userNamespaces = new UserNamespaces(paths.podsDirectory(rootDir));
  const random = env.random('volumes');
  const stamp = () => `${timeName(env.nowMs())}.${Math.floor(random() * 1e9)}`;

  return {
    async preparePod(pod, documents = NO_DOCUMENTS) {
      const { uid } = pod.metadata;
      checkNames(pod.metadata);
      const directory = paths.podDirectory(rootDir, uid);
      const logs = paths.podLogDirectory(podLogsDir, pod.metadata);
      await wrap('Failed', 'error making pod data directories: ', async () => {
        await makeDirectory(directory, 0o750);
        await recordPod(directory, pod);
      });
      // What is on the disk is the only record of an eviction: a restart of the agent must not undo it.
      const over = await overStorageLimit(pod, { rootDir, podLogsDir, written: new Map() });
      if (over !== undefined) throw new HostError(EVICTED, over);
      const warnings: Warning[] = [];
      const [, , volumes] = await together([
        wrap('Failed', 'error making pod data directories: ', () => makeDirectory(logs, 0o755)),
        wrap('FailedCreatePodContainer', 'unable to ensure pod container exists: ', () => cgroups.ensure(pod)),
        prepareVolumes(pod, documents, warnings),
      ]);
      const userNamespace =
        pod.spec.hostUsers === false &&
        (await wrap('Failed', 'create user namespace: ', () => userNamespaces.ensure(uid)));
      return {
        volumes,
        hostsFile: paths.hostsFile(rootDir, uid),
        ...(userNamespace && { userNamespace }),
        ...(warnings.length > 0 && { warnings }),
      };
    },

    async sizePod(pod, raise) {
      checkNames(pod.metadata);
      await wrap('ResizeError', 'unable to set the limits of the pod: ', () =>
        raise ? cgroups.raise(pod) : cgroups.ensure(pod),
      );
    },

    async overgrown(pod, written = new Map()) {
      checkNames(pod.metadata);
      return overgrown(pod, { rootDir, podLogsDir, written });
    },

    async readEnvFiles(container, prepared) {
      const files = new Map<string, EnvFile>();
      for (const { valueFrom } of container.env ?? []) {
        const { volumeName, path } = valueFrom?.fileKeyRef ?? {};
        if (volumeName === undefined || path === undefined) continue;
        files.set(envFileKey(volumeName, path), await readEnvFile(prepared.volumes.get(volumeName), volumeName, path));
      }
      return files;
    },

    async bindSubPaths(pod, container, prepared, subPaths) {
      checkNames(pod.metadata, container.name);
      const bound = new Map<number, string>();
      for (const subPath of subPaths) {
        const volume = prepared.volumes.get(subPath.volume);
        // The one who builds the mounts says that the volume is missing; the runtime looks into images itself.
        if (!volume) continue;
        if (volume.image) bound.set(subPath.index, subPath.path);
        else bound.set(subPath.index, await bindOne(pod, container.name, volume, subPath));
      }
      return bound;
    },

    async writeHosts(pod, podIps) {
      const { uid } = pod.metadata;
      checkNames(pod.metadata);
      await wrap('Failed', 'error writing the hosts file: ', async () => {
        const content = pod.spec.hostNetwork
          ? hostNetworkHostsContent(pod, await nodeHosts())
          : podHostsContent(pod, podIps, node);
        await writeInPlace(paths.hostsFile(rootDir, uid), Buffer.from(content), 0o644);
      });
    },

    async prepareContainer(pod, container, attempt) {
      const { uid } = pod.metadata;
      checkNames(pod.metadata, container.name);
      const path = paths.terminationLog(rootDir, uid, container.name, attempt);
      await wrap('Failed', 'error making container directories: ', async () => {
        await makeDirectory(join(paths.podLogDirectory(podLogsDir, pod.metadata), container.name), 0o755);
        await makeDirectory(dirname(path), 0o750);
        const present = await statOf(path);
        if (present && !present.isFile()) await removeTree(path);
        await withRegularFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, (file) =>
          file.chmod(0o666),
        );
      });
      return path;
    },

    async readTerminationLog(uid, containerName, attempt) {
      if (!paths.isPathPart(uid) || !paths.isPathPart(containerName)) return '';
      const path = paths.terminationLog(rootDir, uid, containerName, attempt);
      try {
        return (await readEnd(path, TERMINATION_LOG_LIMIT_BYTES)).bytes.toString();
      } catch (error) {
        return isMissing(error) ? '' : `Error on reading termination log ${path}: ${messageOf(error)}`;
      }
    },

    async readLogTail(logPath) {
      const path = resolve(logPath);
      if (!path.startsWith(resolve(podLogsDir) + sep)) return '';
      try {
        const { bytes, whole } = await readEnd(path, LOG_READ_BYTES);
        return logTail(bytes, whole, LOG_TAIL_LINES, LOG_TAIL_LIMIT_BYTES).toString();
      } catch (error) {
        return isMissing(error) ? '' : `Error on reading termination message from logs: ${messageOf(error)}`;
      }
    },

    async removeContainerFiles(pod, containerName, attempt) {
      checkNames(pod, containerName);
      await wrap('Failed', 'error deleting container files: ', async () => {
        const logs = join(paths.podLogDirectory(podLogsDir, pod), containerName);
        const current = basename(paths.containerLogPath(containerName, attempt));
        for (const name of await namesIn(logs))
          if (name === current || name.startsWith(`${current}.`)) await deleteFile(join(logs, name));
        await deleteFile(paths.terminationLog(rootDir, pod.uid, containerName, attempt));
      });
    },

    async removePod(pod) {
      if (!paths.isPathPart(pod.uid)) throw unsafe(pod.uid);
      // Before any deletion: a process that is still in there may be using the files.
      await wrap('FailedKillPod', 'error removing pod cgroup: ', () => cgroups.remove(pod.uid));
      const directories = [paths.podDirectory(rootDir, pod.uid)];
      // The logs first: as long as the Pod's directory is there, the Pod is listed and removed again.
      if (pod.namespace !== '' && pod.name !== '') {
        checkNames(pod);
        directories.unshift(paths.podLogDirectory(podLogsDir, pod));
      }
      for (const directory of directories) await removeDirectory(directory);
    },

    async listPods() {
      const uids = (await namesIn(paths.podsDirectory(rootDir))).filter(paths.isPathPart).sort();
      const logs = uids.length > 0 ? await namesIn(podLogsDir) : [];
      return Promise.all(uids.map(async (uid) => ({ ...(await identify(uid, logs)), uid })));
    },
  };

  async function prepareVolumes(
    pod: Pod,
    documents: Documents,
    warnings: Warning[],
  ): Promise<ReadonlyMap<string, PreparedVolume>> {
    const volumes = new Map<string, PreparedVolume>();
    for (const volume of mountedVolumes(pod))
      volumes.set(volume.name, await prepareOne(pod, volume, documents, warnings));
    return volumes;
  }

  async function prepareOne(
    pod: Pod,
    volume: Volume,
    documents: Documents,
    warnings: Warning[],
  ): Promise<PreparedVolume> {
    if (!paths.isPathPart(volume.name)) throw unsafe(volume.name);
    // The kernel lists mounts by their real path.
    const realRoot = await realpath(rootDir);
    const directory = (plugin: string) => paths.volumeDirectory(realRoot, pod.metadata.uid, plugin, volume.name);
    const prefix = `MountVolume.SetUp failed for volume "${volume.name}" : `;
    const warn = (text: string) => warnings.push({ reason: 'FailedMount', message: prefix + text });
    return wrap('FailedMount', prefix, () => prepareVolume({ pod, volume, node, directory, documents, stamp, warn }));
  }

  async function bindOne(pod: Pod, container: string, volume: PreparedVolume, subPath: SubPath): Promise<string> {
    if (!paths.isPathPart(subPath.volume)) throw unsafe(subPath.volume);
    const realRoot = await realpath(rootDir);
    const target = paths.subPathTarget(realRoot, pod.metadata.uid, subPath.volume, container, subPath.index);
    const prefix = `failed to prepare subPath for volumeMount "${subPath.volume}" of container "${container}": `;
    await wrap('Failed', prefix, () => bindSubPath(volume, subPath, target));
    return target;
  }

  async function removeDirectory(directory: string): Promise<void> {
    if (!(await statOf(directory))) return;
    const real = join(await realpath(dirname(directory)), basename(directory));
    await wrap('FailedUnMount', `error unmounting volumes below ${real}: `, () => unmountBelow(real, env));
    await wrap('Failed', `error removing ${real}: `, () => removeTree(real, POD_RECORD));
  }

  /** From the record, else from the name of the log directory, else empty. */
  async function identify(uid: string, logs: readonly string[]): Promise<{ namespace: string; name: string }> {
    const record = await readRecord(paths.podDirectory(rootDir, uid));
    if (record) return record;
    const directory = logs.find((one) => one.endsWith(`_${uid}`));
    const [namespace = '', name = ''] = directory?.slice(0, -uid.length - 1).split('_') ?? [];
    return paths.isPathPart(namespace) && paths.isPathPart(name) ? { namespace, name } : { namespace: '', name: '' };
  }
}

type Warning = { reason: string; message: string };

/** `2026_01_31_12_00_00` */
const timeName = (nowMs: number) => new Date(nowMs).toISOString().slice(0, 19).replaceAll(/[-T:]/g, '_');

/** Only what a container mounts is set up. */
function mountedVolumes(pod: Pod): Volume[] {
  const mounted = new Set(
    allContainers(pod.spec).flatMap((container) => (container.volumeMounts ?? []).map((mount) => mount.name)),
  );
  return (pod.spec.volumes ?? []).filter((volume) => mounted.has(volume.name));
}

async function recordPod(directory: string, pod: Pod): Promise<void> {
  const { namespace, name } = pod.metadata;
  const present = await readRecord(directory);
  if (present?.namespace === namespace && present.name === name) return;
  await writeAtomically(join(directory, POD_RECORD), `${JSON.stringify({ namespace, name })}\n`, 0o640);
}

/** Undefined when it is missing or cannot be trusted. */
async function readRecord(directory: string): Promise<{ namespace: string; name: string } | undefined> {
  try {
    const { bytes } = await readEnd(join(directory, POD_RECORD), POD_RECORD_LIMIT_BYTES);
    const { namespace, name } = JSON.parse(bytes.toString()) as Record<string, unknown>;
    const valid = typeof namespace === 'string' && typeof name === 'string';
    return valid && paths.isPathPart(namespace) && paths.isPathPart(name) ? { namespace, name } : undefined;
  } catch {
    return undefined;
  }
}

/** The machine's own hosts file; one without it has no names of its own. */
async function nodeHosts(): Promise<string> {
  if (!(await statOf(NODE_HOSTS))) return '';
  return (await readLimited(NODE_HOSTS, HOSTS_LIMIT_BYTES)).toString();
}

function checkNames(pod: paths.PodRef, container?: string): void {
  const names = [pod.uid, pod.namespace, pod.name, ...(container === undefined ? [] : [container])];
  const bad = names.find((name) => !paths.isPathPart(name));
  if (bad !== undefined) throw unsafe(bad);
}

const unsafe = (name: string) =>
  new HostError('Failed', `${JSON.stringify(name)} cannot be part of a path: use letters, digits, "-", "_" and "."`);

async function namesIn(directory: string): Promise<string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

async function deleteFile(path: string): Promise<void> {
  await unlink(path).catch((error: unknown) => {
    if (!isMissing(error)) throw error;
  });
}

/** Failures inside become HostErrors of this reason. */
async function wrap<T>(reason: string, prefix: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof HostError) throw error;
    throw new HostError(reason, prefix + messageOf(error), { cause: error });
  }
}
