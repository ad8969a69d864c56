/** DigitalOcean. https://docs.digitalocean.com/reference/api/metadata-api/ */
import { at, textAt } from '../ingest/record.ts';
import { type Provider, present } from '../provider.ts';
import { dmiReason, is, LINK_LOCAL, tagAttributes, unlessEmpty } from './common.ts';

export const digitalocean: Provider = {
  name: 'digitalocean',
  title: 'DigitalOcean',
  detect: (machine) => dmiReason(machine, [['sys_vendor', is('DigitalOcean')]]),
  bases: () => [LINK_LOCAL],
  fetch: async ({ service }) => {
    const all = await service.document('/metadata/v1.json');
    const instanceId = textAt(all, 'droplet_id');
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads: unlessEmpty('user-data', await service.get('/metadata/v1/user-data')),
      attributes: present({
        ...tagAttributes(at(all, 'tags')),
        instance_id: instanceId,
        region: textAt(all, 'region'),
        hostname: textAt(all, 'hostname'),
        public_ipv4: textAt(all, 'interfaces', 'public', 0, 'ipv4', 'ip_address'),
        public_ipv6: textAt(all, 'interfaces', 'public', 0, 'ipv6', 'ip_address'),
        private_ipv4: textAt(all, 'interfaces', 'private', 0, 'ipv4', 'ip_address'),
      }),
    };
  },
};
