/**
 * ISO 9660 (ECMA-119) with Rock Ridge (IEEE P1282) or Joliet names, or plain ones. Rock Ridge wins, then Joliet: plain
 * names may be cut to eight letters.
 */
import { type Entry, find, type Image, MediaError, type Volume } from './image.ts';

const SECTOR_BYTES = 2048;
const FIRST_DESCRIPTOR = 16;
const MAX_DESCRIPTORS = 32;
const MAX_DIRECTORY_BYTES = 1024 * 1024;
const MAX_CONTINUATIONS = 16;
const FLAG_DIRECTORY = 2;
const FLAG_MULTI_EXTENT = 0x80;

type IsoEntry = Entry<number>;
type Names = 'plain' | 'joliet' | 'rock-ridge';

interface Descriptor {
  label: string;
  root: IsoEntry;
}

/** Undefined when the image is no ISO 9660. Rejects with MediaError. */
export async function openIso(image: Image): Promise<Volume | undefined> {
  const { primary, joliet } = await descriptors(image);
  if (!primary) return undefined;
  const dot = await image.read(primary.root.extent * SECTOR_BYTES, SECTOR_BYTES);
  const skip = rockRidgeSkip(dot);
  const names: Names = skip !== undefined ? 'rock-ridge' : joliet ? 'joliet' : 'plain';
  const root = names === 'joliet' && joliet ? joliet.root : primary.root;
  const list = (directory: IsoEntry) => readDirectory(image, directory, names, skip ?? 0);
  return {
    label: primary.label || joliet?.label || '',
    readFile: async (path, limitBytes) => {
      const entry = await find(root, path, list);
      if (!entry || entry.directory) return undefined;
      if (entry.size > limitBytes) throw new MediaError(`${path} is larger than ${limitBytes} bytes`);
      return exactly(image, entry.extent * SECTOR_BYTES, entry.size, path);
    },
    list: async (path) => {
      const entry = await find(root, path, list);
      return entry?.directory ? (await list(entry)).map(({ name }) => name) : [];
    },
  };
}

async function descriptors(image: Image): Promise<{ primary?: Descriptor; joliet?: Descriptor }> {
  const found: { primary?: Descriptor; joliet?: Descriptor } = {};
  for (let number = 0; number < MAX_DESCRIPTORS; number += 1) {
    const sector = await image.read((FIRST_DESCRIPTOR + number) * SECTOR_BYTES, SECTOR_BYTES);
    if (sector.length < SECTOR_BYTES || sector.toString('latin1', 1, 6) !== 'CD001') break;
    const type = sector[0];
    if (type === 255) break;
    const root = entryAt(sector, 156, 'plain');
    if (type === 1 && root) found.primary ??= { label: sector.toString('latin1', 40, 72).trim(), root };
    // The escape sequences of UCS-2 levels 1, 2 and 3.
    if (type === 2 && root && /^%\/[@CE]/.test(sector.toString('latin1', 88, 91)))
      found.joliet ??= { label: ucs2(sector.subarray(40, 72)).trim(), root };
  }
  return found;
}

function entryAt(bytes: Buffer, at: number, names: Names): IsoEntry | undefined {
  const length = bytes[at] ?? 0;
  if (length < 34 || at + length > bytes.length) return undefined;
  const flags = bytes[at + 25] ?? 0;
  const nameLength = bytes[at + 32] ?? 0;
  const raw = bytes.subarray(at + 33, at + 33 + nameLength);
  const written = names === 'joliet' ? ucs2(raw) : raw.toString('latin1');
  return {
    name: written.replace(/;\d*$/, '').replace(/\.$/, ''),
    directory: (flags & FLAG_DIRECTORY) !== 0,
    // A file in several extents is far beyond what is read here.
    size: flags & FLAG_MULTI_EXTENT ? Number.MAX_SAFE_INTEGER : bytes.readUInt32LE(at + 10),
    extent: bytes.readUInt32LE(at + 2),
  };
}

async function readDirectory(image: Image, directory: IsoEntry, names: Names, skip: number): Promise<IsoEntry[]> {
  if (directory.size > MAX_DIRECTORY_BYTES)
    throw new MediaError(`a directory is larger than ${MAX_DIRECTORY_BYTES} bytes`);
  const bytes = await exactly(image, directory.extent * SECTOR_BYTES, directory.size, 'a directory');
  const entries: IsoEntry[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes[at] ?? 0;
    // Records do not cross sectors: the rest of this one is padding.
    if (length === 0) {
      at = (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES;
      continue;
    }
    const entry = entryAt(bytes, at, names);
    if (!entry) throw new MediaError('a directory is damaged');
    const nameLength = bytes[at + 32] ?? 0;
    const itself = nameLength === 1 && (bytes[at + 33] ?? 0) <= 1;
    if (!itself) {
      const useStart = at + 33 + nameLength + (nameLength % 2 === 0 ? 1 : 0) + skip;
      const name = names === 'rock-ridge' ? await rockRidgeName(image, bytes.subarray(useStart, at + length)) : '';
      entries.push(name === '' ? entry : { ...entry, name });
    }
    at += length;
  }
  return entries;
}

/** Bytes to skip in system use fields, when the root's first record says that there is Rock Ridge. */
function rockRidgeSkip(dot: Buffer): number | undefined {
  const length = dot[0] ?? 0;
  const use = dot.subarray(34, length);
  return use.length >= 7 && use.toString('latin1', 0, 2) === 'SP' && use[4] === 0xbe && use[5] === 0xef
    ? use[6]
    : undefined;
}

/** The pieces of `NM`, through continuation areas. Empty: it has none. */
async function rockRidgeName(image: Image, systemUse: Buffer): Promise<string> {
  const pieces: Buffer[] = [];
  let area: Buffer | undefined = systemUse;
  for (let count = 0; area && count < MAX_CONTINUATIONS; count += 1) {
    let next: Buffer | undefined;
    for (let at = 0; at + 4 <= area.length; ) {
      const length = area[at + 2] ?? 0;
      if (length < 4 || at + length > area.length) break;
      const signature = area.toString('latin1', at, at + 2);
      if (signature === 'NM') pieces.push(area.subarray(at + 5, at + length));
      if (signature === 'CE' && length >= 28) {
        const [block, offset, size] = [
          area.readUInt32LE(at + 4),
          area.readUInt32LE(at + 12),
          area.readUInt32LE(at + 20),
        ];
        next = await image.read(block * SECTOR_BYTES + offset, Math.min(size, SECTOR_BYTES));
      }
      at += length;
    }
    area = next;
  }
  return Buffer.concat(pieces).toString('utf8');
}

function ucs2(bytes: Buffer): string {
  let text = '';
  for (let at = 0; at + 1 < bytes.length; at += 2) text += String.fromCharCode(bytes.readUInt16BE(at));
  return text.replace(/\0/g, '');
}

async function exactly(image: Image, offset: number, length: number, what: string): Promise<Buffer> {
  const bytes = await image.read(offset, length);
  if (bytes.length < length) throw new MediaError(`${what} ends early: the image was cut off`);
  return bytes;
}
