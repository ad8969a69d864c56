/** VMware's guestinfo variables, read with the tools of the guest. https://cloudinit.readthedocs.io/en/latest/reference/datasources/vmware.html */
import { textAt } from '../ingest/record.ts';
import { Refusal } from '../ingest/types.ts';
import { decodeBase64, gunzip } from '../ingest/unwrap.ts';
import type { Machine } from '../machine.ts';
import { ovfProperties } from '../ovf.ts';
import { MetadataError, type Payload, type Provider, present } from '../provider.ts';
import { parsedDocument } from '../service.ts';
import { dmiReason } from './common.ts';
import { ofProperties } from './ovf.ts';

/** A key of Rower's own goes first. */
const KEYS = ['rower.manifest', 'userdata'];

export const vmware: Provider = {
  name: 'vmware',
  title: 'VMware guestinfo',
  detect: async (machine) =>
    (await dmiReason(machine, [['sys_vendor', (value) => value.startsWith('VMware')]])) ??
    (machine.environment('VMX_GUESTINFO') === undefined ? undefined : 'VMX_GUESTINFO is in the environment'),
  fetch: async ({ machine }) => {
    const payloads: Payload[] = [];
    for (const key of KEYS) {
      const bytes = await guestinfo(machine, key);
      if (bytes !== undefined) payloads.push({ name: `guestinfo.${key}`, bytes });
    }
    const environment = await guestinfo(machine, 'ovfEnv');
    const ovf = ofProperties(ovfProperties(Buffer.from(environment ?? []).toString('utf8')));
    payloads.push(...ovf.payloads.map((payload) => ({ ...payload, name: `guestinfo.ovfEnv ${payload.name}` })));
    const metadata = await guestinfo(machine, 'metadata');
    const document = metadata && parsedDocument(metadata, 'guestinfo.metadata');
    const instanceId = textAt(document, 'instance-id') ?? ovf.instanceId;
    const hostname = textAt(document, 'local-hostname') ?? textAt(document, 'hostname') ?? ovf.attributes.hostname;
    return {
      ...(instanceId !== undefined && { instanceId }),
      payloads,
      attributes: present({ instance_id: instanceId, hostname }),
    };
  },
};

/** Blank and `---` are how a variable is taken back: it cannot be deleted. Rejects with MetadataError. */
async function guestinfo(machine: Machine, key: string): Promise<Uint8Array | undefined> {
  const text = await variable(machine, key);
  if (text === undefined || text.trim() === '' || text.trim() === '---') return undefined;
  const encoding = ((await variable(machine, `${key}.encoding`)) ?? '').trim().toLowerCase();
  const bytes = Buffer.from(text);
  try {
    if (encoding === '') return bytes;
    if (encoding === 'base64' || encoding === 'b64') return decodeBase64(bytes);
    if (/^gz(?:ip)?(?:\+b(?:ase)?64)?$/.test(encoding)) return gunzip(decodeBase64(bytes));
  } catch (error) {
    if (error instanceof Refusal) throw new MetadataError(`guestinfo.${key} ${error.message}`, { final: true });
    throw error;
  }
  throw new MetadataError(`guestinfo.${key}.encoding ${JSON.stringify(encoding)} is unknown`, { final: true });
}

async function variable(machine: Machine, key: string): Promise<string | undefined> {
  const inEnvironment = machine.environment(`VMX_GUESTINFO_${key.toUpperCase().replaceAll('.', '_')}`);
  if (inEnvironment !== undefined) return inEnvironment;
  const command = `info-get guestinfo.${key}`;
  return (await machine.run('vmware-rpctool', [command])) ?? machine.run('vmtoolsd', ['--cmd', command]);
}
