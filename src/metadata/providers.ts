/**
 * Every provider, in the order in which a machine is asked what it is: what somebody named, then what the hypervisor holds,
 * then what cloud-init has fetched, then media, then metadata services.
 *
 * To add one: 1. a file in providers/ that exports a Provider; 2. a row here; 3. its recorded answers in
 * test/metadata/providers; 4. `npm run docs`.
 */
import type { Provider } from './provider.ts';
import { akamai } from './providers/akamai.ts';
import { aliyun } from './providers/aliyun.ts';
import { azure } from './providers/azure.ts';
import { hypervKvp, qemuFwCfg, smbios11, systemdCredential, virtualbox } from './providers/channels.ts';
import { cloudInit } from './providers/cloud-init.ts';
import { configdrive } from './providers/configdrive.ts';
import { digitalocean } from './providers/digitalocean.ts';
import { ec2, ec2Compatible } from './providers/ec2.ts';
import { cloudstack, exoscale } from './providers/exoscale.ts';
import { commandLine, file, url } from './providers/explicit.ts';
import { gce } from './providers/gce.ts';
import { hetzner } from './providers/hetzner.ts';
import { ibmVpc } from './providers/ibm-vpc.ts';
import { lxd } from './providers/lxd.ts';
import { medium } from './providers/medium.ts';
import { nocloud } from './providers/nocloud.ts';
import { opennebula } from './providers/opennebula.ts';
import { openstack } from './providers/openstack.ts';
import { oracle } from './providers/oracle.ts';
import { ovf } from './providers/ovf.ts';
import { scaleway } from './providers/scaleway.ts';
import { upcloud } from './providers/upcloud.ts';
import { vmware } from './providers/vmware.ts';
import { vultr } from './providers/vultr.ts';

export const PROVIDERS: readonly Provider[] = [
  file,
  url,
  commandLine,
  systemdCredential,
  qemuFwCfg,
  smbios11,
  hypervKvp,
  cloudInit,
  medium,
  configdrive,
  nocloud,
  opennebula,
  ovf,
  lxd,
  ec2,
  ec2Compatible,
  gce,
  azure,
  openstack,
  digitalocean,
  hetzner,
  vultr,
  scaleway,
  oracle,
  aliyun,
  akamai,
  upcloud,
  exoscale,
  cloudstack,
  ibmVpc,
  vmware,
  virtualbox,
];
