/**
 * The cgroup of each Pod, parent of its containers' (pkg/kubelet/cm/pod_container_manager_linux.go, qos_container_
 * manager_linux.go). Runtimes make missing parents but give them no limits; limits of the Pod as a whole and the weights
 * of the classes against each other are ours. With the systemd driver each group is a slice of the same place, and
 * systemd is told everything first: it writes groups anew, and only what it knows.
 *
 *   kubepods            all Pods: what the machine has for them
 *   ├── pod<uid>        Guaranteed
 *   ├── burstable       weight: the sum of its Pods'
 *   │   └── pod<uid>
 *   └── besteffort      the smallest weight
 *       └── pod<uid>
 */
import { constants } from 'node:fs';
import { mkdir, open, readdir, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Env, sleep } from '../env.ts';
import { together } from '../limits.ts';
import type { Node } from '../node.ts';
import { podCgroupParent, podCgroupPath, tierCgroupPath } from '../sandbox/cgroups.ts';
import {
  CPU_PERIOD_US,
  clampShares,
  MIN_SHARES,
  milliCpuToShares,
  sharesToWeight,
  weightToShares,
} from '../sandbox/cpu.ts';
import type { QosClass } from '../sandbox/qos.ts';
import { type PodCgroupValues, podCgroupValues } from '../sandbox/resources.ts';
import type { Pod } from '../types.ts';
import { errorCode, isMissing, readLimited } from './files.ts';
import type { Property, Slices } from './slices.ts';

const CLASSES: readonly QosClass[] = ['Guaranteed', 'Burstable', 'BestEffort'];
const CONTROLLERS = ['cpuset', 'cpu', 'io', 'memory', 'hugetlb', 'pids'];
/** A group stays busy for a moment after its last process. */
const REMOVE_TRIES = 10;
const REMOVE_PAUSE_MS = 50;
const MAX_DEPTH = 16;
const VALUE_LIMIT_BYTES = 4096;
const NO_LIMIT = 0xffff_ffff_ffff_ffffn;

export interface PodCgroupsOptions {
  env: Env;
  /** Read anew each time: driver and addresses may become known later. */
  node: Node;
  /** Where the cgroup file system is mounted. */
  fsRoot: string;
  /** Of systemd. */
  slices: Slices;
}

export class PodCgroups {
  readonly #o: PodCgroupsOptions;
  /** Weights of the classes are sums over their Pods: computed one at a time, or the last write would not be the newest. */
  #weights: Promise<void> = Promise.resolve();
  #isBalanceDue = false;

  constructor(options: PodCgroupsOptions) {
    this.#o = options;
  }

  /** Makes the Pod's group with its limits. Idempotent. Throws with the text of the failed write. See `balanced`. */
  async ensure(pod: Pod): Promise<void> {
    const { node, slices } = this.#o;
    const path = podCgroupParent(pod, node);
    if (node.cgroupDriver === 'systemd') {
      const tiers = CLASSES.map((qos) => tierCgroupPath(qos, node));
      await slices.start([...tiers, path]);
    }
    await Promise.all((await this.#hierarchies()).map((hierarchy) => makeGroup(join(hierarchy, path))));
    if (node.cgroupVersion === 2) await this.#enableControllers(dirname(path));
    await this.#write(path, podSettings(podCgroupValues(pod, node), node.cgroupVersion));
    this.#balance();
  }

  /** Of the Pod's limits only those that grow: what is in the group may have been given more. */
  async raise(pod: Pod): Promise<void> {
    const { node, fsRoot } = this.#o;
    const path = podCgroupParent(pod, node);
    const settings = podSettings(podCgroupValues(pod, node), node.cgroupVersion);
    const growing = await Promise.all(
      settings.map(async (setting) => {
        const now = await readLimited(fileOf(fsRoot, path, setting, node.cgroupVersion), VALUE_LIMIT_BYTES).catch(
          () => undefined,
        );
        return now !== undefined && isMore(setting.value, now.toString()) ? [setting] : [];
      }),
    );
    await this.#write(path, growing.flat());
  }

  /** Removes the Pod's group, of whatever class, and classes without Pods. Throws as long as a process is in it. */
  async remove(uid: string): Promise<void> {
    const { node, slices } = this.#o;
    const isSystemd = node.cgroupDriver === 'systemd';
    const hierarchies = await this.#hierarchies();
    const removals = hierarchies.map(async (hierarchy) => {
      for (const qos of CLASSES) await this.#removeGroup(join(hierarchy, podCgroupPath(uid, qos, node)));
    });
    await together(removals);
    // Stopping a slice kills what is in it: only now that nothing was.
    if (isSystemd) await slices.stop(CLASSES.map((qos) => podCgroupPath(uid, qos, node)));
    for (const hierarchy of isSystemd ? [] : hierarchies)
      for (const qos of CLASSES.toReversed()) await rmdir(join(hierarchy, tierCgroupPath(qos, node))).catch(() => {});
    this.#balance();
  }

  /** Resolves when the classes have the weights of the Pods that are there now. */
  balanced(): Promise<void> {
    return this.#weights;
  }

  /** Version 1 has a tree per controller (links are second names of one), version 2 a single tree. */
  async #hierarchies(): Promise<string[]> {
    const { fsRoot, node } = this.#o;
    if (node.cgroupVersion === 2) return [fsRoot];
    const entries = await readdir(fsRoot, { withFileTypes: true });
    const trees = entries.filter((entry) => entry.isDirectory()).map((entry) => join(fsRoot, entry.name));
    // An empty directory is one where nothing is mounted.
    const mounted = await Promise.all(trees.map(async (tree) => (await readdir(tree)).length > 0));
    return trees.filter((_, index) => mounted[index]);
  }

  /** In version 2 a group has the controllers that all groups above it pass on. */
  async #enableControllers(path: string): Promise<void> {
    let group = this.#o.fsRoot;
    for (const part of ['', ...path.split('/').filter((one) => one !== '')]) {
      group = join(group, part);
      const available = (await readLimited(join(group, 'cgroup.controllers'), VALUE_LIMIT_BYTES))
        .toString()
        .split(/\s+/);
      // One by one: the kernel refuses a line as a whole, e.g. `cpu` while a real-time process is about.
      for (const controller of CONTROLLERS.filter((one) => available.includes(one)))
        await writeValue(join(group, 'cgroup.subtree_control'), `+${controller}`).catch((error: unknown) => {
          this.#o.env.log.warn({ error: String(error), group }, `Pods are not limited by the ${controller} controller`);
        });
    }
  }

