/** A Pod's resolver settings (pkg/kubelet/network/dns/dns.go). */
import type { Node, ResolvConf } from '../node.ts';
import type { Pod } from '../types.ts';

const MAX_SERVERS = 3;
const MAX_SEARCHES = 32;
const MAX_SEARCH_CHARS = 2048;
/** Longer search domains make some resolvers abort. */
const MAX_DOMAIN_CHARS = 253;

type DnsPolicy = 'Default' | 'Cluster' | 'None';

export interface DnsEvent {
  type: 'Warning';
  reason: 'MissingClusterDNS' | 'DNSConfigForming';
  message: string;
}

export interface PodDns {
  config: ResolvConf;
  /** To be raised for the Pod when a sandbox is made with this. */
  events: DnsEvent[];
}

export function podDns(pod: Pod, node: Pick<Node, 'clusterDNS' | 'clusterDomain'>, host: ResolvConf): PodDns {
  const events: DnsEvent[] = [];
  const base = baseConfig(pod, node, host, events);
  const { nameservers = [], searches = [], options = [] } = pod.spec.dnsConfig ?? {};
  const config = pod.spec.dnsConfig
    ? {
        servers: unique([...base.servers, ...nameservers]),
        searches: unique([...base.searches, ...searches]),
        options: mergeOptions(base.options, options),
      }
    : base;
  return {
    config: {
      servers: fitServers(config.servers, events),
      searches: fitSearches(config.searches, events),
      options: config.options,
    },
    events,
  };
}

function baseConfig(
  pod: Pod,
  node: Pick<Node, 'clusterDNS' | 'clusterDomain'>,
  host: ResolvConf,
  events: DnsEvent[],
): ResolvConf {
  const policy = policyOf(pod);
  if (policy === 'None') return { servers: [], searches: [], options: [] };
  if (policy === 'Cluster' && node.clusterDNS.length > 0) {
    const { namespace } = pod.metadata;
    const domain = node.clusterDomain;
    const cluster = domain === '' ? [] : [`${namespace}.svc.${domain}`, `svc.${domain}`, domain];
    // `.` stands for "no search" and is meaningless beside others.
    const searches = unique([...cluster, ...host.searches.filter((search) => search !== '.')]);
    return { servers: [...node.clusterDNS], searches, options: ['ndots:5'] };
  }
  if (policy === 'Cluster') events.push(missingClusterDns(pod));
  return host;
}

function policyOf(pod: Pod): DnsPolicy {
  switch (pod.spec.dnsPolicy) {
    case 'None':
      return 'None';
    case 'Default':
      return 'Default';
    case 'ClusterFirstWithHostNet':
      return 'Cluster';
    default:
      return pod.spec.hostNetwork ? 'Default' : 'Cluster';
  }
}

function missingClusterDns(pod: Pod): DnsEvent {
  const { name, namespace, uid } = pod.metadata;
  return {
    type: 'Warning',
    reason: 'MissingClusterDNS',
    message:
      `pod: "${name}_${namespace}(${uid})". kubelet does not have ClusterDNS IP configured and cannot create Pod using ` +
      `"ClusterFirst" policy. Falling back to "Default" policy.`,
  };
}

/** By option name; the Pod's own wins and keeps the place of what it replaces. */
function mergeOptions(base: string[], own: { name?: string; value?: string }[]): string[] {
  const values = new Map<string, string>();
  for (const option of base) {
    const colon = option.indexOf(':');
    if (colon < 0) values.set(option, '');
    else values.set(option.slice(0, colon), option.slice(colon + 1));
  }
  for (const { name = '', value = '' } of own) values.set(name, value);
  return [...values].map(([name, value]) => (value === '' ? name : `${name}:${value}`));
}

function fitServers(servers: string[], events: DnsEvent[]): string[] {
  if (servers.length <= MAX_SERVERS) return servers;
  const applied = servers.slice(0, MAX_SERVERS);
  events.push(
    limitEvent(
      `Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: ${applied.join(' ')}`,
    ),
  );
  return applied;
}

function fitSearches(searches: string[], events: DnsEvent[]): string[] {
  const applied = searches.slice(0, MAX_SEARCHES).filter((search) => search.length <= MAX_DOMAIN_CHARS);
  while (applied.join(' ').length > MAX_SEARCH_CHARS) applied.pop();
  if (applied.length < searches.length)
    events.push(
      limitEvent(
        `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${applied.join(' ')}`,
      ),
    );
  return applied;
}

const limitEvent = (message: string): DnsEvent => ({ type: 'Warning', reason: 'DNSConfigForming', message });

const unique = (items: string[]): string[] => [...new Set(items)];
