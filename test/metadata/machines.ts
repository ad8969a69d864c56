import { device, type MachineFiles } from './machine.ts';
import { imageBytes } from './media/images.ts';

const EC2_UUID = 'ec2d9a45-1b4c-4c6a-8f37-b8c1d2d2a5f0';

/** Machines by their firmware strings, media and files, and the provider that each is for; undefined: none. */
export const MACHINES: Record<string, [MachineFiles, string | undefined]> = {
  'EC2, as the firmware of Nitro has it': [
    { dmi: { product_uuid: EC2_UUID, product_serial: EC2_UUID.toUpperCase() } },
    'ec2',
  ],
  'EC2 with the other byte order': [
    { dmi: { product_uuid: '45E12AEC-DCD1-B213-94ED-01234ABCDEF1', bios_version: '4.11.amazon' } },
    'ec2',
  ],
  'EC2 on Xen': [{ files: { '/sys/hypervisor/uuid': 'ec2e1916-9099-7caf-fd21-012345abcdef\n' } }, 'ec2'],
  'a laptop with a UUID that begins like those of EC2': [
    { dmi: { product_uuid: EC2_UUID, product_serial: 'PF2ABCDE', sys_vendor: 'LENOVO' } },
    undefined,
  ],
  'a disc whose label udev knows': [
    {
      files: {
        ...device('sr0', imageBytes('rr-joliet.iso')),
        '/run/udev/data/b11:0': '',
        '/dev/disk/by-label/cidata': '',
      },
    },
    'nocloud',
  ],
  'a disc without a label that udev knows, which is not read': [
    {
      files: {
        ...device('sr0', imageBytes('rr-joliet.iso')),
        '/run/udev/data/b11:0': '',
        '/dev/disk/by-label/EFI': '',
      },
    },
    undefined,
  ],
  Brightbox: [{ dmi: { product_serial: 'srv-otuxg.gb1.brightbox.com' } }, 'ec2-compat'],
  Outscale: [{ dmi: { product_name: '3DS Outscale VM', sys_vendor: '3DS Outscale' } }, 'ec2-compat'],
  GCE: [{ dmi: { product_name: 'Google Compute Engine\n' } }, 'gce'],
  'GCE by its serial number': [{ dmi: { product_serial: 'GoogleCloud-8f2e88f' } }, 'gce'],
  Azure: [{ dmi: { chassis_asset_tag: '7783-7084-3265-9085-8269-3286-77\n' } }, 'azure'],
  OpenStack: [{ dmi: { product_name: 'OpenStack Nova' } }, 'openstack'],
  'Open Telekom Cloud': [{ dmi: { chassis_asset_tag: 'OpenTelekomCloud' } }, 'openstack'],
  'an OpenStack container': [{ files: { '/proc/1/environ': 'A=b\0product_name=OpenStack Nova\0' } }, 'openstack'],
  'OpenStack with a config drive': [
    { dmi: { product_name: 'OpenStack Nova' }, files: device('sr0', imageBytes('rr.iso')) },
    'configdrive',
  ],
  DigitalOcean: [{ dmi: { sys_vendor: 'DigitalOcean' } }, 'digitalocean'],
  Hetzner: [{ dmi: { sys_vendor: 'Hetzner' } }, 'hetzner'],
  Vultr: [{ dmi: { sys_vendor: 'Vultr' } }, 'vultr'],
  'Vultr bare metal': [{ commandLine: 'root=/dev/sda1 vultr quiet' }, 'vultr'],
  Scaleway: [{ commandLine: 'scaleway root=/dev/vda' }, 'scaleway'],
  Oracle: [{ dmi: { chassis_asset_tag: 'OracleCloud.com' } }, 'oracle'],
  Alibaba: [{ dmi: { product_name: 'Alibaba Cloud ECS' } }, 'aliyun'],
  Akamai: [{ dmi: { sys_vendor: 'Akamai' } }, 'akamai'],
  UpCloud: [{ dmi: { sys_vendor: 'UpCloud' } }, 'upcloud'],
  Exoscale: [{ dmi: { product_name: 'Exoscale Compute Platform' } }, 'exoscale'],
  CloudStack: [{ dmi: { product_name: 'CloudStack KVM Hypervisor' } }, 'cloudstack'],
  'a virtual machine of LXD, before its socket is there': [
    { dmi: { sys_vendor: 'QEMU' }, files: { '/sys/class/virtio-ports/vport1p1/name': 'com.canonical.lxd\n' } },
    'lxd',
  ],
  'a virtual machine of LXD by its board': [{ dmi: { sys_vendor: 'QEMU', board_name: 'LXD' } }, 'lxd'],
  'a virtual machine with another port': [
    { dmi: { sys_vendor: 'QEMU' }, files: { '/sys/class/virtio-ports/vport1p1/name': 'org.qemu.guest_agent.0\n' } },
    undefined,
  ],
  'Incus or LXD': [{ files: { '/dev/lxd/sock': '' } }, 'lxd'],
  VMware: [{ dmi: { sys_vendor: 'VMware, Inc.' } }, 'vmware'],
  VirtualBox: [{ dmi: { product_name: 'VirtualBox' } }, 'virtualbox'],
  'NoCloud by its serial number': [{ dmi: { product_serial: 'ds=nocloud;s=http://10.0.0.1/' } }, 'nocloud'],
  'EC2 with cloud-init': [
    { dmi: { sys_vendor: 'Amazon EC2' }, files: { '/run/cloud-init/enabled': '' } },
    'cloud-init',
  ],
  'EC2 with a URL on its command line': [
    { dmi: { sys_vendor: 'Amazon EC2' }, commandLine: 'rower.manifest.url=https://h/x' },
    'cmdline',
  ],
  'a plain QEMU guest': [
    {
      dmi: {
        sys_vendor: 'QEMU',
        product_name: 'Standard PC (i440FX + PIIX, 1996)',
        product_uuid: '1c32da4b-6a5a-4bf2',
      },
    },
    undefined,
  ],
  'firmware that was never written': [{ dmi: { sys_vendor: Buffer.alloc(16, 0xff) } }, undefined],
  'a machine without firmware strings': [{}, undefined],
  'a disc with another label': [{ files: device('sr0', imageBytes('plain.iso')) }, undefined],
  'a device that is listed twice and gone': [{ files: { '/sys/class/block/sr0/size': '1' } }, undefined],
};
