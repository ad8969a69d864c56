import type { Node } from '../node.ts';
import type { Pod } from '../types.ts';
import { ConfigError } from './config-error.ts';

/** Of a label (RFC 1123), and nearly what the kernel takes. */
const MAX_HOSTNAME_CHARS = 63;
/** `__NEW_UTS_LEN` of the kernel. */
const MAX_FQDN_CHARS = 64;

/** Host name and domain of a Pod; `domain` empty without `spec.subdomain` (pkg/kubelet/kubelet_pods.go). */
export function podHostname(pod: Pod, node: Pick<Node, 'clusterDomain'>): { hostname: string; domain: string } {
  const { hostnameOverride, hostname, subdomain } = pod.spec;
  if (hostnameOverride !== undefined) return { hostname: hostnameOverride, domain: '' };
  return {
    hostname: truncate(hostname || pod.metadata.name),
    domain: subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${node.clusterDomain}` : '',
  };
}

/** What the sandbox is told: empty for host network, where the host's own name applies. Throws ConfigError. */
export function sandboxHostname(pod: Pod, node: Pick<Node, 'clusterDomain'>): string {
  if (pod.spec.hostNetwork) return '';
  const { hostname, domain } = podHostname(pod, node);
  if (!pod.spec.setHostnameAsFQDN || domain === '') return hostname;
  const fqdn = `${hostname}.${domain}`;
  if (fqdn.length > MAX_FQDN_CHARS)
    throw new ConfigError(
      `Failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long ` +
        `(${MAX_FQDN_CHARS} characters is the max, ${fqdn.length} characters requested)`,
    );
  return fqdn;
}

function truncate(hostname: string): string {
  return hostname.length <= MAX_HOSTNAME_CHARS ? hostname : hostname.slice(0, MAX_HOSTNAME_CHARS).replace(/[-.]+$/, '');
}
