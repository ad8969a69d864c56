import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podHostname, sandboxHostname } from '../../../src/kubelet/sandbox/hostname.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { revision } from '../build.ts';
import { node } from '../node.ts';

function named(name: string, spec: Partial<PodSpec> = {}) {
  const { pod } = revision(spec);
  return { ...pod, metadata: { ...pod.metadata, name } };
}

const cases: [string, ReturnType<typeof named>, string][] = [
  ['is the name of the Pod', named('web-n1'), 'web-n1'],
  ['is spec.hostname when set', named('web-n1', { hostname: 'db' }), 'db'],
  [
    'is the override as it stands',
    named('web-n1', { hostname: 'db', hostnameOverride: 'x.example.org' }),
    'x.example.org',
  ],
  ['is cut to 63 characters', named('a'.repeat(70)), 'a'.repeat(63)],
  ['loses trailing dashes and dots when cut', named(`${'a'.repeat(60)}-.-bcd`), 'a'.repeat(60)],
  ['is empty on the host network', named('web-n1', { hostNetwork: true }), ''],
  ['stays short without a subdomain', named('web-n1', { setHostnameAsFQDN: true }), 'web-n1'],
  ['stays short with a subdomain alone', named('web-n1', { subdomain: 'sub' }), 'web-n1'],
  [
    'is fully qualified when asked',
    named('web-n1', { subdomain: 'sub', setHostnameAsFQDN: true }),
    'web-n1.sub.default.svc.cluster.local',
  ],
];

for (const [name, pod, expected] of cases)
  test(`the host name ${name}`, () => assert.equal(sandboxHostname(pod, node()), expected));

test('a fully qualified name that the kernel cannot hold is refused', () => {
  const pod = named('a'.repeat(40), { subdomain: 'sub', setHostnameAsFQDN: true });
  const fqdn = `${'a'.repeat(40)}.sub.default.svc.cluster.local`;
  assert.throws(() => sandboxHostname(pod, node()), {
    name: 'ConfigError',
    message:
      `Failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long ` +
      '(64 characters is the max, 70 characters requested)',
  });
});

test('the domain is that of the subdomain, and none with an override', () => {
  assert.equal(podHostname(named('w', { subdomain: 'sub' }), node()).domain, 'sub.default.svc.cluster.local');
  assert.equal(podHostname(named('w', { subdomain: 'sub', hostnameOverride: 'h' }), node()).domain, '');
});
