import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostNetworkHostsContent, podHostsContent } from '../../../src/kubelet/container/hosts.ts';
import { revision } from '../build.ts';
import { node } from '../node.ts';

const LOCAL = `# Kubernetes-managed hosts file.
127.0.0.1\tlocalhost
::1\tlocalhost ip6-localhost ip6-loopback
fe00::0\tip6-localnet
fe00::0\tip6-mcastprefix
fe00::1\tip6-allnodes
fe00::2\tip6-allrouters
`;
const ALIASES = `
# Entries added by HostAliases.
192.0.2.1\tfoo\tbar
2001:db8::1\tbaz
`;
const hostAliases = [
  { ip: '192.0.2.1', hostnames: ['foo', 'bar'] },
  { ip: '2001:db8::1', hostnames: ['baz'] },
];

test('a Pod is listed with each of its addresses', () => {
  const { pod } = revision();
  assert.equal(podHostsContent(pod, ['10.0.0.5', 'fd00::5'], node()), `${LOCAL}10.0.0.5\tweb-n1\nfd00::5\tweb-n1\n`);
});

test('with a subdomain the full name comes first', () => {
  const { pod } = revision({ hostname: 'db', subdomain: 'sub' });
  assert.equal(podHostsContent(pod, ['10.0.0.5'], node()), `${LOCAL}10.0.0.5\tdb.sub.default.svc.cluster.local\tdb\n`);
});

test('host aliases follow after a blank line', () => {
  const { pod } = revision({ hostAliases });
  assert.equal(podHostsContent(pod, ['10.0.0.5'], node()), `${LOCAL}10.0.0.5\tweb-n1\n${ALIASES}`);
});

test('on the host network the machine’s file is taken as it is', () => {
  const { pod } = revision({ hostNetwork: true, hostAliases });
  const own = '127.0.0.1 localhost\n192.0.2.9 box';
  assert.equal(hostNetworkHostsContent(pod, own), `# Kubernetes-managed hosts file (host network).\n${own}${ALIASES}`);
});