  /** A controller that the machine does not have is left out. */
  async #write(path: string, settings: readonly Setting[]): Promise<void> {
    const { fsRoot, node, slices } = this.#o;
    if (node.cgroupDriver === 'systemd')
      await slices.set(
        path,
        settings.flatMap(({ property }) => (property ? [property] : [])),
      );
    await together(
      settings.map((setting) => writeValue(fileOf(fsRoot, path, setting, node.cgroupVersion), setting.value)),
    );
  }

  /**
   * Weights only matter under load: no start waits for them, one pass serves all that asked before it began, and a
   * failure is told and nothing more.
   */
  #balance(): void {
    if (this.#isBalanceDue) return;
    this.#isBalanceDue = true;
    this.#weights = this.#weights.then(async () => {
      this.#isBalanceDue = false;
      const { node, env } = this.#o;
      const { cpuMillis, memoryBytes } = node.allocatable ?? node;
      try {
        await this.#write(tierCgroupPath('Guaranteed', node), [
          cpuShares(milliCpuToShares(cpuMillis), node.cgroupVersion),
          // More reserved than there is: a limit of nothing would kill every Pod.
          ...(memoryBytes > 0 ? [memoryLimit(memoryBytes, node.cgroupVersion)] : []),
        ]);
        const burstable = tierCgroupPath('Burstable', node);
        await this.#write(burstable, [cpuShares(await this.#sharesBelow(burstable), node.cgroupVersion)]);
        await this.#write(tierCgroupPath('BestEffort', node), [cpuShares(MIN_SHARES, node.cgroupVersion)]);
      } catch (error) {
        env.log.warn({ error: String(error) }, 'cannot set the limits of the cgroups above the Pods');
      }
    });
  }

  /** The groups themselves are the record of what their Pods request: nothing to keep, nothing to lose. */
  async #sharesBelow(path: string): Promise<number> {
    const { fsRoot, node } = this.#o;
    const group = node.cgroupVersion === 2 ? join(fsRoot, path) : join(fsRoot, 'cpu', path);
    let sum = 0;
    for (const entry of await readdir(group, { withFileTypes: true }).catch(() => [])) {
      if (!entry.isDirectory()) continue;
      const { file, parse } = node.cgroupVersion === 2 ? WEIGHT : SHARES;
      const value = await readLimited(join(group, entry.name, file), VALUE_LIMIT_BYTES).catch(() => '0');
      sum += parse(Number(value.toString().trim()));
    }
    return clampShares(sum);
  }

  /** With the empty groups that a container left in it. */
  async #removeGroup(group: string, depth = 1): Promise<void> {
    const entries = await readdir(group, { withFileTypes: true }).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const entry of entries)
      if (entry.isDirectory() && depth < MAX_DEPTH) await this.#removeGroup(join(group, entry.name), depth + 1);
    for (let tries = 1; ; tries += 1) {
      try {
        return await rmdir(group);
      } catch (error) {
        if (isMissing(error)) return;
        if (errorCode(error) !== 'EBUSY' || tries === REMOVE_TRIES) throw error;
        await sleep(this.#o.env, REMOVE_PAUSE_MS);
      }
    }
  }
}

