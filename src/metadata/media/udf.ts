/**
 * UDF (ECMA-167, OSTA UDF 1.02 to 2.01) as it is on discs that are written once: one partition, files in extents or inside
 * their entry. Metadata and virtual partitions (UDF 2.50, packet writing) are not read.
 */
import { type Entry, find, type Image, MediaError, type Volume } from './image.ts';

const SECTOR_BYTES = 2048;
const ANCHOR_SECTOR = 256;
const MAX_DESCRIPTORS = 64;
const MAX_DIRECTORY_BYTES = 1024 * 1024;
const MAX_EXTENTS = 1024;

const TAG = {
  anchor: 2,
  partition: 5,
  logicalVolume: 6,
  terminator: 8,
  fileSet: 256,
  name: 257,
  file: 261,
  bigFile: 266,
};
const IS_DIRECTORY = 0x02;
/** Deleted, or the entry of the parent. */
const IS_NO_CHILD = 0x0c;
const INLINE = 3;
const LONG = 1;

/** Block of the entry that describes the file. */
type UdfEntry = Entry<number>;

interface Layout {
  /** Of the partition, bytes. */
  start: number;
  label: string;
  fileSetBlock: number;
}

/** Undefined when the image is no UDF that can be read. Rejects with MediaError. */
export async function openUdf(image: Image): Promise<Volume | undefined> {
  const layout = await layoutOf(image);
  if (!layout) return undefined;
  const block = (number: number) => image.read(layout.start + number * SECTOR_BYTES, SECTOR_BYTES);
  const fileSet = await block(layout.fileSetBlock);
  if (tagOf(fileSet) !== TAG.fileSet) return undefined;
  const root: UdfEntry = { name: '', directory: true, size: 0, extent: fileSet.readUInt32LE(404) };

  const content = async (number: number, limitBytes: number, path: string): Promise<Buffer> => {
    const entry = await block(number);
    const tag = tagOf(entry);
    if (tag !== TAG.file && tag !== TAG.bigFile) throw new MediaError(`${path} is damaged`);
    const size = Number(entry.readBigUInt64LE(56));
    if (size > limitBytes) throw new MediaError(`${path} is larger than ${limitBytes} bytes`);
    // The lengths of the attributes and of the extents stand before them.
    const lengths = tag === TAG.file ? 168 : 208;
    const from = lengths + 8 + entry.readUInt32LE(lengths);
    const to = from + entry.readUInt32LE(lengths + 4);
    if (to > entry.length) throw new MediaError(`${path} is damaged`);
    const form = entry.readUInt16LE(34) & 7;
    const bytes =
      form === INLINE ? entry.subarray(from, to) : await extents(entry.subarray(from, to), form, size, path);
    if (bytes.length < size) throw new MediaError(`${path} is cut off`);
    return bytes.subarray(0, size);
  };

  const extents = async (list: Buffer, form: number, size: number, path: string): Promise<Buffer> => {
    const step = form === LONG ? 16 : 8;
    const pieces: Buffer[] = [];
    let length = 0;
    for (let at = 0; at + step <= list.length && at < MAX_EXTENTS * step && length < size; at += step) {
      const word = list.readUInt32LE(at);
      // The two highest bits: recorded, or something that discs do not have.
      if (word >>> 30 !== 0) throw new MediaError(`${path} is stored in a way that is not read here`);
      if (word === 0) break;
      const wanted = Math.min(word, size - length);
      const piece = await image.read(layout.start + list.readUInt32LE(at + 4) * SECTOR_BYTES, wanted);
      pieces.push(piece);
      length += piece.length;
      if (piece.length < wanted) break;
    }
    return Buffer.concat(pieces);
  };

  const list = async (directory: UdfEntry): Promise<UdfEntry[]> => {
    const bytes = await content(directory.extent, MAX_DIRECTORY_BYTES, directory.name || '/');
    return [...namesIn(bytes)];
  };

  return {
    label: layout.label,
    readFile: async (path, limitBytes) => {
      const entry = await find(root, path, list);
      return !entry || entry.directory ? undefined : content(entry.extent, limitBytes, path);
    },
    list: async (path) => {
      const entry = await find(root, path, list);
      return entry?.directory ? (await list(entry)).map(({ name }) => name) : [];
    },
  };
}

async function layoutOf(image: Image): Promise<Layout | undefined> {
  const anchor = await image.read(ANCHOR_SECTOR * SECTOR_BYTES, SECTOR_BYTES);
  if (tagOf(anchor) !== TAG.anchor) return undefined;
  const first = anchor.readUInt32LE(20);
  const count = Math.min(anchor.readUInt32LE(16) / SECTOR_BYTES, MAX_DESCRIPTORS);
  let start: number | undefined;
  let volume: Omit<Layout, 'start'> | undefined;
  for (let number = 0; number < count; number += 1) {
    const descriptor = await image.read((first + number) * SECTOR_BYTES, SECTOR_BYTES);
    const tag = tagOf(descriptor);
    if (tag === undefined || tag === TAG.terminator) break;
    if (tag === TAG.partition) start ??= descriptor.readUInt32LE(188) * SECTOR_BYTES;
    if (tag === TAG.logicalVolume && descriptor.readUInt32LE(212) === SECTOR_BYTES && descriptor[440] === 1)
      volume ??= { label: dstring(descriptor.subarray(84, 212)), fileSetBlock: descriptor.readUInt32LE(252) };
  }
  return start === undefined || !volume ? undefined : { start, ...volume };
}

/** The kind of a descriptor; undefined when its checksum is wrong or there is none. */
function tagOf(descriptor: Buffer): number | undefined {
  if (descriptor.length < SECTOR_BYTES) return undefined;
  let sum = 0;
  for (let index = 0; index < 16; index += 1) if (index !== 4) sum += descriptor[index] ?? 0;
  return (sum & 0xff) === descriptor[4] ? descriptor.readUInt16LE(0) : undefined;
}

function* namesIn(bytes: Buffer): Generator<UdfEntry> {
  for (let at = 0; at + 38 <= bytes.length; ) {
    if (bytes.readUInt16LE(at) !== TAG.name) return;
    const flags = bytes[at + 18] ?? 0;
    const nameLength = bytes[at + 19] ?? 0;
    const begin = at + 38 + bytes.readUInt16LE(at + 36);
    const name = compressed(bytes.subarray(begin, begin + nameLength));
    if ((flags & IS_NO_CHILD) === 0 && name !== '')
      yield { name, directory: (flags & IS_DIRECTORY) !== 0, size: 0, extent: bytes.readUInt32LE(at + 24) };
    at = (begin + nameLength + 3) & ~3;
  }
}

/** Fixed-size text whose last byte is its length. */
function dstring(field: Buffer): string {
  return compressed(field.subarray(0, Math.min(field.at(-1) ?? 0, field.length - 1))).trim();
}

/** OSTA CS0: the first byte tells whether one or two bytes make a letter. */
function compressed(bytes: Buffer): string {
  if (bytes[0] === 8) return bytes.toString('latin1', 1);
  if (bytes[0] !== 16) return '';
  const letters = Buffer.from(bytes.subarray(1, 1 + ((bytes.length - 1) & ~1)));
  return letters.swap16().toString('utf16le');
}
