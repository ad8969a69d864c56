/**
 * Debian's docker-registry on loopback, for pull tests. Images live in its memory and go with it.
 *
 *     const registry = await startRegistry({ users: { ada: 'secret' } });
 *     await registry.push(image, 'team/demo:1');   // pull it as `${registry.host}/team/demo:1`
 *     await registry.stop();
 *
 * containerd speaks plain HTTP to a loopback registry without being told.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type BuiltImage, manifestMediaType } from './images.ts';

export const registryPath = '/usr/bin/docker-registry';

export interface Registry {
  /** `127.0.0.1:PORT`. */
  host: string;
  pid: number;
  /** `repository:tag`, e.g. `team/demo:1`. */
  push(image: BuiltImage, name: string): Promise<void>;
  stop(): Promise<void>;
}

const startTimeoutMs = 10_000;

/** Starts one on a free port. With `users` (name to password) every request needs basic auth. */
export async function startRegistry(options: { users?: Record<string, string> } = {}): Promise<Registry> {
  const dir = await mkdtemp(join(tmpdir(), 'registry-'));
  const users = Object.entries(options.users ?? {});
  const config: Record<string, unknown> = {
    version: '0.1',
    log: { level: 'info', accesslog: { disabled: true } },
    storage: { inmemory: {} },
    http: { addr: '127.0.0.1:0', secret: 'loopback' },
  };
  if (users.length > 0) {
    await writeFile(join(dir, 'htpasswd'), users.map(([name, password]) => `${name}:${bcrypt(password)}\n`).join(''));
    config.auth = { htpasswd: { realm: 'registry', path: join(dir, 'htpasswd') } };
  }
  // JSON is YAML.
  await writeFile(join(dir, 'config.yml'), JSON.stringify(config));

  const child = spawn(registryPath, ['serve', join(dir, 'config.yml')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(dir, { recursive: true, force: true });
  };
  const host = await new Promise<string>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`docker-registry is not up after ${startTimeoutMs} ms`)),
      startTimeoutMs,
    );
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`docker-registry ended with ${code}`)));
    createInterface({ input: child.stderr }).on('line', (line) => {
      const address = /listening on (127\.0\.0\.1:\d+)/.exec(line)?.[1];
      if (!address) return;
      clearTimeout(timer);
      resolve(address);
    });
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });

  const [user] = users;
  const headers: Record<string, string> = user
    ? { authorization: `Basic ${Buffer.from(user.join(':')).toString('base64')}` }
    : {};
  return {
    host,
    pid: child.pid as number,
    push: (image, name) => push(`http://${host}/v2`, headers, image, name),
    stop,
  };
}

/** The push of the OCI distribution specification: blobs first, then the manifest under its tag. */
async function push(base: string, headers: Record<string, string>, image: BuiltImage, name: string): Promise<void> {
  const at = name.lastIndexOf(':');
  const [repository, tag] = [name.slice(0, at), name.slice(at + 1)];
  const send = async (method: string, url: string, body?: Buffer, contentType = 'application/octet-stream') => {
    const answer = await fetch(url, {
      method,
      headers: { ...headers, 'content-type': contentType },
      ...(body ? { body: new Uint8Array(body) } : {}),
    });
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    await answer.arrayBuffer();
    return answer.headers.get('location') ?? '';
  };
  for (const [digest, data] of image.blobs) {
    const location = new URL(await send('POST', `${base}/${repository}/blobs/uploads/`));
    location.searchParams.set('digest', digest);
    await send('PUT', location.href, data);
  }
  const { mediaType = manifestMediaType } = JSON.parse(image.manifest.toString()) as { mediaType?: string };
  await send('PUT', `${base}/${repository}/manifests/${tag}`, image.manifest, mediaType);
}

/** docker-registry takes bcrypt only; the C library's crypt() knows it, and perl (always on Debian) reaches that. */
function bcrypt(password: string): string {
  const hash = execFileSync('perl', ['-e', 'print crypt($ARGV[0], q($2y$05$) . "abcdefghijklmnopqrstuu")', password], {
    encoding: 'utf8',
  });
  if (!hash.startsWith('$2y$'))
    throw new Error('crypt() of this C library does not know bcrypt, which registry passwords need');
  return hash;
}
