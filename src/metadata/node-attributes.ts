/** What the cloud says of the machine → what its Node object and its Pods show, as cloud providers of Kubernetes write it. */
import { isIP } from 'node:net';
import type { CloudFacts } from '../kubelet/node.ts';

const TOPOLOGY = {
  'topology.kubernetes.io/region': 'region',
  'topology.kubernetes.io/zone': 'zone',
};
const LABELS = { ...TOPOLOGY, 'node.kubernetes.io/instance-type': 'instance_type' };
/** A name of a label or annotation behind its prefix, and a value of a label. */
const NAME = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = 'rower.dev/';
const TAG_PREFIX = 'tag.rower.dev/';
const TAGS = 'tags.';
const MAX_ANNOTATION_CHARS = 1024;
/** The names of the cloud controllers. */
const CLOUDS: Readonly<Record<string, string>> = {
  ec2: 'aws',
  openstack: 'openstack',
  configdrive: 'openstack',
  hetzner: 'hcloud',
};

/**
 * Region, zone and instance type are Kubernetes' own labels; everything else is an annotation `rower.dev/KEY`. A tag is a
 * label of the Node, `tag.rower.dev/NAME`, when its value can be one, else an annotation; a name that cannot be one is left
 * out. The Pods have all of it as annotations, and region and zone as labels too.
 */
export function cloudFacts(provider: string, attributes: Readonly<Record<string, string>>): CloudFacts {
  const plain: Record<string, string> = {};
  const tags: Record<string, string> = {};
  for (const [key, text] of Object.entries(attributes)) {
    const value = text.slice(0, MAX_ANNOTATION_CHARS);
    const name = key.startsWith(TAGS) ? key.slice(TAGS.length) : key.replaceAll('_', '-');
    if (!NAME.test(name)) continue;
    if (key.startsWith(TAGS)) tags[`${TAG_PREFIX}${name}`] = value;
    else plain[`${PREFIX}${name}`] = value;
  }
  const isLabel = ([, value]: [string, string]) => value === '' || NAME.test(value);
  const tagLabels = Object.entries(tags).filter(isLabel);
  const otherTags = Object.entries(tags).filter((tag) => !isLabel(tag));
  const externalIps = [attributes.public_ipv4, attributes.public_ipv6].filter((ip) => ip !== undefined && isIP(ip) > 0);
  const providerId = providerIdOf(provider, attributes);
  return {
    labels: { ...labelsOf(LABELS, attributes), ...Object.fromEntries(tagLabels) },
    annotations: { ...plain, ...Object.fromEntries(otherTags) },
    externalIps: externalIps as string[],
    ...(providerId && { providerId }),
    pods: { labels: labelsOf(TOPOLOGY, attributes), annotations: { ...plain, ...tags } },
  };
}

function labelsOf(keys: Readonly<Record<string, string>>, attributes: Readonly<Record<string, string>>) {
  const labels = Object.entries(keys).flatMap(([label, key]): [string, string][] => {
    const value = attributes[key];
    return value !== undefined && NAME.test(value) ? [[label, value]] : [];
  });
  return Object.fromEntries(labels);
}

function providerIdOf(provider: string, attributes: Readonly<Record<string, string>>): string | undefined {
  const { instance_id: id, zone, project_id: project, hostname } = attributes;
  if (provider === 'gce' && project && zone && hostname) return `gce://${project}/${zone}/${hostname.split('.')[0]}`;
  if (provider === 'ec2' && zone && id) return `aws:///${zone}/${id}`;
  const cloud = Object.hasOwn(CLOUDS, provider) ? CLOUDS[provider] : provider;
  return id && `${cloud}://${id}`;
}
