/** Which images go when the disk is full, or when they are old (pkg/kubelet/images/image_gc_manager.go). Pure. */
import type { Image } from '../../cri/port.ts';

export interface ImageUse {
  /** When this process first saw it. Wall clock, like the next. */
  readonly detectedMs: number;
  /** When it was last seen in use; absent: never. */
  readonly lastUsedMs?: number;
}

export interface GcSettings {
  readonly highPercent: number;
  readonly lowPercent: number;
  readonly minAgeMs: number;
  /** 0 is never. */
  readonly maxAgeMs: number;
}

export interface GcInput {
  readonly images: readonly Image[];
  /** By image id. */
  readonly uses: ReadonlyMap<string, ImageUse>;
  /** Ids of what must stay: of any container in any state, of wanted Pods, preloaded. */
  readonly needed: ReadonlySet<string>;
  readonly disk: { readonly capacityBytes: number; readonly availableBytes: number } | undefined;
  readonly nowMs: number;
  /** When the agent started: before it has run for the maximum age, nothing can have been unused for so long. */
  readonly startedMs: number;
  readonly settings: GcSettings;
}

export interface Candidate {
  readonly image: Image;
  /** Freed anyway: unused for too long. Else only as long as room is needed. */
  readonly old: boolean;
}

export interface GcPlan {
  /** In the order in which they go. */
  readonly candidates: readonly Candidate[];
  /** How much has to be freed; 0 when the disk has room. */
  readonly bytesToFree: number;
}

/** What may go, the longest unused first, and how much has to. */
export function planImageGc({ images, uses, needed, disk, nowMs, startedMs, settings }: GcInput): GcPlan {
  const useOf = (image: Image): ImageUse => uses.get(image.id) ?? { detectedMs: nowMs };
  const lastSeen = (image: Image): number => useOf(image).lastUsedMs ?? useOf(image).detectedMs;
  const free = images
    .filter((image) => !image.pinned && !needed.has(image.id) && nowMs - useOf(image).detectedMs >= settings.minAgeMs)
    .sort((a, b) => lastSeen(a) - lastSeen(b) || useOf(a).detectedMs - useOf(b).detectedMs || (a.id < b.id ? -1 : 1));
  const aged = settings.maxAgeMs > 0 && nowMs - startedMs > settings.maxAgeMs;
  return {
    candidates: free.map((image) => ({ image, old: aged && nowMs - lastSeen(image) > settings.maxAgeMs })),
    bytesToFree: disk ? bytesToFree(disk, settings) : 0,
  };
}

function bytesToFree(
  { capacityBytes, availableBytes }: NonNullable<GcInput['disk']>,
  { highPercent, lowPercent }: GcSettings,
): number {
  const usedPercent = 100 - Math.floor((availableBytes * 100) / capacityBytes);
  return usedPercent >= highPercent
    ? Math.max(0, Math.floor((capacityBytes * (100 - lowPercent)) / 100) - availableBytes)
    : 0;
}

/** Ids of the images that references mean: an id, a tag or a digest, with or without the parts that go without saying. */
export function idsOf(
  images: readonly Image[],
  references: Iterable<string>,
  normalize: (reference: string) => string,
): Set<string> {
  const byName = new Map<string, string>();
  for (const { id, repoTags, repoDigests } of images) {
    for (const name of [id, ...repoTags.map(normalize), ...repoDigests.map(normalize)]) byName.set(name, id);
  }
  const ids = new Set<string>();
  for (const reference of references) {
    const id = byName.get(reference) ?? byName.get(normalize(reference));
    if (id !== undefined) ids.add(id);
  }
  return ids;
}
