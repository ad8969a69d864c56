import { ConfigError } from '../sandbox/config-error.ts';
import type { Container, VolumeMount } from '../types.ts';
import { containerEnv, type EnvInput } from './env.ts';
import { expand } from './expand.ts';

/** A part of a volume that a container mounts, to be found on the machine without leaving the volume. */
export interface SubPath {
  /** Of the mount in `volumeMounts`. */
  readonly index: number;
  readonly volume: string;
  /** Relative, without `..`. */
  readonly path: string;
}

const MAX_PATH_CHARS = 4096;

/**
 * What `subPath` and `subPathExpr` ask for (pkg/kubelet/kubelet_pods.go makeMounts). `$(NAME)` is taken from the
 * container's environment, and there has to be such a variable. Throws ConfigError.
 */
export function subPathsOf(container: Container, input: EnvInput): SubPath[] {
  const mounts = container.volumeMounts ?? [];
  const env = mounts.some((mount) => mount.subPathExpr) ? containerEnv(input) : new Map<string, string>();
  return mounts.flatMap((mount, index) => {
    const path = mount.subPathExpr ? expanded(mount.subPathExpr, env) : mount.subPath;
    if (!path) return [];
    checkPath(mount, path);
    return [{ index, volume: mount.name, path }];
  });
}

function expanded(expression: string, env: ReadonlyMap<string, string>): string {
  const path = expand(
    expression,
    (name) => {
      const value = env.get(name);
      if (value === undefined) throw new ConfigError(`missing value for "${name}"`);
      return value;
    },
    MAX_PATH_CHARS,
  );
  if (path === undefined) throw new ConfigError(`the subPath is longer than ${MAX_PATH_CHARS} characters`);
  return path;
}

function checkPath(mount: VolumeMount, path: string): void {
  const what = mount.subPathExpr ? `subPath "${path}", expanded from "${mount.subPathExpr}",` : `subPath "${path}"`;
  if (path.startsWith('/')) throw new ConfigError(`error SubPath \`${path}\` must not be an absolute path`);
  if (path.split('/').includes('..')) throw new ConfigError(`${what} must not contain '..'`);
  if (path.includes('\0')) throw new ConfigError(`${what} must not contain a NUL character`);
}
