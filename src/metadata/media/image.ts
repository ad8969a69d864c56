/** A disk, partition or disc image, read piece by piece, and the file systems on it, without mounting anything. */

export interface Image {
  /** `length` bytes from `offset`; fewer at the end. */
  read(offset: number, length: number): Promise<Buffer>;
}

export interface Volume {
  /** As the file system has it, without trailing blanks; empty when it has none. */
  readonly label: string;
  /** Names are compared without regard to case. Undefined: there is no such file. Rejects with MediaError. */
  readFile(path: string, limitBytes: number): Promise<Uint8Array | undefined>;
  /** Names in a directory, as they are written; none when there is no such directory. Rejects with MediaError. */
  list(path: string): Promise<string[]>;
}

/** The file system is damaged, or holds more than it may. */
export class MediaError extends Error {
  override name = 'MediaError';
}

/** A file or directory on a medium; what `extent` means is the file system's own business. */
export interface Entry<Extent> {
  name: string;
  directory: boolean;
  size: number;
  extent: Extent;
}

const MAX_PATH_DEPTH = 8;

/** Walks from the root; `list` reads one directory. */
export async function find<Extent>(
  root: Entry<Extent>,
  path: string,
  list: (directory: Entry<Extent>) => Promise<Entry<Extent>[]>,
): Promise<Entry<Extent> | undefined> {
  let current: Entry<Extent> | undefined = root;
  const steps = path.split('/').filter((step) => step !== '');
  if (steps.length > MAX_PATH_DEPTH) throw new MediaError(`the path ${path} has more than ${MAX_PATH_DEPTH} steps`);
  for (const step of steps) {
    if (!current?.directory) return undefined;
    const entries: Entry<Extent>[] = await list(current);
    current = entries.find((entry) => entry.name.toLowerCase() === step.toLowerCase());
  }
  return current;
}
