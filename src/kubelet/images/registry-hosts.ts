/**
 * Where the images of a registry come from on this machine: mirrors, certificates and headers as containerd reads them from
 * `hosts.toml` (core/remotes/docker/config/hosts.go), so that signatures are looked for where the images are.
 */
import { readdir } from 'node:fs/promises';
import { isAbsolute, join, posix } from 'node:path';
import type { TomlTable, TomlValue } from 'smol-toml';
import { messageOf } from '../sources/regular-file.ts';
import { isMissing, readLimited } from '../volumes/files.ts';
import { repositoryOf } from './registry-auth.ts';

/** One place to ask, and how. */
export interface RegistryHost {
  /** `https://mirror.example/v2`, without a slash at its end. */
  readonly base: string;
  /** Whether tags are looked up there. */
  readonly resolves: boolean;
  /** Whether what is named by its digest is fetched there. */
  readonly pulls: boolean;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  /** PEM, beside those of the machine. */
  readonly authorities: readonly string[];
  readonly client?: { readonly cert: string; readonly key: string };
  /** Any certificate is good. */
  readonly skipVerify: boolean;
}

/** The files on this machine cannot be used. The message names the place and what is wrong. */
export class RegistryHostsError extends Error {
  override name = 'RegistryHostsError';
}

const FILE = 'hosts.toml';
const DOCKER_HUB = 'registry-1.docker.io';
export const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;
const LIMIT_BYTES = 256 * 1024;
const MAX_HOSTS = 20;
const MAX_CERTIFICATES = 100;

/**
 * In the order in which they are asked; the last is the registry's own. `configPath`: directories with colons between, of
 * which the first that knows the registry counts. Rejects with RegistryHostsError.
 */
export async function readRegistryHosts(image: string, configPath: string): Promise<RegistryHost[]> {
  const repository = repositoryOf(image);
  const host = repository.slice(0, repository.indexOf('/'));
  for (const root of configPath.split(':').filter((path) => path !== ''))
    for (const name of directoriesFor(host)) {
      const found = await readDirectory(join(root, name), host);
      if (found) return found;
    }
  return [plain(host)];
}

/** A name with a colon cannot be a file's everywhere. */
function directoriesFor(host: string): string[] {
  const colon = host.lastIndexOf(':');
  return [...(colon > 0 ? [`${host.slice(0, colon)}_${host.slice(colon + 1)}_`] : []), host, '_default'];
}

function plain(host: string): RegistryHost {
  // Plain HTTP for loopback only, as containerd.
  const base = `${LOOPBACK.test(host) ? 'http' : 'https'}://${host === 'docker.io' ? DOCKER_HUB : host}/v2`;
  return { base, resolves: true, pulls: true, headers: {}, authorities: [], skipVerify: false };
}

async function readDirectory(directory: string, host: string): Promise<RegistryHost[] | undefined> {
  const names = await readdir(directory).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw new RegistryHostsError(`${directory}: ${messageOf(error)}`);
  });
  if (!names) return undefined;
  if (!names.includes(FILE)) return [await withCertificates(directory, names, plain(host))];
  const file = join(directory, FILE);
  const table = await parsed(await read(file), file);
  const { host: mirrors = {}, server } = table;
  if (!isTable(mirrors)) throw new RegistryHostsError(`${file}: host must be tables such as [host."https://…"]`);
  const hosts: RegistryHost[] = [];
  for (const [url, fields] of Object.entries(mirrors).slice(0, MAX_HOSTS)) {
    if (!isTable(fields)) throw new RegistryHostsError(`${file}: host.${url} must be a table`);
    hosts.push(await hostOf(url, fields, directory, file));
  }
  const named = typeof server === 'string' && server !== '';
  const own = plain(host);
  const last = await hostOf(named ? server : own.base, table, directory, file);
  return [...hosts, named ? last : { ...last, base: own.base, resolves: true, pulls: true }];
}

async function hostOf(given: string, fields: TomlTable, directory: string, file: string): Promise<RegistryHost> {
  const wrong = (what: string) => new RegistryHostsError(`${file}: ${given}: ${what}`);
  const url = given.startsWith('http') ? given : `https://${given}`;
  if (!URL.canParse(url)) throw wrong('this is no URL');
  const { protocol, host, pathname } = new URL(url);
  if (protocol !== 'https:' && protocol !== 'http:') throw wrong('must be https or http');
  const capabilities = texts(fields.capabilities).map((one) => one.toLowerCase());
  const can = (what: string) => capabilities.length === 0 || capabilities.includes(what);
  const override = fields.override_path === true;
  const path = pathname === '/' ? '' : posix.normalize(pathname).replace(/\/$/, '');
  const headers: Record<string, readonly string[]> = {};
  const { header } = fields;
  for (const [name, value] of isTable(header) ? Object.entries(header) : []) headers[name.toLowerCase()] = texts(value);
  const at = (name: string) => (isAbsolute(name) ? name : join(directory, name));
  const authorities: string[] = [];
  for (const name of texts(fields.ca).slice(0, MAX_CERTIFICATES)) authorities.push(await read(at(name)));
  const client = clientOf(fields.client);
  if (client === 'wrong') throw wrong('client must be a file, or pairs of certificate and key');
  return {
    base: `${protocol}//${host}${path}${override || path.endsWith('/v2') ? '' : '/v2'}`,
    resolves: can('resolve'),
    pulls: can('pull'),
    headers,
    authorities,
    skipVerify: fields.skip_verify === true,
    ...(client && { client: { cert: await read(at(client.cert)), key: await read(at(client.key)) } }),
  };
}

async function parsed(text: string, file: string): Promise<TomlTable> {
  const { parse, TomlError } = await import('smol-toml');
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [what = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new RegistryHostsError(`${file}: line ${error.line}, column ${error.column}: ${what}`);
  }
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date);
}

/** The first pair: a client has one certificate for one registry. */
function clientOf(value: TomlValue | undefined): { cert: string; key: string } | 'wrong' | undefined {
  if (value === undefined) return undefined;
  const first = Array.isArray(value) ? value[0] : value;
  const [cert, key = cert] = texts(first);
  return cert === undefined || key === undefined ? 'wrong' : { cert, key: key === '' ? cert : key };
}

function texts(value: TomlValue | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).filter((one): one is string => typeof one === 'string');
}

/** Docker's form: `*.crt` are authorities, `NAME.cert` with `NAME.key` is the client's. */
async function withCertificates(
  directory: string,
  names: readonly string[],
  host: RegistryHost,
): Promise<RegistryHost> {
  const authorities: string[] = [];
  for (const name of names
    .filter((one) => one.endsWith('.crt'))
    .sort()
    .slice(0, MAX_CERTIFICATES))
    authorities.push(await read(join(directory, name)));
  const cert = names.filter((name) => name.endsWith('.cert')).sort()[0];
  if (cert === undefined) return { ...host, authorities };
  const key = `${cert.slice(0, -'.cert'.length)}.key`;
  if (!names.includes(key)) throw new RegistryHostsError(`${join(directory, cert)} has no key ${key} beside it`);
  return {
    ...host,
    authorities,
    client: { cert: await read(join(directory, cert)), key: await read(join(directory, key)) },
  };
}

async function read(path: string): Promise<string> {
  try {
    return (await readLimited(path, LIMIT_BYTES)).toString();
  } catch (error) {
    throw new RegistryHostsError(`${path}: ${messageOf(error)}`);
  }
}
