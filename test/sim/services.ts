/** What runs beside an agent's loop, on the simulated machine: shutdowns, archives of images, image garbage. */
import type { Cri } from '../../src/cri/port.ts';
import type { Env } from '../../src/kubelet/env.ts';
import type { Archive, ArchiveStore } from '../../src/kubelet/images/archive-store.ts';
import { type Disk, ImageCollector } from '../../src/kubelet/images/collect-images.ts';
import { Preloader } from '../../src/kubelet/images/preload.ts';
import { normalizeReference } from '../../src/kubelet/images/registry-auth.ts';
import type { Kubelet } from '../../src/kubelet/loop.ts';
import type { NodeShutdown, ShutdownMemory, StoppedContainers } from '../../src/kubelet/shutdown.ts';
import type { Life } from './agent-life.ts';
import type { Clock } from './env.ts';
import type { HostFaults } from './fake-host.ts';
import type { Images } from './images.ts';
import type { FakePower } from './power.ts';
import type { Random } from './random.ts';

/** Of the kubelet's defaults. */
const IMAGE_GC = { highPercent: 85, lowPercent: 80, minAgeMs: 120_000, maxAgeMs: 0 };
const CAPACITY_BYTES = 10_000_000;

/** What of the machine's disk the services know; it outlives the agent. */
export class FakeStorage {
  readonly archives = new Map<string, Archive & { image: string }>();
  /** Of 100. */
  fullPercent = 50;
  #archiveState: string | undefined;
  stopped: StoppedContainers = new Map();
  readonly #watchers = new Set<() => void>();

  /** Puts an archive with one image into place; a new one each time. */
  putArchive(name: string, image: string, mtimeMs: number): void {
    this.archives.set(name, { name, image, sizeBytes: 1000, mtimeMs });
    for (const watcher of this.#watchers) watcher();
  }

  store(life: Life): ArchiveStore {
    return {
      open: () => life.guard(async () => {}),
      list: () => life.guard(async () => [...this.archives.values()].map(({ image: _, ...archive }) => archive)),
      readState: () =>
        life.guard(async () => {
          if (this.#archiveState === undefined) throw new Error('there is none');
          return this.#archiveState;
        }),
      writeState: (text) =>
        life.guard(async () => {
          this.#archiveState = text;
        }),
      watch: (changed) => {
        this.#watchers.add(changed);
        const unwatch = () => this.#watchers.delete(changed);
        life.onDeath(unwatch);
        return unwatch;
      },
    };
  }

  shutdownMemory(life: Life): ShutdownMemory {
    return {
      stopped: this.stopped,
      keep: (stopped) =>
        life.guard(async () => {
          this.stopped = stopped;
        }),
    };
  }

  disk(): Disk {
    return { capacityBytes: CAPACITY_BYTES, availableBytes: (CAPACITY_BYTES / 100) * (100 - this.fullPercent) };
  }
}

export interface ServicesOptions {
  readonly env: Env;
  readonly cri: Cri;
  readonly clock: Clock;
  readonly random: Random;
  readonly life: Life;
  readonly kubelet: Kubelet;
  readonly shutdown: NodeShutdown;
  /** A shutdown is held up; else it is nothing to the agent, as without the setting. */
  readonly guard: boolean;
  readonly storage: FakeStorage;
  readonly power: FakePower;
  readonly images: Images;
  readonly faults: () => HostFaults;
  /** Of this agent. */
  readonly name: string;
  readonly record: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
}

/** Runs them until `signal` aborts or the agent dies. */
export function runServices(options: ServicesOptions, signal: AbortSignal): void {
  const { env, cri, life, kubelet, storage, clock, random, images, faults, record } = options;
  const preloader = new Preloader({
    env,
    rootDir: '/var/lib/rower',
    store: storage.store(life),
    importArchive: (path) =>
      life.guard(async () => {
        await clock.sleep(random.between(100, 3000));
        const archive = storage.archives.get(path.slice(path.lastIndexOf('/') + 1));
        if (!archive || random.chance(faults().fails)) throw new Error('it is damaged (injected)');
        images.add(archive.image);
        return [archive.image];
      }),
    isPresent: async (image) => (await cri.imageStatus(image)) !== undefined,
    arrived: (archive, names) => {
      record('Normal', 'ImagesImported', `Imported ${names.join()} from ${archive}`);
      const arrived = new Set(names.map(normalizeReference));
      kubelet.imagesArrived((image) => arrived.has(normalizeReference(image)));
    },
    failed: (archive, message) => record('Warning', 'FailedImport', `Failed to import ${archive}: ${message}`),
  });
  const collector = new ImageCollector({
    env,
    cri,
    settings: IMAGE_GC,
    wanted: () => {
      const wanted = kubelet.wantedImages();
      return wanted && [...wanted, ...preloader.images()];
    },
    record,
    diskOf: () => life.guard(async () => storage.disk()),
  });
  void preloader.run(signal);
  void collector.run(signal);
  if (options.guard) guardShutdown(options, signal);
}

/** As `watchShutdown` does with the real one: the lock is held until everything has ended, and taken again afterwards. */
function guardShutdown({ power, shutdown, life, name }: ServicesOptions, signal: AbortSignal): void {
  let shutdowns = 0;
  let goingDown = false;
  const look = () => {
    if (power.preparing === goingDown) return;
    goingDown = power.preparing;
    if (goingDown) {
      const current = shutdowns;
      void shutdown.begin().then(() => {
        if (life.alive && shutdowns === current) power.release(name);
      });
    } else {
      shutdowns += 1;
      shutdown.cancel();
      power.lock(name);
    }
  };
  const end = () => {
    unwatch();
    power.release(name);
  };
  const unwatch = power.watch(look);
  life.onDeath(end);
  signal.addEventListener('abort', end, { once: true });
  power.lock(name);
  look();
}
