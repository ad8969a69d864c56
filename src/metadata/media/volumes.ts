/** The labelled file systems of this machine's disks, discs and partitions. */
import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { openFat } from './fat.ts';
import { type Image, MediaError, type Volume } from './image.ts';
import { openIso } from './iso9660.ts';
import { openUdf } from './udf.ts';

/** A disc may have both ISO 9660 and UDF: either shows all of it. */
const FORMATS = [openIso, openFat, openUdf];
const MAX_READ_BYTES = 16 * 1024 * 1024;

/** Runs `use` on the file system of a device or image file; undefined when there is none that is known, or no medium. */
export async function withVolume<T>(path: string, use: (volume: Volume) => Promise<T>): Promise<T | undefined> {
  let handle: Awaited<ReturnType<typeof open>>;
  try {
    // An empty disc drive answers at once instead of waiting for a disc.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const image: Image = {
      read: async (offset, length) => {
        if (length > MAX_READ_BYTES) throw new MediaError(`more than ${MAX_READ_BYTES} bytes at once`);
        const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      },
    };
    let volume: Volume | undefined;
    for (const opens of FORMATS) volume ??= await quietly(() => opens(image));
    return volume && (await use(volume));
  } finally {
    await handle.close();
  }
}

/** A damaged medium, or one that cannot be read, is none. */
async function quietly(opens: () => Promise<Volume | undefined>): Promise<Volume | undefined> {
  return opens().catch(() => undefined);
}
