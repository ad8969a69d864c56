/** Scaleway. Its user-data is told only to source ports below 1024. https://www.scaleway.com/en/docs/instances/how-to/use-cloud-init/ */
import { at, textAt } from '../ingest/record.ts';
import { type FetchContext, MetadataError, type Provider, present } from '../provider.ts';
import { NoAnswer } from '../request.ts';
import { ABSENT, type ServiceAnswer, statusError } from '../service.ts';
import { dmiReason, hasWord, is, tagAttributes, unlessEmpty } from './common.ts';

const PRIVILEGED_PORTS = 1023;
const ATTEMPTS = 16;
/** A key of Rower's own goes first. */
const KEYS = ['rower', 'cloud-init'];

export const scaleway: Provider = {
  name: 'scaleway',
  title: 'Scaleway',
  detect: async (machine) =>
    (await dmiReason(machine, [['sys_vendor', is('Scaleway')]])) ??
    (await hasWord(machine, 'scaleway')) ??
    ((await machine.exists('/var/run/scaleway')) ? '/var/run/scaleway is there' : undefined),
  bases: () => ['http://169.254.42.42', 'http://[fd00:42::42]'],
  pollMs: 60_000,
  fetch: async (context) => {
    const all = await context.service.document('/conf?format=json');
    const instanceId = textAt(all, 'id');
    const payloads = [];
    for (const key of KEYS) payloads.push(...unlessEmpty(`user_data/${key}`, await userData(context, key)));
    const zone = textAt(all, 'location', 'zone_id') ?? textAt(all, 'zone');
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads,
      attributes: present({
        ...tagAttributes(at(all, 'tags')),
        instance_id: instanceId,
        instance_type: textAt(all, 'commercial_type'),
        zone,
        region: zone?.replace(/-\d+$/, ''),
        hostname: textAt(all, 'hostname'),
        public_ipv4: textAt(all, 'public_ip', 'address'),
        private_ipv4: textAt(all, 'private_ip'),
      }),
    };
  },
};

/** A port is not free again for a minute after its use: another one each time. */
async function userData({ service, env }: FetchContext, key: string): Promise<Uint8Array | undefined> {
  const random = env.random('scaleway-port');
  const path = `/user_data/${key}`;
  for (let attempt = 1; ; attempt += 1) {
    let answer: ServiceAnswer;
    try {
      answer = await service.ask(path, { localPort: 1 + Math.floor(random() * PRIVILEGED_PORTS) });
    } catch (error) {
      if (portTaken(error) && attempt < ATTEMPTS) continue;
      throw error;
    }
    if (answer.status === 200) return answer.body;
    if (ABSENT.has(answer.status)) return undefined;
    if (answer.status !== 429 || attempt >= ATTEMPTS) throw statusError(answer);
  }
}

function portTaken(error: unknown): boolean {
  const code = error instanceof MetadataError && error.cause instanceof NoAnswer ? error.cause.code : undefined;
  return code === 'EADDRINUSE' || code === 'EADDRNOTAVAIL';
}
