/** Guests of Incus and LXD: HTTP over a Unix socket. https://linuxcontainers.org/incus/docs/main/dev-incus/ */
import { textAt } from '../ingest/record.ts';
import { type Payload, type Provider, present } from '../provider.ts';
import { ifGiven } from './common.ts';

const SOCKETS = ['/dev/incus/sock', '/dev/lxd/sock'];
/** A key of Rower's own goes first. */
const KEYS = ['user.rower-manifest', 'cloud-init.user-data', 'user.user-data'];

export const lxd: Provider = {
  name: 'lxd',
  title: 'Incus and LXD',
  detect: async (machine) => {
    for (const socket of SOCKETS) if (await machine.exists(socket)) return `${socket} is there`;
    return undefined;
  },
  bases: async (machine) => {
    const found = [];
    for (const socket of SOCKETS) if (await machine.exists(socket)) found.push(`unix:${machine.path(socket)}`);
    return found;
  },
  pollMs: 60_000,
  fetch: async ({ service }) => {
    const metadata = await service.document('/1.0/meta-data');
    const state = await service.document('/1.0');
    const payloads: Payload[] = [];
    for (const key of KEYS) payloads.push(...ifGiven(key, await service.get(`/1.0/config/${key}`)));
    const instanceId = textAt(metadata, 'instance-id');
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads,
      attributes: present({
        instance_id: instanceId,
        hostname: textAt(metadata, 'local-hostname'),
        instance_type: textAt(state, 'instance_type'),
        zone: textAt(state, 'location'),
      }),
    };
  },
};
