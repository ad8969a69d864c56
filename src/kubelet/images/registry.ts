/**
 * Reads manifests and small blobs of a registry (OCI distribution specification), with the credentials of a pull: for what
 * has to be known of an image before the runtime pulls it.
 */
import { createHash } from 'node:crypto';
import tls from 'node:tls';
import type { AuthConfig } from '../../cri/port.ts';
import type { Env } from '../env.ts';
import { get } from '../sources/http-get.ts';
import { messageOf } from '../sources/regular-file.ts';
import { repositoryOf } from './registry-auth.ts';

const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];
const MAX_BYTES = 4 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const DOCKER_HUB = 'registry-1.docker.io';
const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/;

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

/** Credentials are tried one after the other; without any, as nobody. */
export function registryOf(
  image: string,
  auths: readonly AuthConfig[],
  { env, signal }: { env: Env; signal: AbortSignal },
): Registry {
  const repository = repositoryOf(image);
  const slash = repository.indexOf('/');
  const [host, name] = [repository.slice(0, slash), repository.slice(slash + 1)];
  // Plain HTTP for loopback only, as containerd.
  const base = `${LOOPBACK.test(host) ? 'http' : 'https'}://${host === 'docker.io' ? DOCKER_HUB : host}/v2/${name}`;
  /** What the last request was let in with. */
  let authorization: string | undefined;

  const request = (url: string, accept: string, header: string | undefined) =>
    get({
      url: new URL(url),
      headers: { accept: [accept], ...(header !== undefined && { authorization: [header] }) },
      timeoutMs: TIMEOUT_MS,
      limitBytes: MAX_BYTES,
      ...(url.startsWith('https:') && { ca: certificateAuthorities() }),
      env,
      signal,
    }).catch((error: unknown) => {
      throw new RegistryError(`${host}: ${messageOf(error)}`, { cause: error });
    });

  const ask = async (path: string, accept: string): Promise<Uint8Array | undefined> => {
    const url = `${base}${path}`;
    let answer = await request(url, accept, authorization);
    const challenge = answer.status === 401 ? (answer.authenticate ?? '') : undefined;
    for (const auth of challenge === undefined ? [] : [...auths, undefined]) {
      const header = await authorize(challenge ?? '', auth, request);
      if (header === undefined) continue;
      answer = await request(url, accept, header);
      if (answer.status === 401 || answer.status === 403) continue;
      authorization = header;
      break;
    }
    if (answer.status === 200) return answer.body;
    if (answer.status === 404) return undefined;
    throw new RegistryError(`${host}: ${name}${path}: the answer has status ${answer.status}`);
  };

  return {
    manifest: async (reference) => {
      const bytes = await ask(`/manifests/${reference}`, MANIFEST_TYPES.join(', '));
      if (bytes && reference.startsWith('sha256:')) checkDigest(bytes, reference, host);
      return bytes;
    },
    blob: async (digest) => {
      const bytes = await ask(`/blobs/${digest}`, '*/*');
      if (!bytes) throw new RegistryError(`${host}: ${name} has no blob ${digest}`);
      checkDigest(bytes, digest, host);
      return bytes;
    },
    // Registries that do not know the API say so in different ways.
    referrers: (digest) => ask(`/referrers/${digest}`, MANIFEST_TYPES[0] ?? '').catch(() => undefined),
  };
}

export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function checkDigest(bytes: Uint8Array, digest: string, host: string): void {
  if (sha256(bytes) !== digest) throw new RegistryError(`${host}: what it gives for ${digest} is something else`);
}

type Request = (url: string, accept: string, header: string | undefined) => ReturnType<typeof get>;

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
