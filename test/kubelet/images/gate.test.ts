/** The image policy against Debian's docker-registry, and against servers that want tokens or answer nonsense. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { realEnv } from '../../../hack/env.ts';
import { type BuiltImage, buildImages } from '../../../hack/images.ts';
import { registryPath, startRegistry } from '../../../hack/registry.ts';
import { imageBundle, imageSignature, signatureTag } from '../../../hack/sign-image.ts';
import { CriError, type Image } from '../../../src/cri/port.ts';
import { NotSigned, verifyImage } from '../../../src/kubelet/images/cosign-image.ts';
import { ImageGate } from '../../../src/kubelet/images/gate.ts';
import { type ImageRule, NO_POLICY } from '../../../src/kubelet/images/policy.ts';
import { readCosignKey } from '../../../src/metadata/ingest/cosign.ts';
import { temporaryDirectory } from '../temporary.ts';

const skip = existsSync(registryPath) ? false : 'docker-registry is not installed';
const OWN = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const STRANGER = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const KEY = readCosignKey('ci.pub', OWN.publicKey.export({ type: 'spki', format: 'pem' }) as string) ?? assert.fail();
const ADA = { username: 'ada', password: 'open' };

const built = (name: string): BuiltImage =>
  buildImages([{ name, busybox: false, labels: { name } }])[0] ?? assert.fail('an image');

async function gateOf(
  rootDir: string,
  digest = '',
  rules: ImageRule[] = [{ matchImages: ['*'], require: 'signature', cosignKeys: [KEY] }],
) {
  const real = realEnv();
  const warnings: string[] = [];
  const refusals: string[] = [];
  const warn = (_: unknown, text: string) => void warnings.push(text);
  const quiet = { debug: () => {}, info: () => {}, warn, error: () => {} };
  const found: Image = {
    id: 'i',
    repoTags: [],
    repoDigests: [`x/y@${digest}`],
    sizeBytes: 1,
    username: '',
    pinned: false,
  };
  const cri = { imageStatus: async (_image: string) => found };
  const gate = await ImageGate.open({
    env: { ...real, log: quiet },
    cri,
    policy: { source: '/p', registryConfigPath: '', rules },
    rootDir,
    refused: (wanted) => void refusals.push(wanted),
  });
  return {
    gate,
    cri,
    found,
    warnings,
    refusals,
    before: (image: string, auths = [ADA]) => gate.before(image, auths, new AbortController().signal),
  };
}

const refusedWith = (message: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CriError, String(error));
  assert.match(error.message, message);
  return true;
};

test('an image is let through when one of the keys signed it', { skip }, async (t) => {
  const registry = await startRegistry({ users: { ada: 'open' } });
  t.after(() => registry.stop());
  const push = async (name: string, sign: (digest: string) => Promise<void>) => {
    const image = built(name);
    await registry.push(image, `team/${name}:1`);
    await sign(image.digest);
    return image.digest;
  };
  const simple =
    (key = OWN.privateKey, claimed?: string) =>
    (name: string) =>
    (digest: string) =>
      registry.push(imageSignature(digest, key, claimed), signatureTag(`team/${name}`, digest));
  const bundled =
    (key = OWN.privateKey, claimed?: string, predicateType?: string) =>
    (name: string) =>
    async (digest: string) => {
      const { bundle, index } = imageBundle(digest, key, claimed, predicateType);
      await registry.push(bundle, `team/${name}:bundle`);
      await registry.push(index, `team/${name}:${digest.replace(':', '-')}`);
    };
  const other = `sha256:${'b'.repeat(64)}`;
  const CASES: [string, (name: string) => (digest: string) => Promise<void>, RegExp | undefined][] = [
    ['simple', simple(), undefined],
    ['bundled', bundled(), undefined],
    ['unsigned', () => async () => {}, /^SignatureValidationFailed: sha256:\w+ has no signature in its registry/],
    ['stranger', simple(STRANGER.privateKey), /has 1 signature, which is not by ci\.pub \(\/p\)$/],
    ['stranger-bundle', bundled(STRANGER.privateKey), /has 1 signature, which is not by ci\.pub/],
    ['of-another', simple(OWN.privateKey, other), /has 1 signature, which is not by/],
    [
      'attested',
      bundled(OWN.privateKey, undefined, 'https://cosign.sigstore.dev/attestation/vuln/v1'),
      /has 1 signature, which is not by/,
    ],
    ['bundle-of-another', bundled(OWN.privateKey, other), /has 1 signature, which is not by/],
  ];
  for (const [name, sign, message] of CASES) {
    const digest = await push(name, sign(name));
    const rootDir = await temporaryDirectory(t);
    const { gate, before, cri, found } = await gateOf(rootDir, digest);
    for (const image of [`${registry.host}/team/${name}:1`, `${registry.host}/team/${name}@${digest}`]) {
      if (message) await assert.rejects(before(image), refusedWith(message), name);
      else await before(image);
      assert.equal(await gate.guard(cri).imageStatus(image), message ? undefined : found, name);
      // The next process knows it too.
      assert.equal((await gateOf(rootDir)).gate.allows(image, found), message === undefined);
    }
    if (message) continue;
    const wrong = await gateOf(rootDir, other);
    await assert.rejects(
      wrong.gate.after(`${registry.host}/team/${name}:1`),
      refusedWith(/gave another image than the one/),
    );
    const { publicKey } = STRANGER;
    const key = readCosignKey('new.pub', publicKey.export({ type: 'spki', format: 'pem' }) as string) ?? assert.fail();
    const rotated = await gateOf(rootDir, digest, [{ matchImages: ['*'], require: 'signature', cosignKeys: [key] }]);
    assert.equal(
      rotated.gate.allows(`${registry.host}/team/${name}:1`, found),
      false,
      'by a key that is none any more',
    );
  }
  const { before } = await gateOf(await temporaryDirectory(t));
  await assert.rejects(before(`${registry.host}/team/simple:1`, []), refusedWith(/^RegistryUnavailable: .*status 401/));
  await assert.rejects(
    before(`${registry.host}/team/none:1`),
    refusedWith(/there is no \S+\/team\/none:1 in its registry/),
  );
});

test('images that the policy names by digest, or not at all, need no registry', async (t) => {
  const rules: ImageRule[] = [
    { matchImages: ['a.example'], require: 'digest', cosignKeys: [] },
    { matchImages: ['b.example'], require: 'reject', cosignKeys: [] },
  ];
  const { gate, before, cri, warnings, refusals } = await gateOf(await temporaryDirectory(t), '', rules);
  const guarded = gate.guard(cri);
  for (const [image, message] of [
    ['a.example/x:1', /^SignatureValidationFailed: \/p wants images/],
    ['b.example/x:1', /allows no image/],
    [`a.example/x@sha256:${'a'.repeat(64)}`, undefined],
    ['c.example/x', undefined],
  ] as const) {
    if (message) await assert.rejects(before(image), refusedWith(message));
    else await before(image);
    assert.equal((await guarded.imageStatus(image)) === undefined, message !== undefined, image);
    await guarded.imageStatus(image);
  }
  assert.deepEqual(warnings, [
    'the image is on this machine and counts as absent: /p wants images of a.example/x by digest: NAME@sha256:…',
    'the image is on this machine and counts as absent: /p allows no image of b.example/x',
  ]);
  assert.deepEqual(refusals, ['digest', 'reject'], 'counted');
  gate.use(NO_POLICY);
  await before('b.example/x:1');
  assert.ok(await guarded.imageStatus('b.example/x:1'), 'by another policy');
});

test('images of an archive that a key signed may run, by their id and as long as the key is one', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'app.tar');
  await writeFile(path, 'archive');
  const { gate, cri, found } = await gateOf(directory);
  await (await gate.verifyArchive(path))(['x/y:1']);
  assert.equal(gate.allows('x/y:1', found), false, 'nobody signed it');
  await writeFile(`${path}.sig`, sign('sha256', Buffer.from('archive'), OWN.privateKey).toString('base64'));
  const passes = await gate.verifyArchive(path);
  assert.equal(gate.allows('x/y:1', found), false, 'before it is imported');
  await passes(['x/y:1']);
  assert.equal(await gate.guard(cri).imageStatus('x/y:1'), found);
  assert.equal(gate.allows('x/y:1', { ...found, id: 'j' }), false, 'another image of that name');
  assert.equal((await gateOf(directory)).gate.allows('x/y:1', found), true, 'after a start');
  const late = await gate.verifyArchive(path);
  await writeFile(path, 'changed');
  await assert.rejects(late(['x/y:1']), /it changed while it was imported/);
  await assert.rejects(gate.verifyArchive(path), /app\.tar\.sig is no signature of this archive by ci\.pub/);
  const before = gate.keysText();
  gate.use(NO_POLICY);
  assert.notEqual(gate.keysText(), before, 'other keys: archives are looked at again');
  await (await gate.verifyArchive(path))(['x/y:1']);
});

test('a registry whose hosts.toml cannot be read is not asked', async (t) => {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'r.example'));
  await writeFile(join(directory, 'r.example/hosts.toml'), 'server');
  const { gate, before } = await gateOf(directory);
  const rules: ImageRule[] = [{ matchImages: ['*'], require: 'signature', cosignKeys: [KEY] }];
  gate.use({ source: '/p', registryConfigPath: directory, rules });
  await assert.rejects(
    before('r.example/a:1'),
    refusedWith(
      /^RegistryUnavailable: .*r\.example\/hosts\.toml: line 1, column 1: incomplete key-value: cannot find end of key$/,
    ),
  );
});

async function serve(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a token is asked for with the credentials that fit', async (t) => {
  const image = built('tokens');
  const signature = imageSignature(image.digest, OWN.privateKey);
  const asked: string[] = [];
  const host = await serve(t, (request, response) => {
    const { url = '', headers } = request;
    asked.push(url);
    if (url.startsWith('/token')) {
      const ok = headers.authorization === `Basic ${Buffer.from('ada:open').toString('base64')}`;
      response.writeHead(ok ? 200 : 401).end(JSON.stringify({ token: 'T' }));
      return;
    }
    if (headers.authorization !== 'Bearer T') {
      const challenge = `Bearer realm="http://${host}/token",service="s",scope="repository:team/app:pull"`;
      response.writeHead(401, { 'www-authenticate': challenge }).end();
      return;
    }
    const bodies: Record<string, Buffer> = { '/v2/team/app/manifests/1': image.manifest };
    bodies[`/v2/${signatureTag('team/app', image.digest).replace(':', '/manifests/')}`] = signature.manifest;
    for (const [digest, data] of signature.blobs) bodies[`/v2/team/app/blobs/${digest}`] = data;
    const body = bodies[url];
    response.writeHead(body ? 200 : 404).end(body);
  });
  const { before } = await gateOf(await temporaryDirectory(t));
  await before(`${host}/team/app:1`, [{ username: 'eve', password: 'no' }, ADA]);
  assert.ok(asked.includes('/token?service=s&scope=repository%3Ateam%2Fapp%3Apull'), asked.join('\n'));
});

const NONSENSE: Record<string, RequestListener> = {
  'an error': (_, response) => response.writeHead(500).end(),
  'a page': (_, response) => response.end('<html>'),
  'a challenge without a realm': (_, response) => response.writeHead(401, { 'www-authenticate': 'Bearer x' }).end(),
  'a challenge of another kind': (_, response) => response.writeHead(401, { 'www-authenticate': 'Digest' }).end(),
  'a realm elsewhere in plain text': (_, response) =>
    response.writeHead(401, { 'www-authenticate': 'Bearer realm="http://registry.example/token"' }).end(),
  'half an answer': (_, response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('x', () => response.destroy());
  },
  'a manifest of strange form': (_, response) => response.end('{"layers":{"a":1},"manifests":[null,5,{"digest":"x"}]}'),
  'layers that are not there': ({ url = '' }, response) =>
    url.includes('/blobs/')
      ? response.writeHead(404).end()
      : response.end('{"layers":[{"digest":"sha256:0","annotations":{"dev.cosignproject.cosign/signature":"x"}}]}'),
  'other blobs': ({ url = '' }, response) =>
    response.end(
      url.includes('/blobs/')
        ? 'x'
        : '{"layers":[{"digest":"sha256:0","annotations":{"dev.cosignproject.cosign/signature":"x"}}]}',
    ),
};
for (const [what, listener] of Object.entries(NONSENSE)) {
  test(`a registry that answers with ${what} lets nothing through`, async (t) => {
    const host = await serve(t, listener);
    const { before } = await gateOf(await temporaryDirectory(t));
    await assert.rejects(
      before(`${host}/team/app:1`),
      refusedWith(/^(?:RegistryUnavailable|SignatureValidationFailed): /),
    );
  });
}

test('no answer of a registry makes anything but a refusal', async () => {
  const json = fc.oneof(
    fc.jsonValue(),
    fc.record({
      layers: fc.jsonValue(),
      manifests: fc.jsonValue(),
      critical: fc.jsonValue(),
      dsseEnvelope: fc.jsonValue(),
    }),
    fc.record({
      layers: fc.array(fc.record({ digest: fc.string(), mediaType: fc.string(), annotations: fc.jsonValue() })),
      manifests: fc.constant([
        { artifactType: 'application/vnd.dev.sigstore.bundle.v0.3+json', digest: `sha256:${'a'.repeat(64)}` },
      ]),
    }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(json, { minLength: 1 }), async (answers) => {
      let asked = 0;
      const answer = async () => {
        asked += 1;
        return Buffer.from(JSON.stringify(answers[asked % answers.length]));
      };
      const registry = { manifest: answer, blob: answer, referrers: answer };
      await assert.rejects(verifyImage('x/y:1', [KEY], registry), NotSigned);
    }),
  );
});

test('what was kept and is damaged was not verified', async (t) => {
  const rootDir = await temporaryDirectory(t);
  await writeFile(join(rootDir, 'verified-images.json'), '{"sha256:1": 5, "sha256:2"');
  const { gate, found } = await gateOf(rootDir, 'sha256:2');
  assert.equal(gate.allows('x/y', found), false);
  assert.match(readFileSync(join(rootDir, 'verified-images.json'), 'utf8'), /sha256:2/);
});
