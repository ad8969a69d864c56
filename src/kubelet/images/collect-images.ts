import { statfs } from 'node:fs/promises';
import type * as cri from '../../cri/port.ts';
import { type Env, sleep } from '../env.ts';
import { type GcSettings, type ImageUse, idsOf, planImageGc } from './gc-plan.ts';
import { normalizeReference } from './registry-auth.ts';

const PERIOD_MS = 5 * 60_000;
/** The first look: soon enough to know what is in use, late enough for Pods to have come up. */
const FIRST_MS = 60_000;

export interface Disk {
  readonly capacityBytes: number;
  readonly availableBytes: number;
}

export interface CollectImagesOptions {
  readonly env: Env;
  readonly cri: cri.Cri;
  readonly settings: GcSettings;
  /** Images of wanted Pods and preloaded ones; undefined as long as not everything wanted is known: then nothing goes. */
  readonly wanted: () => Iterable<string> | undefined;
  /** Of the node: there is no Pod to blame. */
  readonly record: (type: 'Normal' | 'Warning', reason: string, message: string) => void;
  /** Room on the file system of a directory. */
  readonly diskOf?: (directory: string) => Promise<Disk>;
}

/** Removes images that nothing needs, by age and when their disk is full, every five minutes. */
export class ImageCollector {
  readonly #o: CollectImagesOptions;
  readonly #startedMs: number;
  /** By id; images that are gone are forgotten. */
  #uses = new Map<string, ImageUse>();
  #failures = 0;

  constructor(options: CollectImagesOptions) {
    this.#o = options;
    this.#startedMs = options.env.nowMs();
  }

  /** Until `signal` aborts. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { env, record, settings } = this.#o;
    await sleep(env, FIRST_MS, signal);
    while (!signal.aborted) {
      try {
        await this.collect(settings);
        this.#failures = 0;
      } catch (error) {
        this.#failures += 1;
        const message = error instanceof Error ? error.message : String(error);
        env.log.warn({ error: message }, 'images could not be collected; tried again in five minutes');
        // The first one may be a runtime that is still starting.
        if (this.#failures > 1) record('Warning', 'ImageGCFailed', message);
      }
      await sleep(env, PERIOD_MS, signal);
    }
  }

  /** One look. Rejects when the disk stays too full. */
  async collect(settings: GcSettings): Promise<void> {
    const { env, cri, wanted, record } = this.#o;
    const references = wanted();
    if (!references) return;
    // Every container of the runtime, whoever made it: the images are shared.
    const [images, containers, sandboxImage = '', disk] = await Promise.all([
      cri.listImages(),
      cri.listContainers({}),
      cri.sandboxImage(),
      this.#disk(),
    ]);
    const nowMs = env.nowMs();
    const used = idsOf(
      images,
      containers.flatMap(({ image, imageRef }) => [image, imageRef]),
      normalizeReference,
    );
    this.#note(images, used, nowMs);
    const needed = new Set([...used, ...idsOf(images, [...references, sandboxImage], normalizeReference)]);
    const { candidates, bytesToFree } = planImageGc({
      images,
      uses: this.#uses,
      needed,
      disk,
      nowMs,
      startedMs: this.#startedMs,
      settings,
    });
    let freedBytes = 0;
    const problems: string[] = [];
    for (const { image, old } of candidates) {
      if (!old && freedBytes >= bytesToFree) continue;
      try {
        await cri.removeImage(image.id);
        freedBytes += image.sizeBytes;
        this.#uses.delete(image.id);
        env.log.info(
          { image: image.repoTags[0] ?? image.repoDigests[0] ?? image.id, sizeBytes: image.sizeBytes },
          old ? 'an image that was unused for too long is removed' : 'an unused image is removed to make room',
        );
      } catch (error) {
        problems.push(error instanceof Error ? error.message : String(error));
      }
    }
    if (freedBytes >= bytesToFree) return;
    const message = `Failed to garbage collect required amount of images. Attempted to free ${bytesToFree} bytes, but only found ${freedBytes} bytes eligible to free.`;
    record('Warning', 'FreeDiskSpaceFailed', message);
    throw new Error([message, ...problems].join(' '));
  }

  #note(images: readonly cri.Image[], used: ReadonlySet<string>, nowMs: number): void {
    const uses = new Map<string, ImageUse>();
    for (const { id } of images) {
      const before = this.#uses.get(id) ?? { detectedMs: nowMs };
      uses.set(id, used.has(id) ? { ...before, lastUsedMs: nowMs } : before);
    }
    this.#uses = uses;
  }

  /** Of the file system with the images. */
  async #disk(): Promise<Disk | undefined> {
    const { cri, record, diskOf = roomOn } = this.#o;
    const [usage] = await cri.imageFsInfo();
    if (!usage?.mountpoint) return undefined;
    const disk = await diskOf(usage.mountpoint);
    if (disk.capacityBytes > 0) return disk;
    const message = `invalid capacity ${disk.capacityBytes} on image filesystem`;
    record('Warning', 'InvalidDiskCapacity', message);
    throw new Error(message);
  }
}

async function roomOn(directory: string): Promise<Disk> {
  const { bsize, blocks, bavail } = await statfs(directory);
  return { capacityBytes: blocks * bsize, availableBytes: bavail * bsize };
}
