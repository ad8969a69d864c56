/** What the owner of the machine lets Pods do, whoever wrote them. Set in the agent's configuration and nowhere else. */
export interface Policy {
  readonly allowPrivileged: boolean;
  readonly allowHostNetwork: boolean;
  readonly allowHostPID: boolean;
  readonly allowHostIPC: boolean;
  /** Pods may turn off seccomp, AppArmor, SELinux and what hides parts of /proc. */
  readonly allowUnconfined: boolean;
  /** What `capabilities.add` may name, without `CAP_`; `*` is every one. */
  readonly allowedCapabilities: readonly string[];
  /** Absolute and normalised: Pods may mount these paths of the machine and what is below them. */
  readonly allowedHostPaths: readonly string[];
  /** Images have to be named with their digest. */
  readonly requireImageDigest: boolean;
  /** Names, or prefixes with a `*` at their end, with dots. */
  readonly allowedUnsafeSysctls: readonly string[];
}

/** What a kubelet without an API server allows. */
export const ALL_ALLOWED: Policy = {
  allowPrivileged: true,
  allowHostNetwork: true,
  allowHostPID: true,
  allowHostIPC: true,
  allowUnconfined: true,
  allowedCapabilities: ['*'],
  allowedHostPaths: ['/'],
  requireImageDigest: false,
  allowedUnsafeSysctls: [],
};

/** The allowed path at or above `path`; undefined: there is none. Both are absolute. `//` and `.` count for nothing. */
export function allowedRoot(path: string, allowed: readonly string[]): string | undefined {
  const parts = path.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return undefined;
  const plain = `/${parts.join('/')}`;
  return allowed.find((root) => root === '/' || plain === root || plain.startsWith(`${root}/`));
}
