/** Amazon EC2 and clouds with its metadata service. https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html */
import type { Machine } from '../machine.ts';
import { type Fetched, type Provider, present } from '../provider.ts';
import { collect, TokenSession } from '../token.ts';
import { dmiReason, ifGiven, is, LINK_LOCAL } from './common.ts';

const RULES = {
  path: '/latest/api/token',
  askHeaders: { 'x-aws-ec2-metadata-token-ttl-seconds': '300' },
  tokenHeader: 'x-aws-ec2-metadata-token',
};
const PATHS = {
  instance_id: 'instance-id',
  instance_type: 'instance-type',
  region: 'placement/region',
  zone: 'placement/availability-zone',
  hostname: 'local-hostname',
  public_hostname: 'public-hostname',
  private_ipv4: 'local-ipv4',
  public_ipv4: 'public-ipv4',
  public_ipv6: 'ipv6',
  launch_index: 'ami-launch-index',
};
const MAX_TAGS = 50;

export const ec2: Provider = {
  name: 'ec2',
  title: 'Amazon EC2',
  detect: async (machine) =>
    (await uuidReason(machine)) ??
    dmiReason(machine, [
      ['sys_vendor', is('Amazon EC2')],
      ['chassis_asset_tag', is('Amazon EC2')],
    ]),
  bases: () => [LINK_LOCAL, 'http://[fd00:ec2::254]'],
  fetch: (context) => fetchEc2(new TokenSession(context.service, { ...RULES, optional: true })),
};

export const ec2Compatible: Provider = {
  name: 'ec2-compat',
  title: 'Clouds with the EC2 metadata service (Brightbox, ZStack, e24cloud, Tilaa, Outscale)',
  detect: (machine) => compatibleReason(machine),
  bases: () => [LINK_LOCAL],
  fetch: (context) => fetchEc2(context.service),
};

/**
 * Xen shows the UUID as it is, SMBIOS 2.6 with the bytes of its first group swapped. One random UUID in two thousand begins
 * like that too: something else has to say the same.
 */
async function uuidReason(machine: Machine): Promise<string | undefined> {
  const xen = Buffer.from((await machine.read('/sys/hypervisor/uuid')) ?? [])
    .toString()
    .trim();
  if (/^ec2/i.test(xen)) return `the hypervisor's uuid is ${xen}`;
  const uuid = await machine.dmi('product_uuid');
  if (!/^ec2|^[0-9a-f]{4}2[0-9a-f]ec/i.test(uuid)) return undefined;
  const same = (await machine.dmi('product_serial')).toLowerCase() === uuid.toLowerCase();
  const names = await Promise.all(['sys_vendor', 'bios_vendor', 'bios_version', 'product_version'].map(machine.dmi));
  return same || names.some((name) => /amazon/i.test(name)) ? `product_uuid is ${uuid}` : undefined;
}

async function compatibleReason(machine: Machine): Promise<string | undefined> {
  const named = await dmiReason(machine, [
    ['product_serial', (value) => value.endsWith('.brightbox.com')],
    ['chassis_asset_tag', (value) => value.endsWith('.zstack.io')],
    ['sys_vendor', is('e24cloud', 'Tilaa')],
  ]);
  if (named !== undefined) return named;
  const outscale = (await machine.dmi('sys_vendor')) === '3DS Outscale';
  return outscale && (await machine.dmi('product_name')) === '3DS Outscale VM'
    ? 'product_name is "3DS Outscale VM"'
    : undefined;
}

interface Getter {
  get(path: string): Promise<Uint8Array | undefined>;
  text(path: string): Promise<string | undefined>;
}

async function fetchEc2(getter: Getter): Promise<Fetched> {
  const text = (path: string) => getter.text(path);
  const { launch_index, ...attributes } = await collect(text, '/latest/meta-data/', PATHS);
  const tagNames = ((await text('/latest/meta-data/tags/instance/')) ?? '').split('\n').filter((name) => name !== '');
  for (const name of tagNames.slice(0, MAX_TAGS)) {
    const value = await text(`/latest/meta-data/tags/instance/${encodeURIComponent(name)}`);
    if (value !== undefined) attributes[`tags.${name}`] = value;
  }
  return {
    ...(attributes.instance_id !== undefined && { instanceId: attributes.instance_id }),
    ...(launch_index !== undefined && { launchIndex: Number(launch_index) }),
    payloads: ifGiven('user-data', await getter.get('/latest/user-data')),
    attributes: present(attributes),
  };
}
