/** Looking at a directory entry and reading it, without ever blocking on what is no regular file. */
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, stat } from 'node:fs/promises';

/** A regular file as the file system tells of it: equal as long as nobody touched it. */
export type Fingerprint = string & { readonly brand: 'Fingerprint' };

export type Look =
  | { kind: 'file'; fingerprint: Fingerprint; size: number }
  | { kind: 'ignored'; why: string }
  | { kind: 'gone' }
  | { kind: 'error'; message: string };

export type Read =
  | { kind: 'bytes'; bytes: Uint8Array; fingerprint: Fingerprint }
  /** It changed while it was read. */
  | { kind: 'changing' }
  | Exclude<Look, { kind: 'file' }>;

/** Room to see in one read that a file ends where its size says. */
const SPARE_BYTES = 4096;
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Follows links. */
export async function lookAt(path: string): Promise<Look> {
  try {
    return classify(await stat(path, { bigint: true }));
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ELOOP') return { kind: 'ignored', why: 'is a link that leads to itself' };
    if (code === 'ENOENT')
      return (await exists(path)) ? { kind: 'ignored', why: 'is a link that leads nowhere' } : { kind: 'gone' };
    return { kind: 'error', message: `cannot look at the file: ${messageOf(error)}` };
  }
}

/** At most `limitBytes` and one byte more, by which the reader can tell that a file is longer. */
export async function readRegularFile(path: string, limitBytes: number): Promise<Read> {
  try {
    // A pipe that took the file's place since the look opens without waiting for a writer.
    const handle = await open(path, OPEN_FLAGS);
    try {
      const before = classify(await handle.stat({ bigint: true }));
      if (before.kind !== 'file') return before;
      const bytes = await readUpTo(handle, limitBytes + 1, before.size);
      const after = classify(await handle.stat({ bigint: true }));
      if (after.kind !== 'file' || after.fingerprint !== before.fingerprint) return { kind: 'changing' };
      return { kind: 'bytes', bytes, fingerprint: before.fingerprint };
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return { kind: 'gone' };
    return { kind: 'error', message: `cannot read the file: ${messageOf(error)}` };
  }
}

/** Goes by what comes, not by the size: some file systems give 0 for it. */
async function readUpTo(handle: FileHandle, maxBytes: number, expectedBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  while (length < maxBytes) {
    const wanted = Math.min(maxBytes - length, Math.max(expectedBytes - length, 0) + SPARE_BYTES);
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(wanted), 0, wanted, length);
    if (bytesRead === 0) break;
    chunks.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
  }
  return Buffer.concat(chunks);
}

export function codeOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | null)?.code;
}

/** What the owner of the machine can do about an error of the file system. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOSPC: 'free space or inodes on that disk',
  EDQUOT: 'raise its quota',
  EROFS: 'see in the log of the kernel why it is, and mount it writable again',
  EIO: 'see the log of the kernel: the disk may be broken',
  EMFILE: 'raise the limit of open files (LimitNOFILE=)',
  ENFILE: 'raise fs.file-max',
};

/** Node's text, which names the system's reason, the call and the path; with a remedy where there is a usual one. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const remedy = REMEDIES[codeOf(error) ?? ''];
  return remedy === undefined ? error.message : `${error.message}; ${remedy}`;
}

function classify(stats: BigIntStats): Look {
  if (stats.isFile()) {
    const { dev, ino, size, mtimeNs, ctimeNs } = stats;
    return { kind: 'file', fingerprint: [dev, ino, size, mtimeNs, ctimeNs].join() as Fingerprint, size: Number(size) };
  }
  const what = stats.isDirectory()
    ? 'directory'
    : stats.isFIFO()
      ? 'named pipe'
      : stats.isSocket()
        ? 'socket'
        : 'device';
  return { kind: 'ignored', why: `is a ${what}, not a regular file` };
}

async function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