interface Setting {
  /** Tree of version 1. */
  controller: string;
  file: string;
  value: string;
  /** The same for systemd, of what it knows. */
  property?: Property;
}

function fileOf(fsRoot: string, path: string, { controller, file }: Setting, version: 1 | 2): string {
  return join(fsRoot, version === 2 ? '' : controller, path, file);
}

/** By the first number; `max` and negative ones are no limit. Both versions write the quota before the period. */
function isMore(wanted: string, now: string): boolean {
  const limit = (text: string) => {
    const number = Number(text.trim().split(' ')[0]);
    return Number.isNaN(number) || number < 0 ? Number.POSITIVE_INFINITY : number;
  };
  return limit(wanted) > limit(now);
}

const SHARES = { file: 'cpu.shares', parse: (shares: number) => shares };
const WEIGHT = { file: 'cpu.weight', parse: weightToShares };

function podSettings(values: PodCgroupValues, version: 1 | 2): Setting[] {
  const { cpuShares: shares, cpuQuotaUs, memoryLimitBytes, pidsLimit, hugePages } = values;
  const v2 = version === 2;
  const property = quotaProperty(cpuQuotaUs);
  const quota: Setting[] = v2
    ? [{ controller: 'cpu', file: 'cpu.max', value: `${cpuQuotaUs ?? 'max'} ${CPU_PERIOD_US}`, property }]
    : [
        { controller: 'cpu', file: 'cpu.cfs_period_us', value: String(CPU_PERIOD_US) },
        { controller: 'cpu', file: 'cpu.cfs_quota_us', value: String(cpuQuotaUs ?? -1), property },
      ];
  return [
    cpuShares(shares, version),
    ...quota,
    ...(memoryLimitBytes === undefined ? [] : [memoryLimit(memoryLimitBytes, version)]),
    ...(pidsLimit === undefined ? [] : [pidsMax(pidsLimit)]),
    ...hugePages.map(({ pageSize, limit }) => ({
      controller: 'hugetlb',
      file: `hugetlb.${pageSize}.${v2 ? 'max' : 'limit_in_bytes'}`,
      value: String(limit),
    })),
  ];
}

function cpuShares(shares: number, version: 1 | 2): Setting {
  const weight = sharesToWeight(shares);
  return version === 2
    ? { controller: 'cpu', file: WEIGHT.file, value: String(weight), property: ['CPUWeight', 't', BigInt(weight)] }
    : { controller: 'cpu', file: SHARES.file, value: String(shares), property: ['CPUShares', 't', BigInt(shares)] };
}

function memoryLimit(bytes: number, version: 1 | 2): Setting {
  const [file, name] = version === 2 ? ['memory.max', 'MemoryMax'] : ['memory.limit_in_bytes', 'MemoryLimit'];
  return { controller: 'memory', file, value: String(bytes), property: [name, 't', BigInt(bytes)] };
}

function pidsMax(limit: number): Setting {
  return { controller: 'pids', file: 'pids.max', value: String(limit), property: ['TasksMax', 't', BigInt(limit)] };
}

/** Microseconds in a second. systemd counts in hundredths of a cpu: rounded up, or containers could not have theirs. */
function quotaProperty(quotaUs: number | undefined): Property {
  const hundredths = quotaUs === undefined ? undefined : Math.ceil((quotaUs * 100) / CPU_PERIOD_US);
  return ['CPUQuotaPerSecUSec', 't', hundredths === undefined ? NO_LIMIT : BigInt(hundredths) * 10_000n];
}

/** Another Pod's removal may take an empty class away in between. */
async function makeGroup(path: string): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await mkdir(path, { recursive: true });
      return;
    } catch (error) {
      if (!isMissing(error) || tries === 3) throw error;
    }
  }
}

/** Without creating: a file that is not there belongs to a controller that is not there. */
async function writeValue(path: string, value: string): Promise<void> {
  try {
    const file = await open(path, constants.O_WRONLY);
    try {
      await file.writeFile(value);
    } finally {
      await file.close();
    }
  } catch (error) {
    if (isMissing(error)) return;
    throw new Error(`cannot write "${value}" to ${path}`, { cause: error });
  }
}
