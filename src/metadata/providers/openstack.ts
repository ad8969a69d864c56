/** OpenStack's metadata service and the public clouds made with it. https://docs.openstack.org/nova/latest/user/metadata.html */
import { at, textAt } from '../ingest/record.ts';
import type { Machine } from '../machine.ts';
import { type Fetched, type Provider, present } from '../provider.ts';
import { dmiReason, ifGiven, is, LINK_LOCAL, tagAttributes } from './common.ts';

const PRODUCTS = ['OpenStack Nova', 'OpenStack Compute'];
const TAGS = [...PRODUCTS, 'OpenTelekomCloud', 'SAP CCloud VM', 'HUAWEICLOUD', 'Samsung Cloud Platform'];

export const openstack: Provider = {
  name: 'openstack',
  title: 'OpenStack',
  detect: async (machine) =>
    (await dmiReason(machine, [
      ['product_name', is(...PRODUCTS)],
      ['chassis_asset_tag', is(...TAGS)],
    ])) ?? containerReason(machine),
  bases: (machine) => [LINK_LOCAL, ...machine.interfaces().map((name) => `http://[fe80::a9fe:a9fe%${name}]`)],
  fetch: async ({ service }) => {
    const metadata = await service.document('/openstack/latest/meta_data.json');
    return {
      ...ofMetaData(metadata, {
        private_ipv4: await service.text('/latest/meta-data/local-ipv4'),
        public_ipv4: await service.text('/latest/meta-data/public-ipv4'),
      }),
      payloads: ifGiven('user_data', await service.get('/openstack/latest/user_data')),
    };
  },
};

/** Of `meta_data.json`, here and on a config drive. */
export function ofMetaData(
  metadata: unknown,
  more: Record<string, string | undefined> = {},
): Omit<Fetched, 'payloads'> {
  const instanceId = textAt(metadata, 'uuid');
  const launchIndex = at(metadata, 'launch_index');
  return {
    ...(instanceId !== undefined && { instanceId }),
    ...(typeof launchIndex === 'number' && { launchIndex }),
    attributes: present({
      ...tagAttributes(at(metadata, 'meta')),
      instance_id: instanceId,
      zone: textAt(metadata, 'availability_zone'),
      hostname: textAt(metadata, 'hostname') ?? textAt(metadata, 'name'),
      project_id: textAt(metadata, 'project_id'),
      ...more,
    }),
  };
}

/** Nova's containers have it in the environment of their first process. */
async function containerReason(machine: Machine): Promise<string | undefined> {
  const environment = Buffer.from((await machine.read('/proc/1/environ')) ?? []).toString('latin1');
  return environment.split('\0').includes('product_name=OpenStack Nova')
    ? 'the first process has product_name=OpenStack Nova'
    : undefined;
}
