/** OVF environment on a disc: vSphere's ISO transport, VirtualBox and others. https://www.dmtf.org/standards/ovf */
import { MAX_RAW_BYTES } from '../ingest/types.ts';
import type { Machine } from '../machine.ts';
import { ovfProperties } from '../ovf.ts';
import { type Fetched, MetadataError, type Payload, type Provider, present } from '../provider.ts';

const FILE = 'ovf-env.xml';
/** A key of Rower's own goes first, as it is; the other one is base64. */
const OWN_KEY = 'rower.manifest';
const USER_DATA = 'user-data';

export const ovf: Provider = {
  name: 'ovf',
  title: 'OVF environment on a disc',
  // Many have one for other ends: without user-data it says nothing of where that is.
  detect: (machine) =>
    onDisc(machine, async (xml, device) =>
      ofProperties(ovfProperties(xml)).payloads.length > 0 ? `${device} has ${FILE} with user-data` : undefined,
    ),
  fetch: async ({ machine }) => {
    const found = await onDisc(machine, async (xml) => ofProperties(ovfProperties(xml)));
    if (!found) throw new MetadataError(`there is no disc with ${FILE}`, { kind: 'medium' });
    return found;
  },
};

/** Of the environment, here and in VMware's `guestinfo.ovfEnv`. */
export function ofProperties(properties: ReadonlyMap<string, string>): Fetched {
  const payloads: Payload[] = [];
  for (const [key, base64] of [
    [OWN_KEY, false],
    [USER_DATA, true],
  ] as const) {
    const value = properties.get(key)?.trim();
    if (value) payloads.push({ name: `${FILE} ${key}`, bytes: Buffer.from(value), base64 });
  }
  const instanceId = properties.get('instance-id');
  return {
    ...(instanceId !== undefined && { instanceId }),
    payloads,
    attributes: present({
      instance_id: instanceId,
      hostname: properties.get('hostname') ?? properties.get('local-hostname'),
    }),
  };
}

/** Not Azure's: that one is read by its own provider. */
function onDisc<T>(
  machine: Machine,
  use: (xml: string, device: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  return machine.onVolume('any disc', async (volume, device) => {
    const bytes = await volume.readFile(FILE, MAX_RAW_BYTES);
    const xml = Buffer.from(bytes ?? []).toString('utf8');
    const is = xml.includes('http://schemas.dmtf.org/ovf/environment/1') && !xml.includes('windowsazure');
    return is ? use(xml, device) : undefined;
  });
}
