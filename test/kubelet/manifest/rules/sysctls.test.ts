import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dotted, forbiddenSysctl } from '../../../../src/kubelet/manifest/rules/sysctls.ts';

const HOST = { hostNetwork: true, hostIPC: true };
const rows: [name: string, spec: { hostNetwork?: boolean; hostIPC?: boolean }, allowed: string[], why?: string][] = [
  ['kernel.shm_rmid_forced', {}, []],
  ['net.ipv4.ping_group_range', {}, []],
  ['net/ipv4/tcp_rmem', {}, []],
  ['kernel.msgmax', {}, [], 'forbidden sysctl: "kernel.msgmax" not allowlisted'],
  ['net/core/somaxconn', {}, [], 'forbidden sysctl: "net.core.somaxconn" not allowlisted'],
  ['net.core.somaxconn', {}, ['net.core.somaxconn']],
  ['net.core.somaxconn', {}, ['net.*']],
  ['net.core.somaxconn', {}, ['net.core.some*'], 'forbidden sysctl: "net.core.somaxconn" not allowlisted'],
  [
    'net.ipv4.tcp_syncookies',
    HOST,
    [],
    'forbidden sysctl: "net.ipv4.tcp_syncookies" not allowed with host net enabled',
  ],
  ['kernel.shmmax', HOST, ['kernel.shm*'], 'forbidden sysctl: "kernel.shmmax" not allowed with host ipc enabled'],
  ['kernel.shmmax', { hostNetwork: true }, ['kernel.shm*']],
];
for (const [name, spec, allowed, why] of rows)
  test(`${name}${spec.hostIPC ? ' on the host' : ''} with ${allowed.join() || 'the safe list'}: ${why ?? 'may be set'}`, () => {
    assert.equal(forbiddenSysctl(name, spec, allowed), why);
  });

test('a name with slashes becomes one with dots, and a dot in it a slash', () => {
  assert.equal(dotted('net/ipv4/conf/eth0.1/rp_filter'), 'net.ipv4.conf.eth0/1.rp_filter');
  assert.equal(dotted('net.ipv4.conf.eth0/1.rp_filter'), 'net.ipv4.conf.eth0/1.rp_filter');
});
