/**
 * What Pods receive and send, from the kernel: CRI tells bytes and errors only, and some runtimes nothing. The counters
 * are those of `/proc/PID/net/dev`, where PID is a process of the Pod's own network namespace.
 */
import { readlinkSync } from 'node:fs';
import type { InterfaceUsage } from '../cri/stats.ts';
import type { Node } from '../kubelet/node.ts';
import { CGROUP_ROOT, containerCgroups } from './cgroup-usage.ts';
import { readKernelFile } from './kernel-file.ts';
import { parseNetDev } from './net-dev.ts';

const CLASSES = ['BestEffort', 'Burstable', 'Guaranteed'] as const;
/** Hierarchies of cgroup version 1 that a container is in. */
const CONTROLLERS = ['pids', 'memory', 'cpu'];

export interface NetworkSubject {
  readonly uid: string;
  /** A container or sandbox of the Pod that runs. */
  readonly id: string;
}

export interface PodNetworksOptions {
  readonly node: Node;
  readonly procRoot?: string;
  readonly cgroupRoot?: string;
}

export class PodNetworks {
  readonly #o: Required<PodNetworksOptions>;
  /** A process of each sandbox or container; undefined: it has no network of its own. Looked for once. */
  #processes = new Map<string, number | undefined>();

  constructor({ node, procRoot = '/proc', cgroupRoot = CGROUP_ROOT }: PodNetworksOptions) {
    this.#o = { node, procRoot, cgroupRoot };
  }

  /** Interfaces by uid; Pods in the machine's own network, and those that cannot be read, are left out. */
  read(subjects: readonly NetworkSubject[]): ReadonlyMap<string, readonly InterfaceUsage[]> {
    const known = this.#processes;
    this.#processes = new Map(subjects.flatMap(({ id }) => (known.has(id) ? [[id, known.get(id)]] : [])));
    const own = this.#namespaceOf('self');
    return new Map(
      subjects.flatMap((one) => {
        const list = this.#interfaces(one, own);
        return list ? [[one.uid, list] as const] : [];
      }),
    );
  }

  #interfaces({ uid, id }: NetworkSubject, own: string | undefined): InterfaceUsage[] | undefined {
    if (!this.#processes.has(id)) {
      const found = this.#processOf(uid, id);
      if (found === undefined) return undefined;
      const namespace = this.#namespaceOf(found);
      if (namespace === undefined) return undefined;
      this.#processes.set(id, namespace === own ? undefined : found);
    }
    const pid = this.#processes.get(id);
    if (pid === undefined) return undefined;
    const table = readKernelFile(`${this.#o.procRoot}/${pid}/net/dev`);
    if (table !== undefined) return parseNetDev(table);
    this.#processes.delete(id);
    return undefined;
  }

  #processOf(uid: string, id: string): number | undefined {
    const { node, cgroupRoot } = this.#o;
    const roots = node.cgroupVersion === 2 ? [cgroupRoot] : CONTROLLERS.map((name) => `${cgroupRoot}/${name}`);
    for (const qos of CLASSES) {
      for (const path of containerCgroups(uid, qos, id, node)) {
        for (const root of roots) {
          const first = /^\d+/.exec(readKernelFile(`${root}/${path}/cgroup.procs`) ?? '')?.[0];
          if (first !== undefined) return Number(first);
        }
      }
    }
    return undefined;
  }

  #namespaceOf(pid: number | 'self'): string | undefined {
    try {
      return readlinkSync(`${this.#o.procRoot}/${pid}/ns/net`);
    } catch {
      return undefined;
    }
  }
}
