import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cloudFacts } from '../../src/metadata/node-attributes.ts';

const PROVIDER_IDS: [string, Record<string, string>, string | undefined][] = [
  ['ec2', { instance_id: 'i-1', zone: 'eu-west-1a' }, 'aws:///eu-west-1a/i-1'],
  ['gce', { instance_id: '7', zone: 'z-b', project_id: 'p', hostname: 'web.c.p.internal' }, 'gce://p/z-b/web'],
  ['hetzner', { instance_id: '7' }, 'hcloud://7'],
  ['vultr', { instance_id: 'x' }, 'vultr://x'],
  ['file', {}, undefined],
];

for (const [provider, attributes, expected] of PROVIDER_IDS) {
  test(`the providerID on ${provider} is ${expected}`, () => {
    assert.equal(cloudFacts(provider, attributes).providerId, expected);
  });
}

test('region, zone and type are labels when they can be, everything else is an annotation, on the Node and its Pods', () => {
  const attributes = {
    region: 'eu',
    zone: 'not a label',
    instance_type: 't3.micro',
    public_ipv4: '1.2.3.4',
    public_ipv6: 'not an address',
    'tags.role': 'web',
    'tags.owner': 'Jane Doe',
    'tags.aws:autoscaling:groupName': 'g',
  };
  const plain = {
    'rower.dev/region': 'eu',
    'rower.dev/zone': 'not a label',
    'rower.dev/instance-type': 't3.micro',
    'rower.dev/public-ipv4': '1.2.3.4',
    'rower.dev/public-ipv6': 'not an address',
  };
  assert.deepEqual(cloudFacts('x', attributes), {
    labels: {
      'topology.kubernetes.io/region': 'eu',
      'node.kubernetes.io/instance-type': 't3.micro',
      'tag.rower.dev/role': 'web',
    },
    annotations: { ...plain, 'tag.rower.dev/owner': 'Jane Doe' },
    externalIps: ['1.2.3.4'],
    pods: {
      labels: { 'topology.kubernetes.io/region': 'eu' },
      annotations: { ...plain, 'tag.rower.dev/role': 'web', 'tag.rower.dev/owner': 'Jane Doe' },
    },
  });
});
