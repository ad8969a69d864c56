/** More of clouds.ts. */
import { type Cloud, metaData, needs, needsToken } from './cloud.ts';

export const MORE_CLOUDS: Readonly<Record<string, Cloud>> = {
  vultr: {
    answers: {
      '/v1.json': JSON.stringify({
        hostname: 'CLOUDINIT_1',
        instanceid: '42506325',
        'instance-v2-id': '29bea708-2e6e-480a-90ad-0e6b5d5ad62f',
        interfaces: [
          { ipv4: { address: '108.61.89.242' }, ipv6: { address: '2001:19f0:5:56c2::1' }, 'network-type': 'public' },
          { ipv4: { address: '10.1.112.3' }, 'network-type': 'private' },
        ],
        region: { regioncode: 'EWR' },
        'user-data': '',
      }),
    },
    userData: (text) => ({ '/latest/user-data': text }),
    payload: 'user-data',
    empty: 'none',
    attributes: {
      instance_id: '29bea708-2e6e-480a-90ad-0e6b5d5ad62f',
      region: 'EWR',
      hostname: 'CLOUDINIT_1',
      public_ipv4: '108.61.89.242',
      public_ipv6: '2001:19f0:5:56c2::1',
      private_ipv4: '10.1.112.3',
    },
  },
  scaleway: {
    answers: {
      '/conf?format=json': JSON.stringify({
        id: '5c6045fb-cc20-4f8d-9c2e-7d3e9a6b1c11',
        hostname: 'scw-foo',
        commercial_type: 'DEV1-S',
        tags: ['AUTHORIZED_KEY=ssh-rsa_AAAA'],
        private_ip: '10.194.2.1',
        public_ip: { address: '51.15.1.2' },
        location: { zone_id: 'fr-par-1' },
      }),
    },
    userData: (text) => ({ '/user_data/cloud-init': text }),
    payload: 'user_data/cloud-init',
    empty: 'none',
    attributes: {
      'tags.AUTHORIZED_KEY=ssh-rsa_AAAA': 'true',
      instance_id: '5c6045fb-cc20-4f8d-9c2e-7d3e9a6b1c11',
      instance_type: 'DEV1-S',
      zone: 'fr-par-1',
      region: 'fr-par',
      hostname: 'scw-foo',
      public_ipv4: '51.15.1.2',
      private_ipv4: '10.194.2.1',
    },
  },
  oracle: oracle(),
  aliyun: {
    answers: metaData('/latest/meta-data/', {
      'instance-id': 'i-bp1',
      'instance/instance-type': 'ecs.g6.large',
      'region-id': 'cn-hangzhou',
      'zone-id': 'cn-hangzhou-i',
      hostname: 'iZbp1',
      'private-ipv4': '172.16.101.215',
      eipv4: '47.1.2.3',
    }),
    userData: (text) => ({ '/latest/user-data': text }),
    payload: 'user-data',
    empty: 'empty',
    guard: needsToken('/latest/api/token', 'x-aliyun-ecs-metadata-token-ttl-seconds', 'x-aliyun-ecs-metadata-token'),
    attributes: {
      instance_id: 'i-bp1',
      instance_type: 'ecs.g6.large',
      region: 'cn-hangzhou',
      zone: 'cn-hangzhou-i',
      hostname: 'iZbp1',
      private_ipv4: '172.16.101.215',
      public_ipv4: '47.1.2.3',
    },
  },
  akamai: {
    answers: {
      '/v1/instance': JSON.stringify({
        id: 1234,
        label: 'my-linode',
        region: 'us-mia',
        type: 'g6-nanode-1',
        tags: ['web'],
      }),
      '/v1/network': JSON.stringify({
        ipv4: { public: ['172.233.1.2/32'], private: ['192.168.1.2/17'] },
        ipv6: { slaac: '2a01:7e00::f03c:91ff:fe00:1/128' },
      }),
    },
    userData: (text) => ({ '/v1/user-data': text }),
    base64: true,
    payload: 'user-data',
    empty: 'none',
    guard: needsToken('/v1/token', 'metadata-token-expiry-seconds', 'metadata-token'),
    attributes: {
      'tags.web': 'true',
      instance_id: '1234',
      instance_type: 'g6-nanode-1',
      region: 'us-mia',
      hostname: 'my-linode',
      public_ipv4: '172.233.1.2',
      private_ipv4: '192.168.1.2',
      public_ipv6: '2a01:7e00::f03c:91ff:fe00:1',
    },
  },
  upcloud: {
    answers: {
      '/metadata/v1.json': JSON.stringify({
        cloud_name: 'upcloud',
        instance_id: '00322b68-0096-4042-9406-faad61922128',
        hostname: 'ubuntu.example.com',
        region: 'fi-hel1',
        network: {
          interfaces: [
            { index: 1, type: 'public', ip_addresses: [{ address: '94.237.105.53', family: 'IPv4' }] },
            { index: 2, type: 'utility', ip_addresses: [{ address: '10.6.3.27', family: 'IPv4' }] },
            { index: 3, type: 'public', ip_addresses: [{ address: '2a04:3545:1000:720::1', family: 'IPv6' }] },
          ],
        },
        tags: [],
      }),
    },
    userData: (text) => ({ '/metadata/v1/user_data': text }),
    payload: 'user_data',
    empty: 'none',
    attributes: {
      instance_id: '00322b68-0096-4042-9406-faad61922128',
      region: 'fi-hel1',
      zone: 'fi-hel1',
      hostname: 'ubuntu.example.com',
      public_ipv4: '94.237.105.53',
      public_ipv6: '2a04:3545:1000:720::1',
      private_ipv4: '10.6.3.27',
    },
  },
  'ibm-vpc': ibmVpc(),
  exoscale: router('/1.0'),
  cloudstack: router('/latest'),
  lxd: {
    answers: {
      '/1.0/meta-data': '#cloud-config\ninstance-id: my-lxd\nlocal-hostname: my-lxd-hostname\n',
      '/1.0': '{"api_version":"1.0","location":"none","instance_type":"container"}',
    },
    userData: (text) => ({ '/1.0/config/cloud-init.user-data': text }),
    payload: 'cloud-init.user-data',
    empty: 'empty',
    attributes: { instance_id: 'my-lxd', hostname: 'my-lxd-hostname', instance_type: 'container', zone: 'none' },
  },
};

