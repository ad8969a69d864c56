import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { buildImages, demoImage, type ImageSpec, imageArchive } from '../../hack/images.ts';
import { pauseProgramX64 } from '../../hack/pause.ts';

const spec: ImageSpec = {
  name: 'localhost/files:1',
  busybox: false,
  entrypoint: ['/a'],
  cmd: ['b'],
  user: '1000:1000',
  env: { A: 'x=y' },
  workingDir: '/srv',
  exposedPorts: ['80/tcp'],
  stopSignal: 'SIGQUIT',
  labels: { l: 'm' },
  volumes: ['/data'],
  files: [{ path: 'a', type: 'file', data: 'x' }],
};

const sha256 = (data: Uint8Array) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

test('every blob has its digest, the manifest names them all, and the layers are what they say', () => {
  const [image] = buildImages([spec]);
  assert.ok(image);
  assert.equal(sha256(image.manifest), image.digest);
  for (const [digest, data] of image.blobs) assert.equal(sha256(data), digest);
  const manifest = JSON.parse(image.manifest.toString());
  const named = [manifest.config, ...manifest.layers] as { digest: string; size: number }[];
  assert.deepEqual(
    named.map(({ digest, size }) => [digest, size]),
    [...image.blobs].map(([digest, data]) => [digest, data.length]),
  );
  const config = JSON.parse(image.blobs.get(image.id)?.toString() ?? '');
  const layer = image.blobs.get(manifest.layers[0].digest) ?? Buffer.of();
  assert.deepEqual(config.rootfs.diff_ids, [sha256(gunzipSync(layer))]);
});

test('the config carries every option', () => {
  const [image] = buildImages([spec]);
  assert.deepEqual(JSON.parse(image?.blobs.get(image.id)?.toString() ?? '').config, {
    User: '1000:1000',
    Env: ['A=x=y'],
    Entrypoint: ['/a'],
    Cmd: ['b'],
    WorkingDir: '/srv',
    ExposedPorts: { '80/tcp': {} },
    Volumes: { '/data': {} },
    Labels: { l: 'm' },
    StopSignal: 'SIGQUIT',
  });
});

test('the same input gives the same digests, and another user another id', () => {
  const digests = (specs: ImageSpec[]) => buildImages(specs).map(({ digest }) => digest);
  assert.deepEqual(digests([spec, demoImage()]), digests([spec, demoImage()]));
  assert.notDeepEqual(digests([spec]), digests([{ ...spec, user: '0' }]));
});

test('images that share the busybox layer share it in the archive too', () => {
  const images = buildImages([demoImage('localhost/a:1'), { ...demoImage('localhost/b:1'), user: '1000' }]);
  const listing = execFileSync('tar', ['-tf', '-'], { input: imageArchive(images), encoding: 'utf8' });
  const blobs = listing.split('\n').filter((name) => name.startsWith('blobs/sha256/'));
  // Two manifests, two configs, the busybox layer, the page.
  assert.equal(blobs.length, 6);
  const index = JSON.parse(
    execFileSync('tar', ['-xOf', '-', 'index.json'], { input: imageArchive(images), encoding: 'utf8' }),
  );
  assert.deepEqual(
    index.manifests.map(
      ({ annotations }: { annotations: Record<string, string> }) => annotations['io.containerd.image.name'],
    ),
    ['localhost/a:1', 'localhost/b:1'],
  );
});

test('the pause program points into itself: its entry and its only address', () => {
  const elf = pauseProgramX64();
  const base = Number(elf.readBigUInt64LE(64 + 16));
  const entry = Number(elf.readBigUInt64LE(24)) - base;
  assert.equal(elf.readUInt8(entry), 0xbf, 'mov edi');
  // lea rsi, [rip + offset] follows; what it loads begins with SIG_IGN and SA_NOCLDWAIT.
  const act = entry + 12 + elf.readInt32LE(entry + 8);
  assert.deepEqual([elf.readBigUInt64LE(act), elf.readBigUInt64LE(act + 8)], [1n, 2n]);
  assert.equal(act + 32, elf.length);
});
