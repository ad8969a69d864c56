/** What a machine without a cloud says of itself: its own name, and whether it is a virtual one. */
import type { Machine } from './machine.ts';

/** The firmware's name for this machine; a copied disk has another. Undefined where there is none. */
export async function localIdOf(machine: Machine): Promise<string | undefined> {
  for (const name of ['product_uuid', 'product_serial', 'board_serial']) {
    const value = await machine.dmi(name);
    if (value !== '') return `${name}:${value}`;
  }
  for (const path of ['/proc/device-tree/serial-number', '/etc/machine-id']) {
    const value = Buffer.from((await machine.read(path)) ?? [])
      .toString('latin1')
      .replace(/[\0\s]+$/, '');
    if (value !== '') return `${path}:${value}`;
  }
  return undefined;
}

/** Virtual machines to which a hypervisor may attach a disc of metadata, also a moment late. */
const HYPERVISORS = /^(?:QEMU|KVM|Bochs|KubeVirt|Red Hat|Xen|Nutanix|Proxmox|Microsoft Corporation$)/i;

/** By the vendor's string of the firmware: on hardware nobody waits for media. */
export async function mayGetMedia(machine: Machine): Promise<boolean> {
  const vendor = await machine.dmi('sys_vendor');
  if (vendor === 'Microsoft Corporation') return (await machine.dmi('product_name')) === 'Virtual Machine';
  return HYPERVISORS.test(vendor);
}
