/** Looks every ten seconds, as the kubelet does, how much memory, disk and process ids the machine has left. */
import { access, constants, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cri } from '../cri/port.ts';
import { type Env, sleep } from './env.ts';
import { messageOf } from './sources/regular-file.ts';
import {
  isUnder,
  type PressureCondition,
  pressureConditions,
  pressureEvents,
  type Room,
  type Rooms,
  type Thresholds,
} from './status/pressure.ts';
import { errorCode, readLimited } from './volumes/files.ts';

const PERIOD_MS = 10_000;
/** The runtime keeps its images in one place; it is asked again this often, and after it did not answer. */
const IMAGES_PERIOD_MS = 5 * 60_000;
const LIMIT_BYTES = 64 * 1024;

/** What a Node object tells of the machine beside what is fixed. */
export interface MachineState {
  readonly conditions: readonly PressureCondition[];
}

export interface NodePressureOptions {
  readonly env: Env;
  readonly cri: Pick<Cri, 'imageFsInfo'>;
  readonly rootDir: string;
  /** Of the node's file systems too (`nodefs`), though it may be on a disk of its own. */
  readonly podLogsDir: string;
  readonly thresholds: Thresholds;
  readonly transitionMs: number;
  /** The reason of an event about the node. */
  readonly record: (reason: string) => void;
  /** Told once of what the owner of the machine has to mend: a warning event. */
  readonly complain: (reason: string, message: string) => void;
  /** Where procfs is. */
  readonly procRoot?: string;
  /** Room on the file system of a path. */
  readonly diskOf?: (path: string) => Promise<Disk>;
}

export interface Disk {
  readonly bytes: Room;
  readonly inodes: Room;
}

export class NodePressure {
  readonly #o: NodePressureOptions;
  readonly #listeners = new Set<() => void>();
  #state: MachineState = { conditions: [] };
  /** Directories that were found on a file system that is read-only. */
  readonly #readOnly = new Set<string>();
  #images: { readonly path: string; readonly askedMs: number } | undefined;

  constructor(options: NodePressureOptions) {
    this.#o = options;
  }

  state(): MachineState {
    return this.#state;
  }

  /** Calls `listener` when a condition changes. Returns how to stop. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.look();
      await sleep(this.#o.env, PERIOD_MS, signal);
    }
  }

  /** One look. Never rejects. */
  async look(): Promise<void> {
    const { env, rootDir, podLogsDir, thresholds, transitionMs, record } = this.#o;
    await Promise.all([rootDir, podLogsDir].map((directory) => this.#checkWritable(directory)));
    const before = this.#state.conditions;
    const rooms = await this.#measure();
    const conditions = pressureConditions({ thresholds, rooms, before, nowMs: env.nowMs(), transitionMs });
    this.#state = { conditions };
    for (const reason of pressureEvents(before, conditions)) record(reason);
    for (const { type, status, message } of conditions)
      if (status === 'True' && !before.some((one) => one.type === type && one.status === 'True'))
        env.log.warn({ condition: type, rootDir, podLogsDir }, `${message}; nothing is evicted: make room`);
    if (textOf(before) === textOf(conditions)) return;
    for (const listener of this.#listeners) listener();
  }

  async #measure(): Promise<Rooms> {
    const { rootDir, podLogsDir, diskOf = realDisk } = this.#o;
    const [memory, processes, root, logs, images] = await Promise.all([
      this.#memory(),
      this.#processes(),
      diskOf(rootDir).catch(() => undefined),
      diskOf(podLogsDir).catch(() => undefined),
      this.#imagesPath().then((path) => (path === undefined ? undefined : diskOf(path).catch(() => undefined))),
    ]);
    return {
      ...(memory && { 'memory.available': memory }),
      ...(processes && { 'pid.available': processes }),
      ...(root && {
        'nodefs.available': this.#lesser('nodefs.available', root.bytes, logs?.bytes),
        'nodefs.inodesFree': this.#lesser('nodefs.inodesFree', root.inodes, logs?.inodes),
      }),
      ...(images && {
        'imagefs.available': images.bytes,
        'imagefs.inodesFree': images.inodes,
        // containerd and CRI-O keep the layers of containers beside their images.
        'containerfs.available': images.bytes,
        'containerfs.inodesFree': images.inodes,
      }),
    };
  }

  /** Of two file systems of one signal: the one that is under its threshold. */
  #lesser(signal: string, one: Room, other: Room | undefined): Room {
    return other && isUnder(other, this.#o.thresholds[signal] ?? '') ? other : one;
  }

  /** A kernel makes a file system read-only when its disk fails: nothing tells of it until somebody wants to write. */
  async #checkWritable(directory: string): Promise<void> {
    const error = await access(directory, constants.W_OK).catch((error: unknown) => error);
    if (errorCode(error) !== 'EROFS') {
      if (this.#readOnly.delete(directory)) this.#o.env.log.info({ directory }, 'the file system can be written again');
    } else if (!this.#readOnly.has(directory)) {
      this.#readOnly.add(directory);
      this.#o.complain('FilesystemIsReadOnly', `What runs runs on, and nothing new can start: ${messageOf(error)}`);
    }
  }

  async #memory(): Promise<Room | undefined> {
    const meminfo = await this.#proc('meminfo');
    const bytes = (name: string) =>
      Number(new RegExp(`^${name}: +(\\d+) kB$`, 'm').exec(meminfo)?.[1] ?? Number.NaN) * 1024;
    return room(bytes('MemAvailable'), bytes('MemTotal'));
  }

  /** As many as `pid_max` and `threads-max` allow, less what there is. */
  async #processes(): Promise<Room | undefined> {
    const [loadavg, ...limits] = await Promise.all(
      ['loadavg', 'sys/kernel/pid_max', 'sys/kernel/threads-max'].map((name) => this.#proc(name)),
    );
    const capacity = Math.min(...limits.map((text) => (/^\d+\s*$/.test(text) ? Number(text) : Number.NaN)));
    return room(capacity - Number(/\d+\/(\d+)/.exec(loadavg ?? '')?.[1] ?? Number.NaN), capacity);
  }

  async #imagesPath(): Promise<string | undefined> {
    const { env, cri } = this.#o;
    const nowMs = env.monotonicMs();
    if (!this.#images || nowMs - this.#images.askedMs >= IMAGES_PERIOD_MS) {
      const [first] = await cri.imageFsInfo().catch(() => []);
      this.#images = first && { path: first.mountpoint, askedMs: nowMs };
    }
    return this.#images?.path;
  }

  async #proc(name: string): Promise<string> {
    const path = join(this.#o.procRoot ?? '/proc', name);
    return (await readLimited(path, LIMIT_BYTES).catch(() => '')).toString();
  }
}

function room(available: number, capacity: number): Room | undefined {
  return Number.isFinite(available) && Number.isFinite(capacity) ? { available, capacity } : undefined;
}

/** File systems without inodes of their own (btrfs) have zero of none: no threshold is under that. */
async function realDisk(path: string): Promise<Disk> {
  const { bsize, blocks, bavail, files, ffree } = await statfs(path);
  return {
    bytes: { available: bavail * bsize, capacity: blocks * bsize },
    inodes: { available: ffree, capacity: files },
  };
}

function textOf(conditions: readonly PressureCondition[]): string {
  return conditions.map(({ type, status, message }) => `${type} ${status} ${message}`).join('\n');
}
