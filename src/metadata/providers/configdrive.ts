/**
 * A config drive: a medium labelled config-2 with OpenStack's files, or CloudStack's. `meta_data.json` may be absent.
 * https://docs.openstack.org/nova/latest/user/metadata.html#config-drives
 */
import { textAt } from '../ingest/record.ts';
import { MAX_RAW_BYTES } from '../ingest/types.ts';
import type { Machine } from '../machine.ts';
import { type Fetched, MetadataError, type Provider } from '../provider.ts';
import { parsedDocument } from '../service.ts';
import { ifGiven } from './common.ts';
import { ofMetaData } from './openstack.ts';

const LABELS = ['config-2'];
const DIRECTORIES = ['/config-drive', '/media/configdrive', '/media/config-2'];

type Read = (path: string) => Promise<Uint8Array | undefined>;

export const configdrive: Provider = {
  name: 'configdrive',
  title: 'Config drive (OpenStack, Nutanix, PowerVS, KubeVirt, CloudStack)',
  detect: async (machine) => {
    const directory = await driveDirectory(machine);
    if (directory !== undefined) return `${directory}/openstack is there`;
    const device = await machine.onVolume(LABELS, async (_, name) => name);
    return device === undefined ? undefined : `${device} has the label config-2`;
  },
  fetch: async ({ machine }) => {
    const directory = await driveDirectory(machine);
    if (directory !== undefined)
      return fromFiles(
        (path) => machine.read(`${directory}/${path}`),
        (path) => machine.list(`${directory}/${path}`),
      );
    const found = await machine.onVolume(LABELS, (volume) =>
      fromFiles(
        (path) => volume.readFile(path, MAX_RAW_BYTES),
        (path) => volume.list(path),
      ),
    );
    if (!found) throw new MetadataError('there is no medium with the label config-2', { kind: 'medium' });
    return found;
  },
};

async function fromFiles(read: Read, list: (path: string) => Promise<string[]>): Promise<Fetched> {
  const directory = `openstack/${await newest(list)}`;
  const metadata = await read(`${directory}/meta_data.json`);
  const userData = (await read(`${directory}/user_data`)) ?? (await read('cloudstack/userdata/user_data.txt'));
  const ec2 = await read('ec2/latest/meta-data.json');
  const addresses = ec2 && parsedDocument(ec2, 'meta-data.json');
  return {
    ...ofMetaData(metadata && parsedDocument(metadata, 'meta_data.json'), {
      instance_type: textAt(addresses, 'instance-type'),
      private_ipv4: textAt(addresses, 'local-ipv4'),
      public_ipv4: textAt(addresses, 'public-ipv4'),
    }),
    payloads: ifGiven('user_data', userData),
  };
}

/** `latest`, or the newest of the dated versions where there is none. */
async function newest(list: (path: string) => Promise<string[]>): Promise<string> {
  const names = await list('openstack');
  const dated = names.filter((name) => /^\d{4}-\d\d-\d\d$/.test(name)).sort();
  return names.includes('latest') ? 'latest' : (dated.at(-1) ?? 'latest');
}

async function driveDirectory(machine: Machine): Promise<string | undefined> {
  for (const directory of DIRECTORIES) if (await machine.exists(`${directory}/openstack`)) return directory;
  return undefined;
}
