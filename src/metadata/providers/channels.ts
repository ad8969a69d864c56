/** Channels from the hypervisor or the service manager that hold the manifest itself, under the name `rower.manifest`. */

import { MAX_RAW_BYTES } from '../ingest/types.ts';
import type { Machine } from '../machine.ts';
import { MetadataError, type Payload, type Provider } from '../provider.ts';

const NAME = 'rower.manifest';

/** A provider that either finds its payload or is not there. */
function channel(
  name: string,
  title: string,
  where: string,
  read: (machine: Machine) => Promise<Omit<Payload, 'name'> | undefined>,
): Provider {
  return {
    name,
    title,
    detect: async (machine) => ((await read(machine)) ? `${where} is there` : undefined),
    fetch: async ({ machine }) => {
      const payload = await read(machine);
      if (!payload) throw new MetadataError(`${where} is not there`);
      return { payloads: [{ name: NAME, ...payload }], attributes: {} };
    },
  };
}

/** `ImportCredential=rower.*` in the unit, `systemd-creds`, `--set-credential`. */
export const systemdCredential = channel(
  'systemd-cred',
  'systemd credential',
  `the credential ${NAME}`,
  async (machine) => {
    const directory = machine.environment('CREDENTIALS_DIRECTORY');
    const bytes = directory ? await machine.read(`${directory}/${NAME}`) : undefined;
    return bytes && { bytes };
  },
);

const FW_CFG = '/sys/firmware/qemu_fw_cfg/by_name';
const FW_CFG_KEYS = ['opt/dev.rower/manifest', `opt/io.systemd.credentials/${NAME}`];

/** `-fw_cfg name=opt/dev.rower/manifest,file=pod.yaml`; needs the kernel's module qemu_fw_cfg. */
export const qemuFwCfg = channel('qemu-fwcfg', 'QEMU firmware configuration', FW_CFG_KEYS[0] ?? '', async (machine) => {
  for (const key of FW_CFG_KEYS) {
    const bytes = await machine.read(`${FW_CFG}/${key}/raw`);
    if (bytes) return { bytes };
  }
  return undefined;
});

const DMI_ENTRIES = '/sys/firmware/dmi/entries';
const OEM_STRINGS = /^11-/;

/** `-smbios type=11,value=io.systemd.credential:rower.manifest=…`; needs the kernel's module dmi-sysfs. */
export const smbios11 = channel('smbios11', 'SMBIOS OEM string', `the SMBIOS string for ${NAME}`, async (machine) => {
  for (const entry of await machine.list(DMI_ENTRIES)) {
    if (!OEM_STRINGS.test(entry)) continue;
    const raw = Buffer.from((await machine.read(`${DMI_ENTRIES}/${entry}/raw`)) ?? []);
    // The header tells its own length; strings end in NUL.
    for (const string of raw
      .subarray(raw[1] ?? 0)
      .toString('latin1')
      .split('\0')) {
      const match = /^io\.systemd\.credential(\.binary)?:rower\.manifest=/.exec(string);
      if (match) return { bytes: Buffer.from(string.slice(match[0].length), 'latin1'), base64: match[1] !== undefined };
    }
  }
  return undefined;
});

const KVP_POOL = '/var/lib/hyperv/.kvp_pool_0';
const KVP_KEY_BYTES = 512;
const KVP_VALUE_BYTES = 2048;

/** Records of fixed size; a manifest longer than one value is in `rower.manifest.0`, `.1` and so on. */
export const hypervKvp = channel('hyperv-kvp', 'Hyper-V key-value pairs', `the key ${NAME}`, async (machine) => {
  const pool = Buffer.from((await machine.read(KVP_POOL, MAX_RAW_BYTES)) ?? []);
  const values = new Map<string, Buffer>();
  for (let at = 0; at + KVP_KEY_BYTES + KVP_VALUE_BYTES <= pool.length; at += KVP_KEY_BYTES + KVP_VALUE_BYTES) {
    const key = untilNul(pool.subarray(at, at + KVP_KEY_BYTES)).toString('utf8');
    values.set(key, untilNul(pool.subarray(at + KVP_KEY_BYTES, at + KVP_KEY_BYTES + KVP_VALUE_BYTES)));
  }
  const whole = values.get(NAME);
  if (whole) return { bytes: whole };
  const pieces: Buffer[] = [];
  for (let piece = values.get(`${NAME}.0`); piece; piece = values.get(`${NAME}.${pieces.length}`)) pieces.push(piece);
  return pieces.length > 0 ? { bytes: Buffer.concat(pieces) } : undefined;
});

function untilNul(bytes: Buffer): Buffer {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** `VBoxManage guestproperty set VM /Rower/Config …`; needs the guest additions' VBoxControl. */
export const virtualbox: Provider = {
  name: 'virtualbox',
  title: 'VirtualBox guest property',
  detect: async (machine) =>
    (await machine.dmi('product_name')) === 'VirtualBox' ? 'product_name is "VirtualBox"' : undefined,
  fetch: async ({ machine }) => {
    const output = await machine.run('VBoxControl', ['--nologo', 'guestproperty', 'get', '/Rower/Config']);
    const value = /^Value: ([\s\S]*)$/.exec(output ?? '')?.[1];
    return {
      payloads: value === undefined ? [] : [{ name: '/Rower/Config', bytes: Buffer.from(value) }],
      attributes: {},
    };
  },
};
