/**
 * How each cloud's metadata service answers, shortened from its documentation and from what cloud-init's and afterburn's tests
 * recorded.
 */
import { type Cloud, metaData, needs, needsToken } from './cloud.ts';
import { MORE_CLOUDS } from './clouds-more.ts';

const OPENSTACK = {
  uuid: '83679162-1378-4288-a2d4-70e13ec132aa',
  name: 'sm-foo-test',
  hostname: 'sm-foo-test.novalocal',
  availability_zone: 'nova',
  project_id: 'p1',
  launch_index: 0,
  meta: { role: 'web' },
  public_keys: { mykey: 'ssh-rsa AAAA' },
};

const DROPLET = {
  droplet_id: 2756294,
  hostname: 'sample-droplet',
  region: 'nyc3',
  tags: ['web'],
  interfaces: {
    private: [{ ipv4: { ip_address: '10.132.255.113', netmask: '255.255.0.0' }, type: 'private' }],
    public: [
      {
        ipv4: { ip_address: '104.131.20.105' },
        ipv6: { ip_address: '2604:A880:0800:0010:0000:0000:017D:2001', cidr: 64 },
      },
    ],
  },
};

export const CLOUDS: Readonly<Record<string, Cloud>> = {
  ec2: {
    answers: metaData('/latest/meta-data/', {
      'instance-id': 'i-0123456789abcdef0',
      'instance-type': 't3.micro',
      'placement/region': 'eu-west-1',
      'placement/availability-zone': 'eu-west-1a',
      'local-hostname': 'ip-10-0-0-1.eu-west-1.compute.internal',
      'local-ipv4': '10.0.0.1',
      'public-ipv4': '54.1.2.3',
    }),
    userData: (text) => ({ '/latest/user-data': text }),
    payload: 'user-data',
    empty: 'empty',
    guard: needsToken('/latest/api/token', 'x-aws-ec2-metadata-token-ttl-seconds', 'x-aws-ec2-metadata-token'),
    attributes: {
      instance_id: 'i-0123456789abcdef0',
      instance_type: 't3.micro',
      region: 'eu-west-1',
      zone: 'eu-west-1a',
      hostname: 'ip-10-0-0-1.eu-west-1.compute.internal',
      private_ipv4: '10.0.0.1',
      public_ipv4: '54.1.2.3',
    },
  },
  'ec2-compat': {
    answers: metaData('/latest/meta-data/', { 'instance-id': 'srv-1', 'local-ipv4': '10.0.0.2' }),
    userData: (text) => ({ '/latest/user-data': text }),
    payload: 'user-data',
    empty: 'empty',
    attributes: { instance_id: 'srv-1', private_ipv4: '10.0.0.2' },
  },
  gce: {
    answers: metaData('/computeMetadata/v1/', {
      'instance/id': '5993525963953412345',
      'instance/zone': 'projects/123/zones/europe-west1-b',
      'instance/machine-type': 'projects/123/machineTypes/e2-micro',
      'instance/hostname': 'web.c.project.internal',
      'instance/network-interfaces/0/ip': '10.132.0.2',
      'project/project-id': 'project',
    }),
    userData: (text) => ({ '/computeMetadata/v1/instance/attributes/kube-pods': text }),
    payload: 'instance/attributes/kube-pods',
    empty: 'empty',
    attributes: {
      instance_id: '5993525963953412345',
      instance_type: 'e2-micro',
      region: 'europe-west1',
      zone: 'europe-west1-b',
      hostname: 'web.c.project.internal',
      private_ipv4: '10.132.0.2',
      project_id: 'project',
    },
  },
  azure: {
    answers: {
      '/metadata/instance?api-version=2021-08-01&extended=true': JSON.stringify({
        compute: {
          location: 'eastus2',
          name: 'my-hostname',
          vmId: 'ff702a6b-cb6a-4fcd-ad68-b4ce38227642',
          vmSize: 'Standard_DS1_v2',
          zone: '1',
          resourceGroupName: 'srugroup1',
          tagsList: [{ name: 'role', value: 'web' }],
          osProfile: { computerName: 'hostname1' },
        },
        network: {
          interface: [
            {
              ipv4: { ipAddress: [{ privateIpAddress: '10.0.0.4', publicIpAddress: '104.46.124.81' }] },
              ipv6: { ipAddress: [] },
              macAddress: '000D3A047598',
            },
          ],
        },
      }),
    },
    userData: (text) => ({ '/metadata/instance/compute/userData?api-version=2021-01-01&format=text': text }),
    base64: true,
    payload: 'userData',
    empty: 'none',
    absent: 'not yet',
    guard: needs('metadata', 'true'),
    attributes: {
      'tags.role': 'web',
      instance_id: 'ff702a6b-cb6a-4fcd-ad68-b4ce38227642',
      instance_type: 'Standard_DS1_v2',
      region: 'eastus2',
      zone: '1',
      hostname: 'hostname1',
      private_ipv4: '10.0.0.4',
      public_ipv4: '104.46.124.81',
      resource_group: 'srugroup1',
    },
  },
  openstack: {
    answers: {
      '/openstack/latest/meta_data.json': JSON.stringify(OPENSTACK),
      '/latest/meta-data/local-ipv4': '10.0.0.5',
    },
    userData: (text) => ({ '/openstack/latest/user_data': text }),
    payload: 'user_data',
    empty: 'empty',
    attributes: {
      'tags.role': 'web',
      instance_id: OPENSTACK.uuid,
      zone: 'nova',
      hostname: 'sm-foo-test.novalocal',
      project_id: 'p1',
      private_ipv4: '10.0.0.5',
    },
  },
  digitalocean: {
    answers: { '/metadata/v1.json': JSON.stringify(DROPLET) },
    userData: (text) => ({ '/metadata/v1/user-data': text }),
    payload: 'user-data',
    empty: 'none',
    attributes: {
      'tags.web': 'true',
      instance_id: '2756294',
      region: 'nyc3',
      hostname: 'sample-droplet',
      public_ipv4: '104.131.20.105',
      public_ipv6: '2604:A880:0800:0010:0000:0000:017D:2001',
      private_ipv4: '10.132.255.113',
    },
  },
  hetzner: {
    answers: {
      '/hetzner/v1/metadata':
        'hostname: cloudinit-test\ninstance-id: 123456\nlocal-ipv4: \'\'\npublic-ipv4: 192.168.0.2\nregion: eu-central\navailability-zone: fsn1-dc14\nvendor_data: "test"\n',
      '/hetzner/v1/metadata/private-networks': '- ip: 10.0.0.2\n  alias_ips: []\n  network_id: 1234\n',
    },
    userData: (text) => ({ '/hetzner/v1/userdata': text }),
    payload: 'userdata',
    empty: 'none',
    machine: { dmi: { product_serial: '123456\n' } },
    attributes: {
      instance_id: '123456',
      region: 'eu-central',
      zone: 'fsn1-dc14',
      hostname: 'cloudinit-test',
      public_ipv4: '192.168.0.2',
      private_ipv4: '10.0.0.2',
    },
  },
  ...MORE_CLOUDS,
};
