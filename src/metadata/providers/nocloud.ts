/**
 * cloud-init's NoCloud: a medium labelled cidata, a seed directory, or a URL from the kernel command line or the serial
 * number. Proxmox, libvirt, KubeVirt, Hyper-V, bare metal. https://cloudinit.readthedocs.io/en/latest/reference/datasources/nocloud.html
 */
import { textAt } from '../ingest/record.ts';
import { MAX_RAW_BYTES } from '../ingest/types.ts';
import type { Machine } from '../machine.ts';
import { type FetchContext, type Fetched, MetadataError, type Payload, type Provider, present } from '../provider.ts';
import { parsedDocument } from '../service.ts';
import { fetchUrl } from '../url.ts';

const LABELS = ['cidata', 'fatboot'];
const DIRECTORIES = ['/var/lib/cloud/seed/nocloud', '/var/lib/cloud/seed/nocloud-net'];
/** The second is what is left of the name where only eight letters were kept. */
const USER_DATA = ['user-data', 'user_dat'];
const META_DATA = ['meta-data', 'meta_dat'];
/** With a generated user-data, as Proxmox makes it, the Pods are in here. */
const VENDOR_DATA = ['vendor-data', 'vendor_d'];

type Read = (name: string) => Promise<Uint8Array | undefined>;

interface Seed {
  url?: string;
  instanceId?: string;
  hostname?: string;
}

export const nocloud: Provider = {
  name: 'nocloud',
  title: 'NoCloud (cidata medium, seed directory or URL)',
  detect: async (machine) => {
    const seed = await seedOf(machine);
    if (seed) return `ds=nocloud is ${seed.where}`;
    const directory = await seedDirectory(machine);
    if (directory !== undefined) return `${directory}/user-data is there`;
    const device = await onMedium(machine, async (_, name) => name);
    return device === undefined ? undefined : `${device} has the label cidata`;
  },
  fetch: async (context) => {
    const { machine } = context;
    const seed = (await seedOf(machine))?.seed ?? {};
    const fetched = await fetchSeed(context, seed);
    const { instanceId = fetched.instanceId, hostname } = seed;
    return {
      ...fetched,
      ...(instanceId !== undefined && { instanceId }),
      attributes: { ...fetched.attributes, ...present({ instance_id: instanceId, hostname }) },
    };
  },
};

async function fetchSeed(context: FetchContext, { url }: Seed): Promise<Fetched> {
  const { machine } = context;
  if (url !== undefined) {
    const base = await withFirmware(machine, url);
    return fromFiles((name) => fetchUrl(context, seedUrl(base, name)), ['user-data', 'meta-data', 'vendor-data']);
  }
  const directory = await seedDirectory(machine);
  const names = [...USER_DATA, ...META_DATA, ...VENDOR_DATA];
  if (directory !== undefined) return fromFiles((name) => machine.read(`${directory}/${name}`), names);
  const found = await onMedium(machine, (read) => fromFiles(read, names));
  if (!found) throw new MetadataError('there is no medium with the label cidata', { kind: 'medium' });
  return found;
}

async function onMedium<T>(machine: Machine, use: (read: Read, device: string) => Promise<T>): Promise<T | undefined> {
  return machine.onVolume(LABELS, async (volume, device) => {
    const names = await volume.list('/');
    // LABEL_FATBOOT is that of many a boot partition: it counts with a seed on it only.
    if (!names.some((name) => USER_DATA.includes(name.toLowerCase()))) return undefined;
    return use((name) => volume.readFile(name, MAX_RAW_BYTES), device);
  });
}

async function fromFiles(read: Read, names: readonly string[]): Promise<Fetched> {
  const first = async (wanted: readonly string[]) => {
    for (const name of wanted.filter((one) => names.includes(one))) {
      const bytes = await read(name);
      if (bytes !== undefined) return bytes;
    }
    return undefined;
  };
  const [userData, metaData, vendorData] = [await first(USER_DATA), await first(META_DATA), await first(VENDOR_DATA)];
  const meta = metaData && parsedDocument(metaData, 'meta-data');
  const payloads: Payload[] = [];
  for (const [name, bytes] of Object.entries({ 'user-data': userData, 'vendor-data': vendorData })) {
    if (bytes !== undefined) payloads.push({ name, bytes });
  }
  const instanceId = textAt(meta, 'instance-id');
  return {
    ...(instanceId !== undefined && { instanceId }),
    payloads,
    attributes: present({
      instance_id: instanceId,
      hostname: textAt(meta, 'local-hostname') ?? textAt(meta, 'hostname'),
      region: textAt(meta, 'region'),
      zone: textAt(meta, 'availability-zone') ?? textAt(meta, 'availability_zone'),
    }),
  };
}

async function seedDirectory(machine: Machine): Promise<string | undefined> {
  for (const directory of DIRECTORIES) if (await machine.exists(`${directory}/user-data`)) return directory;
  return undefined;
}

/** `ds=nocloud;s=URL;i=ID;h=HOST`; the command line wins over the serial number. */
async function seedOf(machine: Machine): Promise<{ seed: Seed; where: string } | undefined> {
  const places = {
    'on the kernel command line': await machine.commandLine(),
    'the serial number': await machine.dmi('product_serial'),
  };
  for (const [where, text] of Object.entries(places)) {
    const match = /(?:^|\s)["']?ds=nocloud(?:-net)?((?:;[^\s"']*)?)/i.exec(text);
    if (!match) continue;
    const settings = new Map(
      (match[1] ?? '').split(';').map((part): [string, string] => {
        const equals = part.indexOf('=');
        return [part.slice(0, Math.max(equals, 0)), part.slice(equals + 1)];
      }),
    );
    const value = (...names: string[]) => names.map((name) => settings.get(name)).find((found) => found);
    const seed = present({
      url: value('s', 'seedfrom'),
      instanceId: value('i', 'instance-id'),
      hostname: value('h', 'local-hostname'),
    });
    return { seed, where };
  }
  return undefined;
}

function seedUrl(base: string, name: string): string {
  if (base.includes('%s')) return base.replace('%s', name);
  return `${base}${base.endsWith('/') ? '' : '/'}${name}`;
}

/** cloud-init's names of firmware strings. */
const FIRMWARE: Readonly<Record<string, string>> = {
  'baseboard-asset-tag': 'board_asset_tag',
  'baseboard-manufacturer': 'board_vendor',
  'baseboard-product-name': 'board_name',
  'baseboard-serial-number': 'board_serial',
  'baseboard-version': 'board_version',
  'bios-release-date': 'bios_date',
  'bios-vendor': 'bios_vendor',
  'bios-version': 'bios_version',
  'chassis-asset-tag': 'chassis_asset_tag',
  'chassis-manufacturer': 'chassis_vendor',
  'chassis-serial-number': 'chassis_serial',
  'chassis-version': 'chassis_version',
  'system-manufacturer': 'sys_vendor',
  'system-product-name': 'product_name',
  'system-serial-number': 'product_serial',
  'system-uuid': 'product_uuid',
  'system-version': 'product_version',
};

/** `__dmi.system-uuid__` and its likes in a seed URL. */
async function withFirmware(machine: Machine, url: string): Promise<string> {
  let text = url;
  for (const [whole, name = ''] of url.matchAll(/__dmi\.([\w-]+)__/g)) {
    const file = Object.hasOwn(FIRMWARE, name) ? FIRMWARE[name] : undefined;
    if (file === undefined)
      throw new MetadataError(`${whole} in the seed URL names no firmware string`, { final: true });
    text = text.replaceAll(whole, encodeURIComponent(await machine.dmi(file)));
  }
  return text;
}
