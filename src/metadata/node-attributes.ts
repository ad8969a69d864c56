/** What the cloud says of the machine → what a Node object shows of it, as cloud providers of Kubernetes write it. */
import type { CloudFacts } from '../kubelet/node.ts';

const LABELS = {
  'topology.kubernetes.io/region': 'region',
  'topology.kubernetes.io/zone': 'zone',
  'node.kubernetes.io/instance-type': 'instance_type',
};
const LABEL_VALUE = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = 'rower.dev/';
/** The names of the cloud controllers. */
const CLOUDS: Readonly<Record<string, string>> = {
  ec2: 'aws',
  openstack: 'openstack',
  configdrive: 'openstack',
  hetzner: 'hcloud',
};

/** Values that are no labels are left out of the labels; all others are annotations too. */
export function cloudFacts(provider: string, attributes: Readonly<Record<string, string>>): CloudFacts {
  const { instance_id: id, zone, project_id: project, hostname } = attributes;
  const labels = Object.entries(LABELS).flatMap(([label, key]) => {
    const value = attributes[key];
    return value !== undefined && LABEL_VALUE.test(value) ? [[label, value]] : [];
  });
  const annotations = Object.entries(attributes)
    .filter(([key]) => !key.startsWith('tags.'))
    .map(([key, value]) => [`${PREFIX}${key.replaceAll('_', '-')}`, value]);
  const cloud = Object.hasOwn(CLOUDS, provider) ? CLOUDS[provider] : provider;
  const providerId =
    provider === 'gce' && project && zone && hostname
      ? `gce://${project}/${zone}/${hostname.split('.')[0]}`
      : provider === 'ec2' && zone && id
        ? `aws:///${zone}/${id}`
        : id && `${cloud}://${id}`;
  const externalIps = [attributes.public_ipv4, attributes.public_ipv6].filter((ip) => ip !== undefined);
  return {
    labels: Object.fromEntries(labels),
    annotations: Object.fromEntries(annotations),
    externalIps,
    ...(providerId && { providerId }),
  };
}
