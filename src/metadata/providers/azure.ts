/** Microsoft Azure. https://learn.microsoft.com/en-us/azure/virtual-machines/instance-metadata-service */
import { isRecord, listAt, textAt } from '../ingest/record.ts';
import { MAX_RAW_BYTES, Refusal } from '../ingest/types.ts';
import type { Machine } from '../machine.ts';
import { azureCustomData } from '../ovf.ts';
import { MetadataError, type Payload, type Provider, present } from '../provider.ts';
import { parsedDocument, type Service, statusError } from '../service.ts';
import { dmiReason, is, LINK_LOCAL, unlessEmpty } from './common.ts';

const HEADERS = { metadata: 'true' };
/** The service comes up after the machine: until then these mean "not yet". */
const NOT_YET = [404, 410, 429];
const USER_DATA = '/metadata/instance/compute/userData?api-version=2021-01-01&format=text';
const INSTANCE = [
  '/metadata/instance?api-version=2021-08-01&extended=true',
  '/metadata/instance?api-version=2019-06-01',
];
/** The provisioning disc is taken away once the machine has said that it is up; Azure's agent keeps what was on it. */
const AGENT_DIRECTORY = '/var/lib/waagent';
const CUSTOM_DATA_FILE = 'CustomData.bin';
const ENVIRONMENT = 'ovf-env.xml';

export const azure: Provider = {
  name: 'azure',
  title: 'Microsoft Azure',
  detect: (machine) => dmiReason(machine, [['chassis_asset_tag', is('7783-7084-3265-9085-8269-3286-77')]]),
  bases: () => [LINK_LOCAL],
  pollMs: 60_000,
  fetch: async ({ service, machine }) => {
    const instance = await instanceDocument(service);
    const compute = isRecord(instance) ? instance.compute : undefined;
    const [network] = listAt(instance, 'network', 'interface');
    const tags = listAt(compute, 'tagsList').map((tag) => [`tags.${textAt(tag, 'name')}`, textAt(tag, 'value')]);
    const instanceId = textAt(compute, 'vmId');
    const userData = await service.get(USER_DATA, { headers: HEADERS, later: NOT_YET });
    const payloads: Payload[] = unlessEmpty('userData', userData, true);
    if (payloads.length === 0) payloads.push(...unlessEmpty('customData', await customData(machine)));
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads,
      attributes: present({
        ...Object.fromEntries(tags),
        instance_id: instanceId,
        instance_type: textAt(compute, 'vmSize'),
        region: textAt(compute, 'location'),
        zone: textAt(compute, 'zone'),
        hostname: textAt(compute, 'osProfile', 'computerName') ?? textAt(compute, 'name'),
        private_ipv4: textAt(network, 'ipv4', 'ipAddress', 0, 'privateIpAddress'),
        public_ipv4: textAt(network, 'ipv4', 'ipAddress', 0, 'publicIpAddress'),
        private_ipv6: textAt(network, 'ipv6', 'ipAddress', 0, 'privateIpAddress'),
        resource_group: textAt(compute, 'resourceGroupName'),
      }),
    };
  },
};

/** Older services refuse what they do not know with 400. */
async function instanceDocument(service: Service): Promise<unknown> {
  for (const [index, path] of INSTANCE.entries()) {
    const answer = await service.ask(path, { headers: HEADERS });
    if (answer.status === 200) return parsedDocument(answer.body, path);
    if (answer.status !== 400 || index === INSTANCE.length - 1) throw statusError(answer, NOT_YET);
  }
  return undefined;
}

async function customData(machine: Machine): Promise<Uint8Array | undefined> {
  const onDisc = await machine.onVolume('any disc', async (volume) => {
    const environment = await volume.readFile(ENVIRONMENT, MAX_RAW_BYTES);
    if (!environment) return undefined;
    return (await volume.readFile(CUSTOM_DATA_FILE, MAX_RAW_BYTES)) ?? inEnvironment(environment);
  });
  if (onDisc) return onDisc;
  const kept = await machine.read(`${AGENT_DIRECTORY}/CustomData`);
  return kept ?? inEnvironment(await machine.read(`${AGENT_DIRECTORY}/${ENVIRONMENT}`));
}

function inEnvironment(xml: Uint8Array | undefined): Uint8Array | undefined {
  try {
    return azureCustomData(Buffer.from(xml ?? []).toString('utf8'));
  } catch (error) {
    if (error instanceof Refusal)
      throw new MetadataError(`CustomData in ${ENVIRONMENT} ${error.message}`, { kind: 'medium' });
    throw error;
  }
}