function router(root: string): Cloud {
  return {
    answers: metaData(`${root}/meta-data/`, {
      'instance-id': 'b6b7c0c5',
      'service-offering': 'Tiny',
      'availability-zone': 'ch-gva-2',
      'local-hostname': 'vm-1',
      'local-ipv4': '185.19.1.2',
    }),
    userData: (text) => ({ [`${root}/user-data`]: text }),
    payload: 'user-data',
    empty: 'empty',
    attributes: {
      instance_id: 'b6b7c0c5',
      instance_type: 'Tiny',
      zone: 'ch-gva-2',
      hostname: 'vm-1',
      private_ipv4: '185.19.1.2',
    },
  };
}

/** Its user-data is inside a document, and its token inside another. */
function ibmVpc(): Cloud {
  const version = 'version=2022-03-01';
  const instance = {
    id: '0717_e21b7391-2ca2-4ab5-84a8-b92157a633b0',
    name: 'my-instance',
    profile: { name: 'bx2-2x8' },
    zone: { name: 'us-south-1' },
    vpc: { id: 'r006-4727d842-f94f-4a2d-824a-9bc9b02c523b' },
    primary_network_interface: { primary_ip: { address: '10.240.0.4' } },
  };
  const initialization = (more: object) => ({
    [`/metadata/v1/instance/initialization?${version}`]: JSON.stringify({ keys: [], ...more }),
  });
  return {
    answers: { [`/metadata/v1/instance?${version}`]: JSON.stringify(instance), ...initialization({}) },
    userData: (text) => initialization({ user_data: text }),
    payload: 'user_data',
    empty: 'none',
    guard: ({ url, method, headers }) => {
      if (url === `/instance_identity/v1/token?${version}`) {
        const good = method === 'PUT' && headers['metadata-flavor'] === 'ibm';
        return good ? { body: '{"access_token":"TOKEN","expires_in":300}' } : { status: 400 };
      }
      return headers.authorization === 'Bearer TOKEN' ? undefined : { status: 401 };
    },
    attributes: {
      instance_id: instance.id,
      instance_type: 'bx2-2x8',
      zone: 'us-south-1',
      region: 'us-south',
      hostname: 'my-instance',
      private_ipv4: '10.240.0.4',
    },
  };
}

/** Its user-data is inside the document of the instance. */
function oracle(): Cloud {
  const instance = {
    availabilityDomain: 'qIZq:PHX-AD-1',
    canonicalRegionName: 'us-phoenix-1',
    displayName: 'instance-20200320-1400',
    hostname: 'instance-20200320-1400',
    id: 'ocid1.instance.oc1.phx.aaa',
    freeformTags: { role: 'web' },
    shape: 'VM.Standard2.1',
  };
  const document = (metadata: Record<string, string>) => ({
    '/opc/v2/instance/': JSON.stringify({ ...instance, metadata }),
  });
  return {
    answers: { ...document({}), '/opc/v2/vnics/': JSON.stringify([{ privateIp: '10.0.0.5', macAddr: '02:00' }]) },
    userData: (text) => document({ user_data: text }),
    base64: true,
    payload: 'user_data',
    empty: 'none',
    guard: needs('authorization', 'Bearer Oracle'),
    attributes: {
      'tags.role': 'web',
      instance_id: instance.id,
      instance_type: 'VM.Standard2.1',
      region: 'us-phoenix-1',
      zone: 'qIZq:PHX-AD-1',
      hostname: 'instance-20200320-1400',
      private_ipv4: '10.0.0.5',
    },
  };
}
