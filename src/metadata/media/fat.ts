/** FAT12, FAT16 and FAT32 with long names, as Microsoft's FAT32 file system specification (2000) has them. */
import { type Entry, find, type Image, MediaError, type Volume } from './image.ts';

const MAX_DIRECTORY_BYTES = 1024 * 1024;
const SLOT_BYTES = 32;
const ATTRIBUTE_LONG_NAME = 0x0f;
const ATTRIBUTE_LABEL = 0x08;
const ATTRIBUTE_DIRECTORY = 0x10;
/** Bytes of the 13 characters in a slot of a long name. */
const LONG_NAME_PLACES = [1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30];

/** First cluster; 0: the root directory of FAT12 and FAT16, which lies outside of them. */
type FatEntry = Entry<number>;

interface Layout {
  bits: 12 | 16 | 32;
  fatOffset: number;
  dataOffset: number;
  clusterBytes: number;
  clusters: number;
  rootOffset: number;
  rootBytes: number;
  rootCluster: number;
  label: string;
}

/** Undefined when the image is no FAT. Rejects with MediaError. */
export async function openFat(image: Image): Promise<Volume | undefined> {
  const layout = layoutOf(await image.read(0, 512));
  if (!layout) return undefined;
  const root: FatEntry = { name: '', directory: true, size: 0, extent: layout.rootCluster };
  const read = (entry: FatEntry) => readDirectory(image, layout, entry);
  const list = async (entry: FatEntry) => (await read(entry)).entries;
  const label = (await read(root)).label ?? layout.label;
  return {
    label,
    readFile: async (path, limitBytes) => {
      const entry = await find(root, path, list);
      if (!entry || entry.directory) return undefined;
      if (entry.size > limitBytes) throw new MediaError(`${path} is larger than ${limitBytes} bytes`);
      const bytes = await readChain(image, layout, entry.extent, entry.size);
      if (bytes.length < entry.size) throw new MediaError(`${path} ends early: the image was cut off`);
      return bytes.subarray(0, entry.size);
    },
    list: async (path) => {
      const entry = await find(root, path, list);
      return entry?.directory ? (await list(entry)).map(({ name }) => name) : [];
    },
  };
}

function layoutOf(boot: Buffer): Layout | undefined {
  if (boot.length < 512 || boot.readUInt16LE(510) !== 0xaa55 || (boot[0] !== 0xeb && boot[0] !== 0xe9))
    return undefined;
  const sectorBytes = boot.readUInt16LE(11);
  const clusterSectors = boot[13] ?? 0;
  const [reserved, fats, rootEntries] = [boot.readUInt16LE(14), boot[16] ?? 0, boot.readUInt16LE(17)];
  const sectors = boot.readUInt16LE(19) || boot.readUInt32LE(32);
  const fatSectors = boot.readUInt16LE(22) || boot.readUInt32LE(36);
  if (![512, 1024, 2048, 4096].includes(sectorBytes) || ![1, 2, 4, 8, 16, 32, 64, 128].includes(clusterSectors))
    return undefined;
  if (reserved === 0 || fats === 0 || fats > 4 || sectors === 0 || fatSectors === 0) return undefined;
  const rootSectors = Math.ceil((rootEntries * SLOT_BYTES) / sectorBytes);
  const firstData = reserved + fats * fatSectors + rootSectors;
  const clusters = Math.floor((sectors - firstData) / clusterSectors);
  if (clusters <= 0) return undefined;
  const bits = clusters < 4085 ? 12 : clusters < 65525 ? 16 : 32;
  return {
    bits,
    fatOffset: reserved * sectorBytes,
    dataOffset: firstData * sectorBytes,
    clusterBytes: clusterSectors * sectorBytes,
    clusters,
    rootOffset: (reserved + fats * fatSectors) * sectorBytes,
    rootBytes: rootEntries * SLOT_BYTES,
    rootCluster: bits === 32 ? boot.readUInt32LE(44) : 0,
    label: labelText(bits === 32 ? boot.subarray(71, 82) : boot.subarray(43, 54)),
  };
}

function labelText(bytes: Buffer): string {
  const text = bytes.toString('latin1').trimEnd();
  return text === 'NO NAME' ? '' : text;
}

/** The clusters from `first` until the end of the chain or `limitBytes`. */
async function readChain(image: Image, layout: Layout, first: number, limitBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for (let cluster = first; cluster >= 2 && cluster < layout.clusters + 2 && length < limitBytes; ) {
    const chunk = await image.read(layout.dataOffset + (cluster - 2) * layout.clusterBytes, layout.clusterBytes);
    if (chunk.length === 0) break;
    chunks.push(chunk);
    length += chunk.length;
    cluster = await nextCluster(image, layout, cluster);
  }
  return Buffer.concat(chunks);
}

async function nextCluster(image: Image, { bits, fatOffset }: Layout, cluster: number): Promise<number> {
  const at = Math.floor((cluster * bits) / 8);
  const bytes = await image.read(fatOffset + at, 4);
  if (bytes.length < 2) return 0;
  if (bits === 32) return bytes.length < 4 ? 0 : bytes.readUInt32LE(0) & 0x0fffffff;
  const word = bytes.readUInt16LE(0);
  if (bits === 16) return word;
  return cluster % 2 === 1 ? word >> 4 : word & 0x0fff;
}

async function readDirectory(
  image: Image,
  layout: Layout,
  directory: FatEntry,
): Promise<{ entries: FatEntry[]; label?: string }> {
  const bytes =
    directory.extent === 0
      ? await image.read(layout.rootOffset, Math.min(layout.rootBytes, MAX_DIRECTORY_BYTES))
      : await readChain(image, layout, directory.extent, MAX_DIRECTORY_BYTES);
  const entries: FatEntry[] = [];
  let label: string | undefined;
  let longName = '';
  for (let at = 0; at + SLOT_BYTES <= bytes.length; at += SLOT_BYTES) {
    const slot = bytes.subarray(at, at + SLOT_BYTES);
    if (slot[0] === 0) break;
    const attributes = slot[11] ?? 0;
    if (slot[0] === 0xe5) {
      longName = '';
    } else if ((attributes & 0x3f) === ATTRIBUTE_LONG_NAME) {
      // Slots come last piece first.
      longName = longPiece(slot) + longName;
    } else if (attributes & ATTRIBUTE_LABEL) {
      label ??= slot.toString('latin1', 0, 11).trimEnd();
      longName = '';
    } else {
      const name = longName || shortName(slot);
      longName = '';
      if (name !== '.' && name !== '..') {
        const high = layout.bits === 32 ? slot.readUInt16LE(20) : 0;
        const extent = high * 0x10000 + slot.readUInt16LE(26);
        entries.push({
          name,
          directory: (attributes & ATTRIBUTE_DIRECTORY) !== 0,
          size: slot.readUInt32LE(28),
          extent,
        });
      }
    }
  }
  return { entries, ...(label !== undefined && { label }) };
}

function longPiece(slot: Buffer): string {
  const units = LONG_NAME_PLACES.map((place) => slot.readUInt16LE(place));
  const end = units.indexOf(0);
  return String.fromCharCode(...(end < 0 ? units : units.slice(0, end)));
}

function shortName(slot: Buffer): string {
  const stem = slot.toString('latin1', 0, 8).trimEnd();
  const extension = slot.toString('latin1', 8, 11).trimEnd();
  return extension ? `${stem}.${extension}` : stem;
}
