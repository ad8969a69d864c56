/** Guests of Incus and LXD: HTTP over a Unix socket. https://linuxcontainers.org/incus/docs/main/dev-incus/ */
import { createHash } from 'node:crypto';
import { sleep } from '../../kubelet/env.ts';
import { textAt } from '../ingest/record.ts';
import { type FetchContext, MetadataError, type Payload, type Provider, present } from '../provider.ts';
import type { Service } from '../service.ts';
import { dmiReason, ifGiven, is } from './common.ts';

const SOCKETS = ['/dev/incus/sock', '/dev/lxd/sock'];
const PORTS = '/sys/class/virtio-ports';
const PORT_NAMES = ['org.linuxcontainers.incus', 'org.linuxcontainers.lxd', 'com.canonical.lxd'];
/** A key of Rower's own goes first. */
const KEYS = ['user.rower-manifest', 'cloud-init.user-data', 'user.user-data'];

export const lxd: Provider = {
  name: 'lxd',
  title: 'Incus and LXD',
  detect: async (machine) => {
    for (const socket of SOCKETS) if (await machine.exists(socket)) return `${socket} is there`;
    // In a virtual machine the guest's agent makes the socket, perhaps later.
    for (const port of await machine.list(PORTS)) {
      const name = Buffer.from((await machine.read(`${PORTS}/${port}/name`)) ?? [])
        .toString('latin1')
        .trim();
      if (PORT_NAMES.includes(name)) return `there is a virtio port ${name}`;
    }
    return dmiReason(machine, [['board_name', is('LXD')]]);
  },
  bases: async (machine) => {
    const found: string[] = [];
    for (const socket of SOCKETS) if (await machine.exists(socket)) found.push(socket);
    return (found.length > 0 ? found : SOCKETS).map((socket) => `unix:${machine.path(socket)}`);
  },
  waitForChange: async (context, last) => {
    if (last !== undefined) await nextEvent(context);
    return markOf(context.service);
  },
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

const EVENTS = '/1.0/events?type=config';
const WAIT_MS = 60_000;

/** A key of the configuration changed, or it is time to look all the same: an event may have been missed. */
async function nextEvent({ service, env, signal }: FetchContext): Promise<void> {
  const begunMs = env.monotonicMs();
  try {
    const { status } = await service.ask(EVENTS, { firstPiece: true, timeoutMs: WAIT_MS });
    if (status === 200) return;
  } catch (error) {
    if (!(error instanceof MetadataError)) throw error;
  }
  // Without events, or when they end early, it is a poll.
  await sleep(env, Math.max(0, WAIT_MS - (env.monotonicMs() - begunMs)), signal);
}

async function markOf(service: Service): Promise<string> {
  const hash = createHash('sha256');
  for (const key of KEYS) {
    const value = await service.get(`/1.0/config/${key}`);
    hash.update(value === undefined ? '-' : `${value.length}:`).update(value ?? '');
  }
  return hash.digest('hex');
}
