import assert from 'node:assert/strict';
import { test } from 'node:test';
import { podCgroupParent, podCgroupPath, tierCgroupPath } from '../../../src/kubelet/sandbox/cgroups.ts';
import type { QosClass } from '../../../src/kubelet/sandbox/qos.ts';
import { revision } from '../build.ts';

const UID = '5f-a0';

const cases: [QosClass, 'cgroupfs' | 'systemd', string, string][] = [
  ['Guaranteed', 'cgroupfs', '/', '/kubepods/pod5f-a0'],
  ['Burstable', 'cgroupfs', '/', '/kubepods/burstable/pod5f-a0'],
  ['BestEffort', 'cgroupfs', '/', '/kubepods/besteffort/pod5f-a0'],
  ['Burstable', 'cgroupfs', '/edge/box/', '/edge/box/kubepods/burstable/pod5f-a0'],
  ['Burstable', 'cgroupfs', '', '/kubepods/burstable/pod5f-a0'],
  ['Guaranteed', 'systemd', '/', '/kubepods.slice/kubepods-pod5f_a0.slice'],
  ['Burstable', 'systemd', '/', '/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod5f_a0.slice'],
  ['BestEffort', 'systemd', '/', '/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod5f_a0.slice'],
  ['Guaranteed', 'systemd', '/my-edge', '/my_edge.slice/my_edge-kubepods.slice/my_edge-kubepods-pod5f_a0.slice'],
];

for (const [qos, cgroupDriver, cgroupRoot, expected] of cases)
  test(`${qos} Pods below ${JSON.stringify(cgroupRoot)} with ${cgroupDriver} are at ${expected}`, () =>
    assert.equal(podCgroupPath(UID, qos, { cgroupDriver, cgroupRoot }), expected));

test("a Pod's parent follows from its class", () => {
  const { pod } = revision({}, 'u9');
  assert.equal(podCgroupParent(pod, { cgroupDriver: 'cgroupfs', cgroupRoot: '/' }), '/kubepods/besteffort/podu9');
});

test('the classes have a group each, Guaranteed the one of all Pods', () => {
  const node = { cgroupDriver: 'cgroupfs', cgroupRoot: '/' } as const;
  assert.equal(tierCgroupPath('Guaranteed', node), '/kubepods');
  assert.equal(tierCgroupPath('Burstable', node), '/kubepods/burstable');
});
