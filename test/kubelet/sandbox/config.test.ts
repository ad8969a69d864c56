import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sandboxConfig } from '../../../src/kubelet/sandbox/config.ts';
import type { PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';
import { node } from '../node.ts';

const resolvConf = { servers: ['192.0.2.53'], searches: [], options: [] };
const config = (spec: Partial<PodSpec> = {}) =>
  sandboxConfig({ revision: revision(spec), attempt: 3, startTimeMs: 1234, node: node(), resolvConf });
const security = (spec: Partial<PodSpec>) => config(spec).linux.securityContext;

test('a plain Pod becomes a plain sandbox', () => {
  const { labels, annotations, ...rest } = config({ dnsPolicy: 'Default' });
  assert.deepEqual(rest, {
    metadata: { name: 'web-n1', namespace: 'default', uid: 'u1', attempt: 3 },
    hostname: 'web-n1',
    logDirectory: '/var/log/pods/default_web-n1_u1',
    dnsConfig: resolvConf,
    portMappings: [],
    linux: {
      cgroupParent: '/kubepods/besteffort/podu1',
      securityContext: {
        namespaceOptions: { network: 'POD', pid: 'CONTAINER', ipc: 'POD' },
        readonlyRootfs: false,
        privileged: false,
        seccomp: { profileType: 'RuntimeDefault' },
        supplementalGroups: [],
      },
      sysctls: {},
      overhead: {},
      resources: { cpuShares: 2, cpuPeriod: 100_000 },
    },
  });
  assert.equal(labels['io.kubernetes.pod.uid'], 'u1');
  assert.equal(annotations['rower.dev/start-time-ms'], '1234');
});

test('the same input gives the same request', () => assert.deepEqual(config(), config()));

const namespaces: [string, Partial<PodSpec>, object][] = [
  ['the host’s network', { hostNetwork: true }, { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' }],
  ['the host’s processes', { hostPID: true }, { network: 'POD', pid: 'NODE', ipc: 'POD' }],
  ['the host’s IPC', { hostIPC: true }, { network: 'POD', pid: 'CONTAINER', ipc: 'NODE' }],
  ['one process namespace', { shareProcessNamespace: true }, { network: 'POD', pid: 'POD', ipc: 'POD' }],
];

for (const [name, spec, expected] of namespaces)
  test(`a Pod can have ${name}`, () => assert.deepEqual(security(spec).namespaceOptions, expected));

test('a privileged container of any kind makes the sandbox privileged', () => {
  const privileged = container({ name: 'p', securityContext: { privileged: true } });
  assert.equal(security({ containers: [container(), privileged] }).privileged, true);
  assert.equal(security({ initContainers: [privileged] }).privileged, true);
  assert.equal(security({ containers: [container({ securityContext: {} })] }).privileged, false);
});

test('user, groups and SELinux of the Pod are those of the sandbox', () => {
  const securityContext = {
    runAsUser: 1000,
    runAsGroup: 1001,
    fsGroup: 2000,
    supplementalGroups: [3000],
    supplementalGroupsPolicy: 'Strict',
    seLinuxOptions: { level: 's0' },
  };
  const { runAsUser, runAsGroup, supplementalGroups, supplementalGroupsPolicy, selinuxOptions } = security({
    securityContext,
  });
  assert.deepEqual(
    { runAsUser, runAsGroup, supplementalGroups, supplementalGroupsPolicy, selinuxOptions },
    {
      runAsUser: { value: 1000 },
      runAsGroup: { value: 1001 },
      supplementalGroups: [2000, 3000],
      supplementalGroupsPolicy: 'Strict',
      selinuxOptions: { level: 's0' },
    },
  );
});

test('a group without a user is left out, since runtimes refuse it', () => {
  assert.equal(security({ securityContext: { runAsGroup: 1001 } }).runAsGroup, undefined);
});

test('sysctls in either spelling are sent with dots', () => {
  const sysctls = [
    { name: 'net/ipv4/tcp_syncookies', value: '1' },
    { name: 'kernel.shm_rmid_forced', value: '0' },
  ];
  assert.deepEqual(config({ securityContext: { sysctls } }).linux.sysctls, {
    'net.ipv4.tcp_syncookies': '1',
    'kernel.shm_rmid_forced': '0',
  });
});
