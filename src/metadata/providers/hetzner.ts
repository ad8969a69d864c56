/** Hetzner Cloud. https://docs.hetzner.cloud/reference/cloud#server-metadata */
import { textAt } from '../ingest/record.ts';
import { MetadataError, type Provider, present } from '../provider.ts';
import { dmiReason, is, LINK_LOCAL, unlessEmpty } from './common.ts';

export const hetzner: Provider = {
  name: 'hetzner',
  title: 'Hetzner Cloud',
  detect: (machine) => dmiReason(machine, [['sys_vendor', is('Hetzner')]]),
  bases: (machine) => [LINK_LOCAL, ...machine.interfaces().map((name) => `http://[fe80::a9fe:a9fe%${name}]`)],
  fetch: async ({ service, machine }) => {
    const metadata = await service.document('/hetzner/v1/metadata');
    const instanceId = textAt(metadata, 'instance-id');
    const serial = await machine.dmi('product_serial');
    if (serial !== '' && instanceId !== undefined && serial !== instanceId)
      throw new MetadataError(`the metadata service speaks of instance ${instanceId}, but this machine is ${serial}`, {
        kind: 'identity',
      });
    const networks = await service.document('/hetzner/v1/metadata/private-networks');
    return {
      ...(instanceId !== undefined && { instanceId }),
      // Binary content cannot be given there: gzip comes in base64, which ingest finds out.
      payloads: unlessEmpty('userdata', await service.get('/hetzner/v1/userdata')),
      attributes: present({
        instance_id: instanceId,
        region: textAt(metadata, 'region'),
        zone: textAt(metadata, 'availability-zone'),
        hostname: textAt(metadata, 'hostname'),
        public_ipv4: textAt(metadata, 'public-ipv4'),
        private_ipv4: textAt(networks, 0, 'ip') ?? textAt(metadata, 'local-ipv4'),
      }),
    };
  },
};
