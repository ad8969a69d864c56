/** UpCloud. https://upcloud.com/docs/products/cloud-servers/metadata-service/ */
import { at, listAt, textAt } from '../ingest/record.ts';
import { type Provider, present } from '../provider.ts';
import { dmiReason, is, LINK_LOCAL, tagAttributes, unlessEmpty } from './common.ts';

export const upcloud: Provider = {
  name: 'upcloud',
  title: 'UpCloud',
  detect: (machine) => dmiReason(machine, [['sys_vendor', is('UpCloud')]]),
  bases: () => [LINK_LOCAL],
  fetch: async ({ service }) => {
    const all = await service.document('/metadata/v1.json');
    const instanceId = textAt(all, 'instance_id');
    const addresses = listAt(all, 'network', 'interfaces').flatMap((one) =>
      listAt(one, 'ip_addresses').map((address) => ({ type: textAt(one, 'type'), address })),
    );
    const address = (type: string, family: string) =>
      textAt(
        addresses.find((one) => one.type === type && textAt(one.address, 'family') === family)?.address,
        'address',
      );
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads: unlessEmpty('user_data', await service.get('/metadata/v1/user_data')),
      attributes: present({
        ...tagAttributes(at(all, 'tags')),
        instance_id: instanceId,
        region: textAt(all, 'region'),
        zone: textAt(all, 'region'),
        hostname: textAt(all, 'hostname'),
        public_ipv4: address('public', 'IPv4'),
        public_ipv6: address('public', 'IPv6'),
        private_ipv4: address('private', 'IPv4') ?? address('utility', 'IPv4'),
      }),
    };
  },
};
