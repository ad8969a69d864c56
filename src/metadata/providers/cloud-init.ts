/**
 * What cloud-init has fetched on this machine: with it Rower gets the user-data of every cloud that cloud-init knows.
 * https://cloudinit.readthedocs.io/en/latest/explanation/instancedata.html
 */
import { at, isRecord, textAt } from '../ingest/record.ts';
import type { Machine } from '../machine.ts';
import { MetadataError, type Provider, present } from '../provider.ts';
import { parsedDocument } from '../service.ts';
import { ifGiven, tagAttributes } from './common.ts';

const INSTANCE_DATA = ['/run/cloud-init/instance-data-sensitive.json', '/run/cloud-init/instance-data.json'];
const USER_DATA = '/var/lib/cloud/instance/user-data.txt';
const RESULT = '/run/cloud-init/result.json';
/** The generator's word: it is installed and has something to do at this boot. */
const ENABLED = '/run/cloud-init/enabled';

/** The file by which cloud-init shows that it works on this machine. */
export async function traceOfCloudInit(machine: Machine): Promise<string | undefined> {
  for (const file of [RESULT, ENABLED]) if (await machine.exists(file)) return file;
  return undefined;
}

export const cloudInit: Provider = {
  name: 'cloud-init',
  title: 'cloud-init has fetched it',
  detect: async (machine) => {
    const file = await traceOfCloudInit(machine);
    return file === undefined ? undefined : `${file} is there`;
  },
  fetch: async ({ machine }) => {
    const data = (await machine.read(INSTANCE_DATA[0] ?? '')) ?? (await machine.read(INSTANCE_DATA[1] ?? ''));
    if (!data) throw new MetadataError('cloud-init has not found its data source yet');
    const all = parsedDocument(data, 'instance-data.json');
    const one = isRecord(all) ? all.v1 : undefined;
    const instanceId = textAt(one, 'instance_id');
    return {
      ...(instanceId !== undefined && { instanceId }),
      writeFilesDone: true,
      // cloud-init writes an empty file when there is none.
      payloads: ifGiven('user-data.txt', (await machine.read(USER_DATA)) || undefined).filter(
        ({ bytes }) => bytes.length > 0,
      ),
      attributes: present({
        ...tagAttributes(at(all, 'ds', 'meta_data', 'tags')),
        instance_id: instanceId,
        cloud: textAt(one, 'cloud_name'),
        region: textAt(one, 'region'),
        zone: textAt(one, 'availability_zone'),
        hostname: textAt(one, 'local_hostname'),
      }),
    };
  },
};
