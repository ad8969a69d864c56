/** What a machine tells about itself, under a root directory: the running system's `/`, an image's tree, a test's. */
import { execFile } from 'node:child_process';
import { open, readdir, stat } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { addresses } from '../kubelet/node-facts.ts';
import type { Volume } from './media/image.ts';
import { withVolume } from './media/volumes.ts';

export interface Machine {
  /** A file below `/sys/class/dmi/id`, without white space around it; empty when it is absent or unset. */
  dmi(name: string): Promise<string>;
  commandLine(): Promise<string>;
  /** The file's bytes; undefined when it cannot be read or is longer than the limit. */
  read(path: string, limitBytes?: number): Promise<Uint8Array | undefined>;
  exists(path: string): Promise<boolean>;
  /** Names in a directory, sorted; none when there is no such directory. */
  list(path: string): Promise<string[]>;
  /** Runs `use` on the volumes with one of these labels, case ignored, or on what is in the disc drives, until it gives something; undefined: none does. */
  onVolume<T>(
    labels: readonly string[] | 'any disc',
    use: (volume: Volume, device: string) => Promise<T | undefined>,
  ): Promise<T | undefined>;
  /** A path under the root, for what opens it itself. */
  path(path: string): string;
  environment(name: string): string | undefined;
  /** Network interfaces with an address, without the loopback's. */
  interfaces(): string[];
  /** Its own addresses, that of the default route first; only on the running system. */
  addresses(): Promise<readonly string[]>;
  /** Standard output of a program; undefined when it fails or is not there. Only on the running system. */
  run(program: string, args: readonly string[]): Promise<string | undefined>;
}

const MAX_FILE_BYTES = 1024 * 1024;
const MAX_DEVICES = 64;
const UDEV_DATA = '/run/udev/data';
const LABELS_OF_UDEV = '/dev/disk/by-label';
const PROGRAM_TIMEOUT_MS = 5000;
const DISC_DRIVES = /^sr\d/;
/** Never a medium with metadata. */
const OTHER_DEVICES = /^(?:loop|ram|zram|dm-|md|nbd|mtd|fd)\d/;

export function machineAt(root: string, environment: NodeJS.ProcessEnv = {}): Machine {
  const place = (path: string) => join(root, path);
  const read = (path: string, limitBytes = MAX_FILE_BYTES) => readBounded(place(path), limitBytes);
  const text = async (path: string) => Buffer.from((await read(path)) ?? []).toString('utf8');
  const list = async (path: string) => (await readdir(place(path)).catch(() => [])).sort();
  const running = root === '/';
  return {
    path: place,
    read,
    list,
    dmi: async (name) => {
      const bytes = (await read(`/sys/class/dmi/id/${name}`)) ?? new Uint8Array();
      // Firmware leaves what was never written all ones.
      if (bytes.some((byte) => byte !== 0xff && byte !== 0x0a)) return Buffer.from(bytes).toString('utf8').trim();
      return '';
    },
    commandLine: async () => (await text('/proc/cmdline')).trim(),
    exists: async (path) =>
      stat(place(path)).then(
        () => true,
        () => false,
      ),
    onVolume: async (labels, use) => {
      const discs = labels === 'any disc';
      const wanted = discs ? [] : labels.map((label) => label.toLowerCase());
      // Where udev runs it has read all labels: no disk is woken for nothing.
      if (!discs && (await list(UDEV_DATA)).length > 0) {
        const known = (await list(LABELS_OF_UDEV)).map((name) => name.replaceAll('\\x20', ' ').toLowerCase());
        if (!known.some((label) => wanted.includes(label))) return undefined;
      }
      const all = await list('/sys/class/block');
      const devices = all.filter((name) => (discs ? DISC_DRIVES.test(name) : !OTHER_DEVICES.test(name)));
      // The newest first: what was attached last is meant.
      for (const device of devices.reverse().slice(0, MAX_DEVICES)) {
        const answer = await withVolume(place(`/dev/${device}`), async (volume) =>
          discs || wanted.includes(volume.label.toLowerCase()) ? use(volume, `/dev/${device}`) : undefined,
        );
        if (answer !== undefined) return answer;
      }
      return undefined;
    },
    environment: (name) => environment[name],
    interfaces: () =>
      running
        ? Object.entries(os.networkInterfaces()).flatMap(([name, list]) =>
            list?.some((one) => !one.internal) ? [name] : [],
          )
        : [],
    addresses: async () => (running ? addresses('') : []),
    run: async (program, args) => (running ? outputOf(program, args) : undefined),
  };
}

/** Files of the kernel do not tell their size: read until the end or the limit. */
async function readBounded(path: string, limitBytes: number): Promise<Uint8Array | undefined> {
  try {
    const handle = await open(path, 'r');
    try {
      if ((await handle.stat()).isDirectory()) return undefined;
      const chunks: Buffer[] = [];
      let length = 0;
      for (;;) {
        // One large read: some of the kernel's files are read anew from their beginning at each one.
        const size = limitBytes + 1 - length;
        const { bytesRead, buffer } = await handle.read(
          Buffer.alloc(Math.min(size, MAX_FILE_BYTES + 1)),
          0,
          undefined,
          length,
        );
        if (bytesRead === 0) return Buffer.concat(chunks);
        chunks.push(buffer.subarray(0, bytesRead));
        length += bytesRead;
        if (length > limitBytes) return undefined;
      }
    } finally {
      await handle.close();
    }
  } catch {
    return undefined;
  }
}

function outputOf(program: string, args: readonly string[]): Promise<string | undefined> {
  const limits = { timeout: PROGRAM_TIMEOUT_MS, maxBuffer: 4 * MAX_FILE_BYTES };
  return new Promise((resolve) => {
    execFile(program, [...args], limits, (error, stdout) => resolve(error ? undefined : stdout));
  });
}
