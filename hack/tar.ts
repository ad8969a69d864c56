/**
 * Writes tar archives (POSIX ustar): just enough for image layers and image archives. Times are zero, so the same
 * entries always give the same bytes.
 */

export interface TarEntry {
  /** Relative, at most 100 bytes; a directory may end with a slash. */
  path: string;
  type: 'file' | 'directory' | 'symlink';
  /** Content of a file. */
  data?: Uint8Array | string;
  /** Target of a symlink, at most 100 bytes. */
  target?: string;
  /** Default: 0644 for files, 0755 for directories, 0777 for symlinks. */
  mode?: number;
  uid?: number;
  gid?: number;
}

const typeFlag = { file: '0', symlink: '2', directory: '5' } as const;
const defaultMode = { file: 0o644, symlink: 0o777, directory: 0o755 } as const;
const blockBytes = 512;

/** The whole archive. Throws when a name does not fit into its field. */
export function tar(entries: readonly TarEntry[]): Buffer {
  const blocks: Uint8Array[] = [];
  for (const entry of entries) {
    const data = Buffer.from(entry.data ?? '');
    blocks.push(header(entry, data.length), data, Buffer.alloc(-data.length & (blockBytes - 1)));
  }
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function header(entry: TarEntry, sizeBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const text = (value: string, offset: number, lengthBytes: number) => {
    if (Buffer.byteLength(value) > lengthBytes) throw new Error(`tar: "${value}" is longer than ${lengthBytes} bytes`);
    block.write(value, offset);
  };
  const octal = (value: number, offset: number, lengthBytes: number) =>
    text(value.toString(8).padStart(lengthBytes - 1, '0'), offset, lengthBytes);
  text(entry.type === 'directory' && !entry.path.endsWith('/') ? `${entry.path}/` : entry.path, 0, 100);
  octal(entry.mode ?? defaultMode[entry.type], 100, 8);
  octal(entry.uid ?? 0, 108, 8);
  octal(entry.gid ?? 0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(0, 136, 12);
  text(typeFlag[entry.type], 156, 1);
  text(entry.target ?? '', 157, 100);
  text('ustar\0', 257, 6);
  text('00', 263, 2);
  // The checksum is computed with its own field read as spaces.
  text('        ', 148, 8);
  text(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0 `,
    148,
    8,
  );
  return block;
}
