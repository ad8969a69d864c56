/** Which sysctls a Pod may set (pkg/kubelet/sysctl, component-helpers/node/util/sysctl/namespace.go). */

type Namespace = 'ipc' | 'net';

/** They touch nobody outside of the Pod; those that a kernel does not know the runtime refuses. */
const SAFE: readonly string[] = [
  'kernel.shm_rmid_forced',
  'net.ipv4.ip_local_port_range',
  'net.ipv4.ip_local_reserved_ports',
  'net.ipv4.ip_unprivileged_port_start',
  'net.ipv4.ping_group_range',
  'net.ipv4.tcp_fin_timeout',
  'net.ipv4.tcp_keepalive_intvl',
  'net.ipv4.tcp_keepalive_probes',
  'net.ipv4.tcp_keepalive_time',
  'net.ipv4.tcp_rmem',
  'net.ipv4.tcp_syncookies',
  'net.ipv4.tcp_wmem',
];
const NAMESPACED: readonly (readonly [prefix: string, Namespace])[] = [
  ['kernel.shm', 'ipc'],
  ['kernel.msg', 'ipc'],
  ['kernel.sem', 'ipc'],
  ['fs.mqueue.', 'ipc'],
  ['net.', 'net'],
];

/** With dots: `net/ipv4/conf/eth0.1/x` has a dot in a name, which becomes a slash. */
export function dotted(name: string): string {
  const first = /[./]/.exec(name)?.[0];
  if (first !== '/') return name;
  return name.replaceAll(/[./]/g, (separator) => (separator === '/' ? '.' : '/'));
}

/** The namespace that keeps a sysctl, or all that begin so, to one Pod; undefined: it is the whole machine's. */
export function namespaceOf(name: string): Namespace | undefined {
  return NAMESPACED.find(([prefix]) => (prefix === 'kernel.sem' ? name === prefix : name.startsWith(prefix)))?.[1];
}

/** Why a Pod may not set it, in the kubelet's words; undefined: it may. `allowed` are names or prefixes with `*`. */
export function forbiddenSysctl(
  name: string,
  { hostNetwork, hostIPC }: { hostNetwork?: boolean; hostIPC?: boolean },
  allowed: readonly string[],
): string | undefined {
  const plain = dotted(name);
  const matches = (pattern: string) =>
    pattern.endsWith('*') ? plain.startsWith(pattern.slice(0, -1)) : plain === pattern;
  if (![...SAFE, ...allowed].some(matches)) return `forbidden sysctl: ${JSON.stringify(plain)} not allowlisted`;
  const namespace = namespaceOf(plain);
  const shared = (namespace === 'ipc' && hostIPC) || (namespace === 'net' && hostNetwork);
  if (!shared) return undefined;
  return `forbidden sysctl: ${JSON.stringify(plain)} not allowed with host ${namespace} enabled`;
}
