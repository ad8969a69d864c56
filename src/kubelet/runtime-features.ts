import type { RuntimeStatus } from '../cri/port.ts';

/** What the runtime can do beyond what every one can. */
export interface RuntimeFeatures {
  /** For messages, e.g. `containerd v1.6.20`. */
  readonly runtime: string;
  /** Mounts of the content of an image. */
  readonly imageVolumes: boolean;
  /** Groups of the image's own files can be left out. */
  readonly supplementalGroupsPolicy: boolean;
  /** Of one of its ways to run containers; empty is its default. A runtime that does not tell can do neither. */
  readonly handler: (name: string) => HandlerFeatures;
}

export interface HandlerFeatures {
  /** Mounts that are read-only with everything below them. */
  readonly recursiveReadOnly: boolean;
  readonly userNamespaces: boolean;
}

/** The first versions that mount images; runtimes do not tell it otherwise. */
const IMAGE_VOLUMES_SINCE: Readonly<Record<string, readonly [number, number]>> = {
  containerd: [2, 1],
  'cri-o': [1, 31],
};

/** Nothing is known of a runtime that has not answered. */
export function runtimeFeatures(
  name: string,
  version: string,
  {
    runtimeHandlers: handlers = [],
    supplementalGroupsPolicy = false,
  }: Pick<RuntimeStatus, 'runtimeHandlers' | 'supplementalGroupsPolicy'> = {},
): RuntimeFeatures {
  const since = Object.hasOwn(IMAGE_VOLUMES_SINCE, name) ? IMAGE_VOLUMES_SINCE[name] : undefined;
  return {
    runtime: `${name} ${version}`.trim(),
    supplementalGroupsPolicy,
    imageVolumes: since === undefined || isAtLeast(version, since),
    handler: (wanted) => {
      const found = handlers.find((handler) => handler.name === wanted);
      return {
        recursiveReadOnly: found?.recursiveReadOnlyMounts ?? false,
        userNamespaces: found?.userNamespaces ?? false,
      };
    },
  };
}

function isAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const [, first, second] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (first === undefined || second === undefined) return true;
  return Number(first) > major || (Number(first) === major && Number(second) >= minor);
}
