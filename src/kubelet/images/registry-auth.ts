/**
 * Registry credentials as Docker writes them, and which of them fit an image (pkg/credentialprovider/config.go,
 * keyring.go). Pure.
 */
import type { AuthConfig } from '../../cri/port.ts';
import { withDefaultTag } from '../plan/images.ts';

/** Credentials for `location`: host, host:port or either with the beginning of a path; `*` stands for any in one label. */
export interface RegistryAuth {
  readonly location: string;
  readonly auth: AuthConfig;
}

/** The form of a file: `config.json` has its entries under `auths`, the older `.dockercfg` on top. */
export type DockerConfigForm = 'config.json' | 'dockercfg';

/** Throws Error in one line that never repeats the content. Entries without credentials are left out. */
export function parseDockerConfig(text: string, form: DockerConfigForm): RegistryAuth[] {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch {
    throw new Error('it is not JSON');
  }
  if (!isObject(root)) throw new Error('it is not a JSON object');
  const auths = form === 'dockercfg' ? root : (root.auths ?? {});
  if (!isObject(auths)) throw new Error('its auths are not an object');
  return Object.entries(auths).flatMap(([location, entry]) => {
    const auth = readEntry(location, entry);
    return auth ? [{ location: normalizeLocation(location), auth }] : [];
  });
}

function readEntry(location: string, entry: unknown): AuthConfig | undefined {
  if (!isObject(entry)) throw new Error(`the entry of ${location} is not an object`);
  const text = (name: string): string => (typeof entry[name] === 'string' ? entry[name] : '');
  const tokens = {
    ...(text('identitytoken') && { identityToken: text('identitytoken') }),
    ...(text('registrytoken') && { registryToken: text('registrytoken') }),
  };
  if (text('auth')) {
    const decoded = Buffer.from(text('auth'), 'base64').toString();
    const colon = decoded.indexOf(':');
    if (colon < 0) throw new Error(`the auth of ${location} is not the base64 form of user:password`);
    // Docker pads passwords with NUL.
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, ''), ...tokens };
  }
  const [username, password] = [text('username'), text('password')];
  return username || password || Object.keys(tokens).length > 0 ? { username, password, ...tokens } : undefined;
}

/** Without scheme, and without the `/v1/` or `/v2/` of the registry's own API. */
export function normalizeLocation(location: string): string {
  const [, host = '', path = ''] = /^(?:https?:\/\/)?([^/]*)(.*)$/s.exec(location) ?? [];
  const rest = path.replace(/^\/v[12](?=\/|$)/, '');
  return rest === '' || rest === '/' ? host : host + rest;
}

/** Docker Hub's key in configuration files. */
const DEFAULT_REGISTRY = 'index.docker.io';

/** Every credential that fits the image, the most specific location first. Empty: pull without. */
export function authsFor(auths: readonly RegistryAuth[], image: string): AuthConfig[] {
  const repository = repositoryOf(image);
  const byLocation = [...auths].sort((a, b) => (a.location < b.location ? 1 : a.location > b.location ? -1 : 0));
  const matching = byLocation.filter(({ location }) => locationMatches(location, repository));
  const fallback = repository.startsWith('docker.io/')
    ? byLocation.filter(({ location }) => location === DEFAULT_REGISTRY)
    : [];
  return (matching.length > 0 ? matching : fallback).map(({ auth }) => auth);
}

/** `busybox:1` → `docker.io/library/busybox`: registry and path, without tag or digest. */
export function repositoryOf(image: string): string {
  const name = image.replace(/@.*$/, '');
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const hasHost = first === 'localhost' || /[.:]/.test(first) || first !== first.toLowerCase();
  const host = hasHost ? first.replace(/^index\.docker\.io$/, 'docker.io') : 'docker.io';
  const path = (hasHost ? name.slice(slash + 1) : name).replace(/:[^/]*$/, '');
  return `${host}/${host === 'docker.io' && !path.includes('/') ? 'library/' : ''}${path}`;
}

/** The same for every way to write one reference. */
export function normalizeReference(reference: string): string {
  const at = reference.indexOf('@');
  const rest = at >= 0 ? reference.slice(at) : (/:[^:/]*$/.exec(withDefaultTag(reference))?.[0] ?? '');
  return repositoryOf(reference) + rest;
}

/** Same port, same number of labels, each label by its pattern, and the path of the image begins with that of the location. */
export function locationMatches(location: string, repository: string): boolean {
  const wanted = takeApart(location);
  const given = takeApart(repository);
  return (
    wanted.port === given.port &&
    wanted.labels.length === given.labels.length &&
    given.path.startsWith(wanted.path) &&
    wanted.labels.every((label, index) => labelPattern(label).test(given.labels[index] ?? ''))
  );
}

function takeApart(location: string): { labels: string[]; port: string; path: string } {
  const slash = location.indexOf('/');
  const host = slash < 0 ? location : location.slice(0, slash);
  const [, name = '', port = ''] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
  return { labels: name.split('.'), port, path: slash < 0 ? '' : location.slice(slash) };
}

function labelPattern(label: string): RegExp {
  const source = label
    .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('\\*', '.*')
    .replaceAll('\\?', '.');
  return new RegExp(`^${source}$`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
