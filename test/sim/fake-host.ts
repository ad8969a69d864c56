/** Directories and files of Pods, in memory. The disk outlives the agent process; calls fail or take long as drawn. */
import type { Host } from '../../src/kubelet/host.ts';
import { HostError } from '../../src/kubelet/host.ts';
import type { Node } from '../../src/kubelet/node.ts';
import { podSize } from '../../src/kubelet/plan/resize.ts';
import type { Life } from './agent-life.ts';
import type { Clock } from './env.ts';
import type { Random } from './random.ts';

type PodName = { namespace: string; name: string; uid: string };

export interface HostFaults {
  /** Per call. */
  fails: number;
  slow: number;
}

export const NO_HOST_FAULTS: HostFaults = { fails: 0, slow: 0 };

/** What is on the machine's disk, by uid. */
export class FakeDisk {
  readonly pods = new Map<
    string,
    PodName & { volumes: Set<string>; files: Set<string>; hosts: string; size: string }
  >();
  /** What containers wrote into their termination logs, by `uid/container/attempt`. */
  readonly terminationLogs = new Map<string, string>();
  /** The ends of container logs, by path. */
  readonly logs = new Map<string, string>();
}

export function fakeHost(options: {
  disk: FakeDisk;
  rootDir: string;
  node: Node;
  clock: Clock;
  random: Random;
  faults: () => HostFaults;
  life: Life;
}): Host {
  const { disk, rootDir, clock, random, life } = options;

  /** `effect` happens before or after the failure, as it would on a full disk. */
  function act<T>(what: string, effect: () => T): Promise<T> {
    return life.guard(async () => {
      const faults = options.faults();
      if (faults.slow > 0 || faults.fails > 0) {
        await clock.sleep(random.chance(faults.slow) ? random.between(0, 3000) : random.between(0, 2));
        if (random.chance(faults.fails)) {
          if (random.chance(0.5)) effect();
          throw new HostError('FailedMount', `${what} failed (injected)`);
        }
      }
      return effect();
    });
  }

  function directory(pod: PodName) {
    const known = disk.pods.get(pod.uid);
    if (known) return known;
    const { namespace, name, uid } = pod;
    const made = { namespace, name, uid, volumes: new Set<string>(), files: new Set<string>(), hosts: '', size: '' };
    disk.pods.set(uid, made);
    return made;
  }

  return {
    preparePod: (pod) =>
      act('preparing the volumes', () => {
        const { volumes } = directory(pod.metadata);
        const path = `${rootDir}/pods/${pod.metadata.uid}`;
        directory(pod.metadata).size = podSize(pod, options.node) ?? '';
        for (const { name } of pod.spec.volumes ?? []) volumes.add(name);
        const prepared = (pod.spec.volumes ?? []).map(({ name }) => {
          return [name, { hostPath: `${path}/volumes/${name}`, readOnly: false, selinuxRelabel: false }] as const;
        });
        return { volumes: new Map(prepared), hostsFile: `${path}/etc-hosts` };
      }),
    sizePod: (pod, raise) =>
      act('sizing the Pod', () => {
        if (!raise) directory(pod.metadata).size = podSize(pod, options.node) ?? '';
      }),
    overgrown: () => act('measuring the volumes', () => undefined),
    readEnvFiles: () => act('reading the environment files', () => new Map()),
    bindSubPaths: (pod, container, _prepared, subPaths) =>
      act('binding the sub-paths', () => {
        const path = `${rootDir}/pods/${pod.metadata.uid}/sub-paths/${container.name}`;
        return new Map(subPaths.map(({ index }) => [index, `${path}/${index}`]));
      }),
    writeHosts: (pod, podIps) =>
      act('writing the hosts file', () => {
        directory(pod.metadata).hosts = podIps.join(' ');
      }),
    prepareContainer: (pod, container, attempt) =>
      act('preparing the container', () => {
        directory(pod.metadata).files.add(`${container.name}/${attempt}`);
        return `${rootDir}/pods/${pod.metadata.uid}/containers/${container.name}/${attempt}`;
      }),
    readTerminationLog: (uid, name, attempt) =>
      act('reading the termination log', () => disk.terminationLogs.get(`${uid}/${name}/${attempt}`) ?? ''),
    readLogTail: (path) => act('reading the log', () => disk.logs.get(path) ?? ''),
    removeContainerFiles: ({ uid }, containerName, attempt) =>
      act('removing the container files', () => {
        disk.pods.get(uid)?.files.delete(`${containerName}/${attempt}`);
      }),
    removePod: ({ uid }) =>
      act('removing the Pod', () => {
        disk.pods.delete(uid);
      }),
    listPods: () =>
      act('listing Pods', () => [...disk.pods.values()].map(({ namespace, name, uid }) => ({ namespace, name, uid }))),
  };
}
