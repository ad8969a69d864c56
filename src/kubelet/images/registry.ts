/**
 * Reads manifests and small blobs of a registry (OCI distribution specification), with the credentials of a pull: for what
 * has to be known of an image before the runtime pulls it.
 */
import { createHash } from 'node:crypto';
import tls from 'node:tls';
import type { AuthConfig } from '../../cri/port.ts';
import type { Env } from '../env.ts';
import { type GetResponse, get } from '../sources/http-get.ts';
import { messageOf } from '../sources/regular-file.ts';
import { repositoryOf } from './registry-auth.ts';
import { LOOPBACK, type RegistryHost } from './registry-hosts.ts';

const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const DOCKER_HUB = 'registry-1.docker.io';

/** The registry could not be asked, or did not answer as registries do. */
export class RegistryError extends Error {
  override name = 'RegistryError';
}

export interface Registry {
  /** The bytes of a manifest by tag or digest; undefined: there is none. Rejects with RegistryError. */
  manifest(reference: string): Promise<Uint8Array | undefined>;
  /** A blob, whose digest is checked. Rejects with RegistryError. */
  blob(digest: string): Promise<Uint8Array>;
  /** What refers to a manifest, by the API of newer registries; undefined: it has none. Rejects with RegistryError. */
  referrers(digest: string): Promise<Uint8Array | undefined>;
}

/** Those of the machine too, as the runtime has them. */
let authorities: readonly string[] | undefined;

