/** Alibaba Cloud ECS. https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata */
import type { Provider } from '../provider.ts';
import { collect, TokenSession } from '../token.ts';
import { dmiReason, ifGiven, is } from './common.ts';

const PATHS = {
  instance_id: 'instance-id',
  instance_type: 'instance/instance-type',
  region: 'region-id',
  zone: 'zone-id',
  hostname: 'hostname',
  private_ipv4: 'private-ipv4',
  public_ipv4: 'eipv4',
};

export const aliyun: Provider = {
  name: 'aliyun',
  title: 'Alibaba Cloud ECS',
  detect: (machine) => dmiReason(machine, [['product_name', is('Alibaba Cloud ECS')]]),
  bases: () => ['http://100.100.100.200'],
  fetch: async ({ service }) => {
    const session = new TokenSession(service, {
      path: '/latest/api/token',
      askHeaders: { 'x-aliyun-ecs-metadata-token-ttl-seconds': '300' },
      tokenHeader: 'x-aliyun-ecs-metadata-token',
      optional: true,
    });
    const attributes = await collect((path) => session.text(path), '/latest/meta-data/', PATHS);
    return {
      ...(attributes.instance_id !== undefined && { instanceId: attributes.instance_id }),
      payloads: ifGiven('user-data', await session.get('/latest/user-data')),
      attributes,
    };
  },
};
