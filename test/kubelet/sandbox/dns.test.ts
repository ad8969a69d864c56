import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ResolvConf } from '../../../src/kubelet/node.ts';
import { podDns } from '../../../src/kubelet/sandbox/dns.ts';
import { NO_RESOLV_CONF } from '../../../src/kubelet/sandbox/resolv-conf.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { revision } from '../build.ts';
import { node } from '../node.ts';

const HOST: ResolvConf = { servers: ['192.0.2.53'], searches: ['example.org'], options: ['timeout:2'] };
const CLUSTER: ResolvConf = {
  servers: ['10.96.0.10'],
  searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local', 'example.org'],
  options: ['ndots:5'],
};
const NONE: ResolvConf = { servers: [], searches: [], options: [] };

const dns = (spec: Partial<PodSpec>, clusterDNS: string[] = [], host = HOST, clusterDomain = 'cluster.local') =>
  podDns(revision(spec).pod, node({ clusterDNS, clusterDomain }), host);

const MISSING = {
  type: 'Warning',
  reason: 'MissingClusterDNS',
  message:
    'pod: "web-n1_default(u1)". kubelet does not have ClusterDNS IP configured and cannot create Pod using ' +
    '"ClusterFirst" policy. Falling back to "Default" policy.',
};

const policies: [string, Partial<PodSpec>, string[], ResolvConf, object[]][] = [
  ['Default takes the host’s', { dnsPolicy: 'Default' }, ['10.96.0.10'], HOST, []],
  ['ClusterFirst takes the cluster’s', { dnsPolicy: 'ClusterFirst' }, ['10.96.0.10'], CLUSTER, []],
  ['ClusterFirst without a cluster falls back to the host’s', { dnsPolicy: 'ClusterFirst' }, [], HOST, [MISSING]],
  ['ClusterFirst on the host network takes the host’s', { hostNetwork: true }, ['10.96.0.10'], HOST, []],
  [
    'ClusterFirstWithHostNet takes the cluster’s',
    { dnsPolicy: 'ClusterFirstWithHostNet', hostNetwork: true },
    ['10.96.0.10'],
    CLUSTER,
    [],
  ],
  ['None takes nothing', { dnsPolicy: 'None' }, ['10.96.0.10'], NONE, []],
];

for (const [name, spec, cluster, config, events] of policies)
  test(`policy ${name}`, () => assert.deepEqual(dns(spec, cluster), { config, events }));

test('without a cluster domain only the host’s searches are left', () => {
  assert.deepEqual(dns({}, ['10.96.0.10'], HOST, '').config.searches, ['example.org']);
});

test('the search for nothing is not carried into a cluster’s searches', () => {
  const { config } = dns({}, ['10.96.0.10'], NO_RESOLV_CONF);
  assert.deepEqual(config.searches, CLUSTER.searches.slice(0, 3));
});

test('a search that the host and the cluster share is there once', () => {
  const { config } = dns({}, ['10.96.0.10'], { ...HOST, searches: ['cluster.local', 'b.org'] });
  assert.deepEqual(config.searches, [...CLUSTER.searches.slice(0, 3), 'b.org']);
});

test('dnsConfig is added to any policy without duplicates, and its options win in their place', () => {
  const dnsConfig = {
    nameservers: ['192.0.2.53', '192.0.2.54'],
    searches: ['example.org', 'b.org'],
    options: [{ name: 'timeout', value: '9' }, { name: 'edns0' }],
  };
  assert.deepEqual(dns({ dnsPolicy: 'Default', dnsConfig }, [], { ...HOST, options: ['timeout:2', 'rotate'] }).config, {
    servers: ['192.0.2.53', '192.0.2.54'],
    searches: ['example.org', 'b.org'],
    options: ['timeout:9', 'rotate', 'edns0'],
  });
  assert.deepEqual(dns({ dnsPolicy: 'None', dnsConfig: { nameservers: ['192.0.2.1'] } }).config, {
    ...NONE,
    servers: ['192.0.2.1'],
  });
});

test('more than three name servers are cut, with an event', () => {
  const { config, events } = dns({ dnsPolicy: 'Default' }, [], {
    ...HOST,
    servers: ['1.1.1.1', '2.2.2.2', '3.3.3.3', '4.4.4.4'],
  });
  assert.deepEqual(config.servers, ['1.1.1.1', '2.2.2.2', '3.3.3.3']);
  assert.deepEqual(events, [
    {
      type: 'Warning',
      reason: 'DNSConfigForming',
      message:
        'Nameserver limits were exceeded, some nameservers have been omitted, the applied nameserver line is: 1.1.1.1 2.2.2.2 3.3.3.3',
    },
  ]);
});

const domains = (count: number, length: number) =>
  Array.from({ length: count }, (_, index) => `${index}`.padStart(3, '0') + 'd'.repeat(length - 3));

const cuts: [string, string[], string[]][] = [
  ['32 searches are kept', domains(32, 10), domains(32, 10)],
  ['more than 32 searches are cut', domains(40, 10), domains(32, 10)],
  ['2048 characters are kept', domains(8, 255).map((one) => one.slice(0, 253)), domains(8, 253)],
  ['more than 2048 characters are cut from the end', domains(12, 200), domains(10, 200)],
  ['a search longer than 253 characters is dropped', ['a.org', 'd'.repeat(254), 'b.org'], ['a.org', 'b.org']],
];

for (const [name, searches, applied] of cuts)
  test(name, () => {
    const { config, events } = dns({ dnsPolicy: 'Default' }, [], { ...HOST, searches });
    assert.deepEqual(config.searches, applied);
    const message = `Search Line limits were exceeded, some search paths have been omitted, the applied search line is: ${applied.join(' ')}`;
    const cut = applied.length < searches.length;
    assert.deepEqual(events, cut ? [{ type: 'Warning', reason: 'DNSConfigForming', message }] : []);
  });
