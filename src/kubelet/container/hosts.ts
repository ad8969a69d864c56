/** The managed /etc/hosts of a Pod (pkg/kubelet/kubelet_pods.go). Pure: writing it is the host's. */
import type { Node } from '../node.ts';
import { podHostname } from '../sandbox/hostname.ts';
import type { Pod } from '../types.ts';

const LOCAL = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** For a Pod with a network of its own. */
export function podHostsContent(pod: Pod, podIps: readonly string[], node: Pick<Node, 'clusterDomain'>): string {
  const { hostname, domain } = podHostname(pod, node);
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`;
  const lines = ['# Kubernetes-managed hosts file.', ...LOCAL, ...podIps.map((ip) => `${ip}\t${names}`)];
  return `${lines.join('\n')}\n${aliases(pod)}`;
}

/** For a Pod on the host network: the machine's own file. */
export function hostNetworkHostsContent(pod: Pod, nodeHosts: string): string {
  return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${aliases(pod)}`;
}

function aliases(pod: Pod): string {
  const entries = pod.spec.hostAliases ?? [];
  if (entries.length === 0) return '';
  const lines = entries.map(({ ip, hostnames }) => `${ip}\t${(hostnames ?? []).join('\t')}`);
  return `\n# Entries added by HostAliases.\n${lines.join('\n')}\n`;
}
