/** OpenNebula's contextualization disc. https://docs.opennebula.io/stable/product/virtual_machines_operation/guest_operating_systems/ */
import { MAX_RAW_BYTES } from '../ingest/types.ts';
import type { Machine } from '../machine.ts';
import { MetadataError, type Payload, type Provider, present } from '../provider.ts';

const LABELS = ['context', 'cdrom'];
const FILE = 'context.sh';
/** A key of Rower's own goes first. */
const KEYS = ['ROWER_MANIFEST', 'USER_DATA', 'USERDATA'];

export const opennebula: Provider = {
  name: 'opennebula',
  title: 'OpenNebula (context disc)',
  detect: (machine) => onDisc(machine, async (_, device) => `${device} has ${FILE}`),
  fetch: async ({ machine }) => {
    const variables = await onDisc(machine, async (text) => shellVariables(text));
    if (!variables) throw new MetadataError(`there is no context disc with ${FILE}`, { kind: 'medium' });
    const payloads = KEYS.flatMap((key): Payload[] => {
      const value = variables.get(key);
      if (value === undefined || value.trim() === '') return [];
      const base64 = /^base64$/i.test(variables.get(`${key}_ENCODING`) ?? variables.get('USERDATA_ENCODING') ?? '');
      return [{ name: key, bytes: Buffer.from(value), base64 }];
    });
    const instanceId = variables.get('VMID') || undefined;
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads,
      attributes: present({
        instance_id: instanceId,
        hostname: variables.get('SET_HOSTNAME') ?? variables.get('HOSTNAME'),
        private_ipv4: variables.get('ETH0_IP') ?? variables.get('IP_PUBLIC'),
        private_ipv6: variables.get('ETH0_IP6'),
      }),
    };
  },
};

/** `KEY='value'`, also over several lines, with `'\''` for a quote. Read, never run: everything else is passed over. */
export function shellVariables(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, key = '', single, double, bare] of text.matchAll(
    /^(?:export\s+)?([A-Za-z_]\w*)=(?:'((?:[^']|'\\'')*)'|"((?:[^"\\]|\\[\s\S])*)"|([^\s'"$`]*))[ \t]*$/gm,
  )) {
    const value = single?.replaceAll("'\\''", "'") ?? double?.replace(/\\(["\\$`])/g, '$1') ?? bare ?? '';
    found.set(key, value);
  }
  return found;
}

/** Many discs have the label CDROM: it counts with the file on it only. */
function onDisc<T>(machine: Machine, use: (text: string, device: string) => Promise<T>): Promise<T | undefined> {
  return machine.onVolume(LABELS, async (volume, device) => {
    const bytes = await volume.readFile(FILE, MAX_RAW_BYTES);
    return bytes && use(Buffer.from(bytes).toString('utf8'), device);
  });
}
