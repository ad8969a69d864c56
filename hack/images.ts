/**
 * Makes OCI images on the spot from Debian's busybox-static: no registry, no compiler, no network.
 *
 *     const images = buildImages([pauseImage(), busyboxImage(), { ...busyboxImage(), name: 'localhost/web:1', user: '1000' }]);
 *     await importImages(containerd, images);          // into a runtime, by `ctr images import`
 *     await registry.push(images[1], 'team/busybox:1'); // into a registry made by hack/registry.ts
 *
 * The same input gives the same digests.
 */
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { pauseProgramX64 } from './pause.ts';
import { type TarEntry, tar } from './tar.ts';

export const busyboxPath = '/bin/busybox';

export interface ImageSpec {
  /** Full reference with tag, e.g. `localhost/demo:1`. */
  name: string;
  entrypoint?: string[];
  cmd?: string[];
  /** As in a Dockerfile: `1000`, `1000:1000`, `demo`. */
  user?: string;
  env?: Record<string, string>;
  workingDir?: string;
  /** e.g. `80/tcp`. */
  exposedPorts?: string[];
  /** e.g. `SIGQUIT`. */
  stopSignal?: string;
  labels?: Record<string, string>;
  volumes?: string[];
  /** Whether the busybox layer lies below `files`. */
  busybox: boolean;
  files?: TarEntry[];
}

export interface BuiltImage {
  name: string;
  /** Digest of the manifest: what a registry calls it. */
  digest: string;
  /** Digest of the config: the runtime's image id. */
  id: string;
  manifest: Buffer;
  /** Config and layers, by digest. */
  blobs: ReadonlyMap<string, Buffer>;
}

export const manifestMediaType = 'application/vnd.oci.image.manifest.v1+json';
const indexMediaType = 'application/vnd.oci.image.index.v1+json';

/** The sandbox's own container. */
export function pauseImage(name = 'localhost/pause:1'): ImageSpec {
  if (process.arch === 'x64') {
    const program: TarEntry = { path: 'pause', type: 'file', mode: 0o755, data: pauseProgramX64() };
    return { name, busybox: false, files: [program], entrypoint: ['/pause'] };
  }
  // A shell reaps its adopted children while it waits, so it can stand in on other processors.
  return { name, busybox: true, entrypoint: ['/bin/sh', '-c', 'while sleep 2147483647; do :; done'] };
}

/** busybox with all its applets; runs `sh`. Its first process ignores SIGTERM unless the command handles it. */
export function busyboxImage(name = 'localhost/busybox:1'): ImageSpec {
  return { name, busybox: true, cmd: ['sh'] };
}

/** A web server on port 80 that stops at once on SIGTERM. */
export function demoImage(name = 'localhost/demo:1'): ImageSpec {
  const page = '<!doctype html>\n<title>It runs</title>\n<h1>It runs</h1>\n<p>Served from a Pod.</p>\n';
  return {
    name,
    busybox: true,
    files: [{ path: 'www/index.html', type: 'file', data: page }],
    cmd: ['/bin/sh', '-c', 'trap "exit 0" TERM; httpd -f -v -p 80 -h /www & wait'],
    exposedPorts: ['80/tcp'],
  };
}

/** Builds images; the busybox layer is made once and shared. */
export function buildImages(specs: readonly ImageSpec[]): BuiltImage[] {
  const base = specs.some((spec) => spec.busybox) ? layer(busyboxFiles()) : undefined;
  return specs.map((spec) => {
    const layers = [...(spec.busybox && base ? [base] : []), ...(spec.files ? [layer(spec.files)] : [])];
    return buildImage(spec, layers);
  });
}

/** An OCI image archive, as `ctr images import` reads it. */
export function imageArchive(images: readonly BuiltImage[]): Buffer {
  const blobs = new Map<string, Buffer>();
  for (const image of images) {
    blobs.set(image.digest, image.manifest);
    for (const [digest, data] of image.blobs) blobs.set(digest, data);
  }
  const manifests = images.map((image) => ({
    mediaType: manifestMediaType,
    digest: image.digest,
    size: image.manifest.length,
    annotations: { 'io.containerd.image.name': image.name },
  }));
  return tar([
    { path: 'oci-layout', type: 'file', data: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', type: 'file', data: json({ schemaVersion: 2, mediaType: indexMediaType, manifests }) },
    ...[...blobs].map(
      ([digest, data]): TarEntry => ({ path: `blobs/${digest.replace(':', '/')}`, type: 'file', data }),
    ),
  ]);
}

/** Imports images into the `k8s.io` namespace of the containerd behind `socket` and unpacks them. */
export async function importImages(containerd: { socket: string }, images: readonly BuiltImage[]): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'images-'));
  try {
    const file = join(dir, 'images.tar');
    await writeFile(file, imageArchive(images));
    await promisify(execFile)('ctr', ['-a', containerd.socket, '-n', 'k8s.io', 'images', 'import', file]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

interface Layer {
  diffId: string;
  digest: string;
  data: Buffer;
}

function layer(files: readonly TarEntry[]): Layer {
  const archive = tar(files);
  const data = gzipSync(archive);
  return { diffId: sha256(archive), digest: sha256(data), data };
}

function buildImage(spec: ImageSpec, layers: readonly Layer[]): BuiltImage {
  const config = json({
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: {
      User: spec.user,
      Env: Object.entries(spec.env ?? {}).map(([name, value]) => `${name}=${value}`),
      Entrypoint: spec.entrypoint,
      Cmd: spec.cmd,
      WorkingDir: spec.workingDir,
      ExposedPorts: keys(spec.exposedPorts),
      Volumes: keys(spec.volumes),
      Labels: spec.labels,
      StopSignal: spec.stopSignal,
    },
    rootfs: { type: 'layers', diff_ids: layers.map((one) => one.diffId) },
  });
  const id = sha256(config);
  const manifest = json({
    schemaVersion: 2,
    mediaType: manifestMediaType,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: id, size: config.length },
    layers: layers.map((one) => ({
      mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
      digest: one.digest,
      size: one.data.length,
    })),
  });
  const blobs = new Map([[id, config], ...layers.map((one): [string, Buffer] => [one.digest, one.data])]);
  return { name: spec.name, digest: sha256(manifest), id, manifest, blobs };
}

function busyboxFiles(): TarEntry[] {
  const applets = execFileSync(busyboxPath, ['--list'], { encoding: 'utf8' }).split('\n');
  const directory = (path: string, mode = 0o755): TarEntry => ({ path, type: 'directory', mode });
  return [
    ...['bin', 'etc', 'home', 'proc', 'root', 'run', 'sys', 'usr', 'var', 'www'].map((path) => directory(path)),
    directory('tmp', 0o1777),
    { path: 'etc/passwd', type: 'file', data: 'root:x:0:0:root:/root:/bin/sh\ndemo:x:1000:1000:demo:/tmp:/bin/sh\n' },
    { path: 'etc/group', type: 'file', data: 'root:x:0:\ndemo:x:1000:\nextra:x:2000:demo\n' },
    { path: 'bin/busybox', type: 'file', mode: 0o755, data: readFileSync(busyboxPath) },
    ...applets
      .filter((name) => name !== '' && name !== 'busybox')
      .map((name): TarEntry => ({ path: `bin/${name}`, type: 'symlink', target: 'busybox' })),
  ];
}

function keys(names: readonly string[] | undefined): Record<string, object> | undefined {
  return names && Object.fromEntries(names.map((name) => [name, {}]));
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function sha256(data: Uint8Array): string {
  return `sha256:${createHash('sha256').update(data).digest('hex')}`;
}
