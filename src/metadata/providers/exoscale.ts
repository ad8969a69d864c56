/** Exoscale, and CloudStack's virtual router, which speaks nearly the same. */
import type { Machine } from '../machine.ts';
import { type FetchContext, type Fetched, type Provider, present } from '../provider.ts';
import { collect } from '../token.ts';
import { dmiReason, ifGiven, LINK_LOCAL } from './common.ts';

const PATHS = {
  instance_id: 'instance-id',
  instance_type: 'service-offering',
  zone: 'availability-zone',
  hostname: 'local-hostname',
  private_ipv4: 'local-ipv4',
  public_ipv4: 'public-ipv4',
};

export const exoscale: Provider = {
  name: 'exoscale',
  title: 'Exoscale',
  detect: (machine) => dmiReason(machine, [['product_name', (value) => value.startsWith('Exoscale')]]),
  bases: () => [LINK_LOCAL],
  fetch: (context) => fetchFrom(context, '/1.0'),
};

/** The data server is the virtual router, which gives out the addresses as well. */
export const cloudstack: Provider = {
  name: 'cloudstack',
  title: 'Apache CloudStack',
  detect: (machine) => dmiReason(machine, [['product_name', (value) => value.includes('CloudStack')]]),
  bases: async (machine) => ['http://data-server', ...(await routers(machine)).map((address) => `http://${address}`)],
  fetch: (context) => fetchFrom(context, '/latest'),
};

async function fetchFrom({ service }: FetchContext, root: string): Promise<Fetched> {
  const attributes = await collect((path) => service.text(path), `${root}/meta-data/`, PATHS);
  return {
    ...(attributes.instance_id !== undefined && { instanceId: attributes.instance_id }),
    payloads: ifGiven('user-data', await service.get(`${root}/user-data`)),
    attributes: present(attributes),
  };
}

/** What DHCP clients keep: systemd-networkd, NetworkManager, dhclient. */
const LEASES: readonly [directory: string, files: RegExp, server: RegExp][] = [
  ['/run/systemd/netif/leases', /./, /^SERVER_ADDRESS=([\d.]+)$/gm],
  ['/var/lib/NetworkManager', /\.lease$/, /^SERVER_ADDRESS=([\d.]+)$/gm],
  ['/var/lib/dhcp', /^dhclient.*\.leases?$/, /^\s*option dhcp-server-identifier ([\d.]+);$/gm],
];

async function routers(machine: Machine): Promise<string[]> {
  const found: string[] = [];
  for (const [directory, files, server] of LEASES) {
    for (const name of (await machine.list(directory)).filter((one) => files.test(one))) {
      const lease = Buffer.from((await machine.read(`${directory}/${name}`)) ?? []).toString();
      // The newest is the last one.
      const address = [...lease.matchAll(server)].at(-1)?.[1];
      if (address !== undefined) found.push(address);
    }
  }
  const routes = Buffer.from((await machine.read('/proc/net/route')) ?? []).toString();
  // Interface, destination 0, gateway as the bytes of a little-endian number.
  for (const [, gateway = ''] of routes.matchAll(/^\S+\t00000000\t([0-9A-F]{8})\t/gm)) {
    const address = [...Buffer.from(gateway, 'hex')].reverse().join('.');
    if (address !== '0.0.0.0') found.push(address);
  }
  return [...new Set(found)];
}
