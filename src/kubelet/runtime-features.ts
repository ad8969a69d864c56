import type { RuntimeHandler } from '../cri/port.ts';

/** What the runtime can do beyond what every one can. */
export interface RuntimeFeatures {
  /** For messages, e.g. `containerd v1.6.20`. */
  readonly runtime: string;
  /** Mounts that are read-only with everything below them. */
  readonly recursiveReadOnly: boolean;
  /** Mounts of the content of an image. */
  readonly imageVolumes: boolean;
}

/** The first versions that mount images; runtimes do not tell it otherwise. */
const IMAGE_VOLUMES_SINCE: Readonly<Record<string, readonly [number, number]>> = {
  containerd: [2, 1],
  'cri-o': [1, 31],
};

/** Of the runtime's default handler. Nothing is known of a runtime that has not answered. */
export function runtimeFeatures(
  name: string,
  version: string,
  handlers: readonly RuntimeHandler[] = [],
): RuntimeFeatures {
  const since = Object.hasOwn(IMAGE_VOLUMES_SINCE, name) ? IMAGE_VOLUMES_SINCE[name] : undefined;
  return {
    runtime: `${name} ${version}`.trim(),
    recursiveReadOnly: handlers.find((handler) => handler.name === '')?.recursiveReadOnlyMounts ?? false,
    imageVolumes: since === undefined || isAtLeast(version, since),
  };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (first === undefined || second === undefined) return true;
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
