/** Akamai Connected Cloud, once Linode. https://techdocs.akamai.com/cloud-computing/docs/overview-of-the-metadata-service */

import { at, textAt } from '../ingest/record.ts';
import { type Provider, present } from '../provider.ts';
import { parsedDocument } from '../service.ts';
import { TokenSession } from '../token.ts';
import { dmiReason, is, LINK_LOCAL, tagAttributes, unlessEmpty } from './common.ts';

const JSON_HEADERS = { accept: 'application/json' };

export const akamai: Provider = {
  name: 'akamai',
  title: 'Akamai (Linode)',
  detect: (machine) => dmiReason(machine, [['sys_vendor', is('Linode', 'Akamai')]]),
  bases: () => [LINK_LOCAL, 'http://[fd00:a9fe:a9fe::1]'],
  fetch: async ({ service }) => {
    const session = new TokenSession(service, {
      path: '/v1/token',
      askHeaders: { 'metadata-token-expiry-seconds': '300', accept: 'text/plain' },
      tokenHeader: 'metadata-token',
      optional: false,
    });
    const read = async (path: string) => {
      const body = await session.get(path, JSON_HEADERS);
      return body && parsedDocument(body, path);
    };
    const [instance, network] = [await read('/v1/instance'), await read('/v1/network')];
    const instanceId = textAt(instance, 'id');
    const address = (kind: string) => textAt(network, 'ipv4', kind, 0)?.replace(/\/\d+$/, '');
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads: unlessEmpty('user-data', await session.get('/v1/user-data'), true),
      attributes: present({
        instance_id: instanceId,
        instance_type: textAt(instance, 'type'),
        region: textAt(instance, 'region'),
        hostname: textAt(instance, 'label'),
        private_ipv4: address('private'),
        public_ipv4: address('public'),
        public_ipv6: textAt(network, 'ipv6', 'slaac')?.replace(/\/\d+$/, ''),
        ...tagAttributes(at(instance, 'tags')),
      }),
    };
  },
};
