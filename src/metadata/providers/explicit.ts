/** What somebody named outright: a file, a directory, a URL; on the kernel command line or with `--metadata NAME=…`. */
import { stat } from 'node:fs/promises';
import { ignoredName } from '../../kubelet/sources/manifest-name.ts';
import { checkPin } from '../ingest/include.ts';
import { signedName } from '../ingest/signatures.ts';
import { Refusal } from '../ingest/types.ts';
import type { Machine } from '../machine.ts';
import { type FetchContext, MetadataError, type Payload, type Provider } from '../provider.ts';
import { fetchUrl, joined } from '../url.ts';

const URL_WORD = 'rower.manifest.url=';
const PIN_WORD = 'rower.manifest.sha256=';
const MAX_FILES = 100;

/** `rower.manifest.url=https://… rower.manifest.sha256=…` */
export const commandLine: Provider = {
  name: 'cmdline',
  title: 'Kernel command line (rower.manifest.url)',
  detect: async (machine) =>
    (await word(machine, URL_WORD)) ? `${URL_WORD} is on the kernel command line` : undefined,
  pollMs: 60_000,
  fetch: async (context) => {
    const url = await word(context.machine, URL_WORD);
    if (!url) throw new MetadataError(`${URL_WORD} is not on the kernel command line`, { final: true });
    const bytes = await fetchUrl(context, url);
    const sha256 = (await word(context.machine, PIN_WORD))?.toLowerCase();
    return { payloads: bytes ? [pinned(url, bytes, sha256)] : [], attributes: {} };
  },
};

export const url: Provider = {
  name: 'url',
  title: 'URL (url=https://…)',
  detect: async () => undefined,
  pollMs: 60_000,
  fetch: async (context) => {
    const location = argumentOf(context, 'url=https://…');
    const bytes = await fetchUrl(context, location);
    return { payloads: bytes ? [{ name: 'url', bytes, location }] : [], attributes: {} };
  },
};

/** A file that holds user-data of any form, or a directory of manifests. */
export const file: Provider = {
  name: 'file',
  title: 'File or directory (file=/path)',
  detect: async () => undefined,
  pollMs: 5000,
  fetch: async (context) => {
    const path = argumentOf(context, 'file=/path');
    const { machine } = context;
    const directory = await stat(machine.path(path)).then(
      (stats) => stats.isDirectory(),
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return undefined;
        throw new MetadataError(`${path}: ${error.message}`, { cause: error });
      },
    );
    if (directory === undefined) return { payloads: [], attributes: {} };
    const payloads = directory
      ? await manifestsIn(machine, path)
      : [{ name: path, bytes: await fileBytes(machine, path), ...(path.startsWith('/') && { location: path }) }];
    return { payloads, attributes: {} };
  },
};

async function manifestsIn(machine: Machine, path: string): Promise<Payload[]> {
  const names = (await machine.list(path)).filter((name) => ignoredName(signedName(name) ?? name) === undefined);
  if (names.length > MAX_FILES)
    throw new MetadataError(`${path} has more than ${MAX_FILES} manifests`, { final: true });
  const files = [];
  for (const name of names) files.push({ name, bytes: await fileBytes(machine, `${path}/${name}`) });
  return joined(path, files);
}

async function fileBytes(machine: Machine, path: string): Promise<Uint8Array> {
  const bytes = await machine.read(path);
  if (!bytes) throw new MetadataError(`${path} cannot be read, or is larger than 1 MiB`);
  return bytes;
}

async function word(machine: Machine, prefix: string): Promise<string | undefined> {
  const words = (await machine.commandLine()).split(/\s+/);
  return words.find((one) => one.startsWith(prefix))?.slice(prefix.length);
}

function argumentOf({ argument }: FetchContext, form: string): string {
  if (!argument) throw new MetadataError(`name it: ${form}`, { final: true });
  return argument;
}

function pinned(name: string, bytes: Uint8Array, sha256: string | undefined): Payload {
  try {
    checkPin(bytes, { url: name, ...(sha256 !== undefined && { sha256 }) });
  } catch (error) {
    if (error instanceof Refusal) throw new MetadataError(`what ${URL_WORD} names ${error.message}`);
    throw error;
  }
  return { name: 'url', bytes, location: name };
}
