import assert from 'node:assert/strict';
import { test } from 'node:test';
import { localIdOf, mayGetMedia } from '../../src/metadata/local-id.ts';
import { makeMachine } from './machine.ts';

const VENDORS: [vendor: string, product: string, waits: boolean][] = [
  ['QEMU', 'Standard PC (Q35 + ICH9, 2009)', true],
  ['KubeVirt', 'None', true],
  ['Red Hat', 'KVM', true],
  ['Xen', 'HVM domU', true],
  ['Nutanix', 'AHV', true],
  ['Microsoft Corporation', 'Virtual Machine', true],
  ['Microsoft Corporation', 'Surface Laptop 5', false],
  ['LENOVO', '21CBCTO1WW', false],
  ['Dell Inc.', 'PowerEdge R640', false],
  ['', '', false],
];

for (const [sys_vendor, product_name, waits] of VENDORS) {
  test(`${sys_vendor || 'no vendor'} ${product_name}: ${waits ? 'a disc may come late' : 'nothing is waited for'}`, async (t) => {
    assert.equal(await mayGetMedia(await makeMachine(t, { dmi: { sys_vendor, product_name } })), waits);
  });
}

test('the name of a machine is that of its firmware, else that of its system', async (t) => {
  const all = { product_uuid: 'u', product_serial: 's' };
  assert.equal(await localIdOf(await makeMachine(t, { dmi: all })), 'product_uuid:u');
  assert.equal(await localIdOf(await makeMachine(t, { dmi: { product_serial: 's' } })), 'product_serial:s');
  const files = { '/etc/machine-id': 'abc\n' };
  assert.equal(await localIdOf(await makeMachine(t, { files })), '/etc/machine-id:abc');
  assert.equal(await localIdOf(await makeMachine(t)), undefined);
});