function certificateAuthorities(): readonly string[] {
  authorities ??= [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
  return authorities;
}

/**
 * Asks `hosts` in their order until one has what is asked for. Credentials are tried one after the other; without any, as
 * nobody.
 */
export function registryOf(
  image: string,
  auths: readonly AuthConfig[],
  { env, signal, hosts }: { env: Env; signal: AbortSignal; hosts: readonly RegistryHost[] },
): Registry {
  const repository = repositoryOf(image);
  const slash = repository.indexOf('/');
  const [registry, name] = [repository.slice(0, slash), repository.slice(slash + 1)];
  const asks = hosts.map((host) => ({ host, ask: asker(host, registry, auths, { env, signal }) }));

  const askFirst = async (path: string, accept: string, by: 'resolves' | 'pulls'): Promise<Uint8Array | undefined> => {
    const failures: string[] = [];
    const able = asks.filter(({ host }) => host[by]);
    for (const [index, { ask }] of able.entries())
      try {
        const found = await ask(name, path, accept);
        // That it is not at the last one, the registry itself, is an answer whatever a mirror said.
        if (found || index === able.length - 1) return found;
      } catch (error) {
        failures.push(messageOf(error));
        if (signal.aborted) break;
      }
    throw new RegistryError(failures.join('; ') || `no host is to be asked for images of ${registry}`);
  };
  const kindOf = (reference: string) => (reference.startsWith('sha256:') ? 'pulls' : 'resolves');

  return {
    manifest: async (reference) => {
      const bytes = await askFirst(`/manifests/${reference}`, MANIFEST_TYPES.join(', '), kindOf(reference));
      if (bytes && reference.startsWith('sha256:')) checkDigest(bytes, reference, registry);
      return bytes;
    },
    blob: async (digest) => {
      const bytes = await askFirst(`/blobs/${digest}`, '*/*', 'pulls');
      if (!bytes) throw new RegistryError(`${registry}: ${name} has no blob ${digest}`);
      checkDigest(bytes, digest, registry);
      return bytes;
    },
    // Registries that do not know the API say so in different ways.
    referrers: (digest) => askFirst(`/referrers/${digest}`, MANIFEST_TYPES[0] ?? '', 'pulls').catch(() => undefined),
  };
}

/** Asks one host. Resolves to undefined for what it does not have; rejects with RegistryError. */
function asker(
  host: RegistryHost,
  registry: string,
  auths: readonly AuthConfig[],
  { env, signal }: { env: Env; signal: AbortSignal },
): (name: string, path: string, accept: string) => Promise<Uint8Array | undefined> {
  const own = new URL(host.base);
  const isMirror = own.host !== (registry === 'docker.io' ? DOCKER_HUB : registry);
  // Passwords do not travel in plain text.
  const usable = own.protocol === 'https:' || LOOPBACK.test(own.host) ? auths : [];
  /** What the last request was let in with. */
  let authorization: string | undefined;

  const request: Request = (url, accept, header) => {
    // Tokens may be given elsewhere, which is told nothing of this host.
    const here = new URL(url).host === own.host;
    return get({
      url: new URL(url),
      headers: {
        ...(here && host.headers),
        accept: [accept],
        ...(header !== undefined && { authorization: [header] }),
      },
      timeoutMs: TIMEOUT_MS,
      limitBytes: MAX_BYTES,
      ...(url.startsWith('https:') && { ca: [...certificateAuthorities(), ...host.authorities] }),
      ...(here && host.client && { client: host.client }),
      skipVerify: here && host.skipVerify,
      env,
      signal,
    }).catch((error: unknown) => {
      // Node's advice is about its own flags.
      const message = messageOf(error).replace(
        /; if the root CA is .*$/,
        ' (its authority can be named in hosts.toml)',
      );
      throw new RegistryError(`${own.host}: ${message}`, { cause: error });
    });
  };

  return async (name, path, accept) => {
    const url = `${host.base}/${name}${path}${isMirror ? `?ns=${encodeURIComponent(registry)}` : ''}`;
    let answer = await request(url, accept, authorization);
    const challenge = answer.status === 401 ? (answer.authenticate ?? '') : undefined;
    for (const auth of challenge === undefined ? [] : [...usable, undefined]) {
      const header = await authorize(challenge ?? '', auth, request);
      if (header === undefined) continue;
      answer = await request(url, accept, header);
      if (answer.status === 401 || answer.status === 403) continue;
      authorization = header;
      break;
    }
    if (answer.status === 200) return answer.body;
    if (answer.status === 404) return undefined;
    throw new RegistryError(`${own.host}: ${name}${path}: the answer has status ${answer.status}`);
  };
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function checkDigest(bytes: Uint8Array, digest: string, host: string): void {
  if (sha256(bytes) !== digest) throw new RegistryError(`${host}: what it gives for ${digest} is something else`);
}

type Request = (url: string, accept: string, header: string | undefined) => Promise<GetResponse>;

/** The header that answers a challenge (RFC 7235, Docker's token authentication); undefined: these credentials do not. */
async function authorize(
  challenge: string,
  auth: AuthConfig | undefined,
  request: Request,
): Promise<string | undefined> {
  const basic = basicOf(auth);
  if (/^basic\b/i.test(challenge)) return basic;
  if (!/^bearer\b/i.test(challenge)) return undefined;
  if (auth?.registryToken) return `Bearer ${auth.registryToken}`;
  // An identity token is for the POST of OAuth 2 alone.
  if (auth?.identityToken && !auth.password) return undefined;
  const parameters = new Map(
    [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', value = '']) => [key, value]),
  );
  const realm = parameters.get('realm') ?? '';
  if (!URL.canParse(realm) || !/^https?:/.test(realm))
    throw new RegistryError('the registry names no realm for its tokens');
  const url = new URL(realm);
  if (url.protocol === 'http:' && !LOOPBACK.test(url.host))
    throw new RegistryError(`${url.host}: tokens are asked for over https only`);
  for (const key of ['service', 'scope']) {
    const value = parameters.get(key);
    if (value !== undefined) url.searchParams.set(key, value);
  }
  const answer = await request(url.href, 'application/json', basic);
  if (answer.status !== 200) return undefined;
  const token = tokenOf(answer.body);
  return token === undefined ? undefined : `Bearer ${token}`;
}

function basicOf(auth: AuthConfig | undefined): string | undefined {
  if (!auth?.username && !auth?.password) return undefined;
  return `Basic ${Buffer.from(`${auth.username ?? ''}:${auth.password ?? ''}`).toString('base64')}`;
}

function tokenOf(body: Uint8Array): string | undefined {
  try {
    const value = JSON.parse(Buffer.from(body).toString('utf8')) as Record<string, unknown> | null;
    const token = value?.token ?? value?.access_token;
    return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
}
