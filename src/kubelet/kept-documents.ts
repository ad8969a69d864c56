/**
 * The last good ConfigMaps, Secrets and claims, kept over a restart of the agent: a Pod whose file is broken meanwhile
 * still finds them. Secrets are kept in memory only (a tmpfs), as Kubernetes promises; after a reboot the manifests have
 * to be readable.
 *
 *   <root>/documents.json           0600   all but Secrets
 *   <run>/secrets/secrets.json      0600   Secrets; a tmpfs is mounted there when <run> is not in memory
 */
import { realpath, rmdir, statfs, unlink } from 'node:fs/promises';
import os from 'node:os';
import { dirname, join } from 'node:path';
import {
  type ConfigDocument,
  type DocumentData,
  type DocumentKind,
  type DocumentMemory,
  type Documents,
  documentKey,
} from './documents.ts';
import type { Cancel, Env } from './env.ts';
import { makeDocument } from './manifest/documents.ts';
import { messageOf } from './sources/regular-file.ts';
import { isMissing, makeDirectories, readLimited, writeAtomically } from './volumes/files.ts';
import { canDisableSwap } from './volumes/memory.ts';
import { mountedAt, mountOnce, unmount } from './volumes/mounts.ts';

/** Written down in the background, the newest last. */
export interface KeptDocuments extends DocumentMemory {
  /** Resolves when all is written that can be; what cannot be is not tried again any more. */
  settled(): Promise<void>;
}

export interface KeptDocumentsOptions {
  rootDir: string;
  /** A directory of this agent's own below /run; made when there is a Secret to keep. */
  runDir: string;
  env: Env;
}

const VERSION = 1;
const LIMIT_BYTES = 64 * 1024 * 1024;
/** After a write that failed: there may be room again. */
const RETRY_MS = 60_000;
const KINDS: readonly DocumentKind[] = ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'PersistentVolume'];
/** statfs(2): tmpfs and ramfs. */
const MEMORY_FILE_SYSTEMS = [0x01021994, 0x858458f6];

type Written = Omit<ConfigDocument, 'hash' | 'data' | 'binaryData'> & Record<'data' | 'binaryData', object>;

/** Reads what was kept; what cannot be read is as good as absent. */
export async function openKeptDocuments({ rootDir, runDir, env }: KeptDocumentsOptions): Promise<KeptDocuments> {
  const publicFile = join(rootDir, 'documents.json');
  const secretDirectory = join(runDir, 'secrets');
  const secretFile = join(secretDirectory, 'secrets.json');
  const found = [...(await load(publicFile, env)), ...(await load(secretFile, env))];
  let writing = Promise.resolve();
  let next: Documents | undefined;
  let cancelRetry: Cancel = () => {};
  let complained = '';

  function keep(documents: Documents): void {
    const queued = next !== undefined;
    next = documents;
    if (!queued) writing = writing.then(write);
  }

  async function write(): Promise<void> {
    const documents: Documents = next ?? new Map();
    next = undefined;
    cancelRetry();
    const all = [...documents.values()];
    const secrets = all.filter((document) => document.kind === 'Secret');
    try {
      await save(
        publicFile,
        all.filter((document) => document.kind !== 'Secret'),
      );
      if (secrets.length > 0) await makeMemory(secretDirectory);
      await save(secretFile, secrets);
      if (secrets.length === 0) await removeMemory(secretDirectory);
      complained = '';
    } catch (error) {
      const text = messageOf(error);
      if (text !== complained)
        env.log.warn({ error: text }, 'the documents beside the Pods cannot be kept over a restart of the agent');
      complained = text;
      cancelRetry = env.after(RETRY_MS, () => keep(next ?? documents));
    }
  }

  return {
    documents: new Map(found.map((one) => [documentKey(one.kind, one.namespace, one.name), one])),
    keep,
    async settled() {
      await writing;
      cancelRetry();
    },
  };
}

async function load(path: string, env: Env): Promise<ConfigDocument[]> {
  try {
    const content = JSON.parse((await readLimited(path, LIMIT_BYTES)).toString()) as {
      version: number;
      documents: Written[];
    };
    if (content.version !== VERSION) return [];
    return content.documents
      .filter((written) => KINDS.includes(written.kind))
      .map((written) =>
        makeDocument({ ...written, data: unpack(written.data), binaryData: unpack(written.binaryData) }),
      );
  } catch (error) {
    // The message of a JSON error quotes the text, and with it perhaps a secret.
    if (!isMissing(error)) env.log.warn({ path }, 'what was kept of the documents beside the Pods cannot be read');
    return [];
  }
}

async function save(path: string, documents: readonly ConfigDocument[]): Promise<void> {
  if (documents.length === 0) {
    await unlink(path).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
    return;
  }
  const written = documents.map(({ hash: _, ...rest }) => ({
    ...rest,
    data: pack(rest.data),
    binaryData: pack(rest.binaryData),
  }));
  await writeAtomically(path, JSON.stringify({ version: VERSION, documents: written }), 0o600);
}

/** Makes a directory whose files are never on a disk. */
async function makeMemory(directory: string): Promise<void> {
  await makeDirectories(directory, 0o700);
  if (MEMORY_FILE_SYSTEMS.includes((await statfs(directory)).type)) return;
  const options = [`size=${LIMIT_BYTES}`, 'mode=0700', ...(canDisableSwap(os.release()) ? ['noswap'] : [])];
  await mountOnce('tmpfs', await realpath(directory), options);
}

async function removeMemory(directory: string): Promise<void> {
  const path = await realpath(directory).catch(() => undefined);
  if (path === undefined) return;
  if (await mountedAt(path)) await unmount(path);
  await rmdir(path);
  // Unless something else of the agent is in it.
  await rmdir(dirname(path)).catch(() => {});
}

function pack(data: DocumentData): Record<string, string> {
  return Object.fromEntries([...data].map(([key, bytes]) => [key, Buffer.from(bytes).toString('base64')]));
}

function unpack(packed: object): DocumentData {
  return new Map(Object.entries(packed).map(([key, text]) => [key, Buffer.from(String(text), 'base64')]));
}
