/** Vultr. https://www.vultr.com/metadata/ */
import { at, listAt, textAt } from '../ingest/record.ts';
import { type Provider, present } from '../provider.ts';
import { dmiReason, hasWord, is, LINK_LOCAL, ofText, tagAttributes, unlessEmpty } from './common.ts';

const HEADERS = { 'metadata-token': 'cloudinit' };

export const vultr: Provider = {
  name: 'vultr',
  title: 'Vultr',
  detect: async (machine) =>
    (await dmiReason(machine, [['sys_vendor', is('Vultr')]])) ??
    (await hasWord(machine, 'vultr')) ??
    ((await machine.exists('/etc/vultr')) ? '/etc/vultr is there' : undefined),
  bases: () => [LINK_LOCAL],
  fetch: async ({ service }) => {
    const all = await service.document('/v1.json', { headers: HEADERS });
    const instanceId = textAt(all, 'instance-v2-id') ?? textAt(all, 'instanceid');
    const interfaces = listAt(all, 'interfaces');
    const address = (type: string, ...path: string[]) =>
      textAt(
        interfaces.find((one) => textAt(one, 'network-type') === type),
        ...path,
      );
    const inDocument = ofText('v1.json user-data', at(all, 'user-data'));
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads: inDocument.length > 0 ? inDocument : unlessEmpty('user-data', await service.get('/latest/user-data')),
      attributes: present({
        ...tagAttributes(at(all, 'tags')),
        instance_id: instanceId,
        region: textAt(all, 'region', 'regioncode'),
        hostname: textAt(all, 'hostname'),
        public_ipv4: address('public', 'ipv4', 'address'),
        public_ipv6: address('public', 'ipv6', 'address'),
        private_ipv4: address('private', 'ipv4', 'address'),
      }),
    };
  },
};
