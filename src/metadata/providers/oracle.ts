/** Oracle Cloud Infrastructure. https://docs.oracle.com/en-us/iaas/Content/Compute/Tasks/gettingmetadata.htm */
import { at, textAt } from '../ingest/record.ts';
import { MetadataError, type Provider, present } from '../provider.ts';
import { dmiReason, is, LINK_LOCAL, ofText, tagAttributes } from './common.ts';

const HEADERS = { authorization: 'Bearer Oracle' };

export const oracle: Provider = {
  name: 'oracle',
  title: 'Oracle Cloud Infrastructure',
  detect: (machine) => dmiReason(machine, [['chassis_asset_tag', is('OracleCloud.com')]]),
  bases: () => [LINK_LOCAL, 'http://[fd00:c1::a9fe:a9fe]'],
  fetch: async ({ service }) => {
    const instance = await service.document('/opc/v2/instance/', { headers: HEADERS });
    if (instance === undefined) throw new MetadataError('/opc/v2/instance/: the answer has status 404');
    const vnics = await service.document('/opc/v2/vnics/', { headers: HEADERS });
    const instanceId = textAt(instance, 'id');
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads: ofText('user_data', at(instance, 'metadata', 'user_data'), true),
      attributes: present({
        ...tagAttributes(at(instance, 'freeformTags')),
        instance_id: instanceId,
        instance_type: textAt(instance, 'shape'),
        region: textAt(instance, 'canonicalRegionName') ?? textAt(instance, 'region'),
        zone: textAt(instance, 'availabilityDomain'),
        hostname: textAt(instance, 'hostname') ?? textAt(instance, 'displayName'),
        private_ipv4: textAt(vnics, 0, 'privateIp'),
      }),
    };
  },
};
