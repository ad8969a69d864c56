/**
 * IBM Cloud VPC's metadata service, which is off unless it was asked for; without it the user-data is on a cidata disc.
 * Its firmware has no string that is documented: it is named, not detected. https://cloud.ibm.com/docs/vpc?topic=vpc-imd-about
 */
import { at, textAt } from '../ingest/record.ts';
import { MetadataError, type Provider, present } from '../provider.ts';
import { parsedDocument, statusError } from '../service.ts';
import { LINK_LOCAL, ofText } from './common.ts';

const VERSION = 'version=2022-03-01';
const TOKEN = `/instance_identity/v1/token?${VERSION}`;
const INSTANCE = `/metadata/v1/instance?${VERSION}`;
const INITIALIZATION = `/metadata/v1/instance/initialization?${VERSION}`;
const SECONDS = 300;

export const ibmVpc: Provider = {
  name: 'ibm-vpc',
  title: 'IBM Cloud VPC (by name only; auto finds its cidata disc)',
  detect: async () => undefined,
  bases: () => ['http://api.metadata.cloud.ibm.com', LINK_LOCAL],
  fetch: async ({ service }) => {
    const answer = await service.ask(TOKEN, {
      method: 'PUT',
      headers: { 'metadata-flavor': 'ibm', 'content-type': 'application/json', accept: 'application/json' },
      content: JSON.stringify({ expires_in: SECONDS }),
    });
    if (answer.status !== 200 && answer.status !== 201) throw statusError(answer);
    const token = textAt(parsedDocument(answer.body, TOKEN), 'access_token');
    if (token === undefined) throw new MetadataError(`${TOKEN}: there is no access_token in the answer`);
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
    const instance = await service.document(INSTANCE, { headers });
    const initialization = await service.document(INITIALIZATION, { headers });
    const instanceId = textAt(instance, 'id');
    const zone = textAt(instance, 'zone', 'name');
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads: ofText('user_data', at(initialization, 'user_data')),
      attributes: present({
        instance_id: instanceId,
        instance_type: textAt(instance, 'profile', 'name'),
        zone,
        region: zone?.replace(/-\d+$/, ''),
        hostname: textAt(instance, 'name'),
        private_ipv4: textAt(instance, 'primary_network_interface', 'primary_ip', 'address'),
      }),
    };
  },
};
