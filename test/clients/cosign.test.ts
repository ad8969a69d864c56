/** Real cosign: what it signs Rower takes, files and images, in its new forms and the old ones. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { realEnv } from '../../hack/env.ts';
import { buildImages } from '../../hack/images.ts';
import { cosign } from '../../hack/kubectl.ts';
import { registryPath, startRegistry } from '../../hack/registry.ts';
import { NotSigned, verifyImage } from '../../src/kubelet/images/cosign-image.ts';
import { registryOf } from '../../src/kubelet/images/registry.ts';
import { readRegistryHosts } from '../../src/kubelet/images/registry-hosts.ts';
import { type CosignKey, readCosignKey } from '../../src/metadata/ingest/cosign.ts';
import { NO_KEYS, verifyAny } from '../../src/metadata/ingest/signatures.ts';

const RUN_LIMIT_MS = 60_000;
/** Nothing of it goes to a public log. */
const OFFLINE = ['--yes', '--use-signing-config=false', '--tlog-upload=false'];
const OLD_FORM = '--new-bundle-format=false';

describe('cosign', () => {
  let missing: string | undefined;
  let home: string;
  let program: string;
  let key: CosignKey;
  const run = (...argv: string[]) =>
    promisify(execFile)(program, argv, {
      cwd: home,
      env: { HOME: home, PATH: '/usr/bin:/bin', COSIGN_PASSWORD: '' },
      timeout: RUN_LIMIT_MS,
    });

  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'rower-cosign-'));
    try {
      program = await cosign();
    } catch (error) {
      missing = (error as Error).message;
      return;
    }
    await run('generate-key-pair');
    key = readCosignKey('cosign.pub', await readFile(join(home, 'cosign.pub'), 'utf8')) ?? assert.fail('a key');
  });
  after(() => rm(home, { recursive: true, force: true }));

  const FORMS: [string, string[]][] = [
    ['a bundle', ['--bundle', 'out']],
    ['an old bundle', [OLD_FORM, '--bundle', 'out']],
    ['a signature alone', [OLD_FORM, '--output-signature', 'out']],
  ];
  for (const [what, flags] of FORMS) {
    test(`signs a file with ${what}`, async (t) => {
      if (missing) return t.skip(missing);
      const content = Buffer.from('apiVersion: v1\nkind: Pod\n');
      await writeFile(join(home, 'pod.yaml'), content);
      await run('sign-blob', ...OFFLINE, '--key', 'cosign.key', ...flags, 'pod.yaml');
      const signature = await readFile(join(home, 'out'), 'utf8');
      const keys = { ...NO_KEYS, cosign: [key] };
      assert.equal(verifyAny(content, signature, keys, 0), 'cosign cosign.pub');
      assert.throws(() => verifyAny(Buffer.from('x'), signature, keys, 0), /not of this content/);
    });
  }

  for (const [what, flags] of [
    ['a bundle', []],
    ['the old way', [OLD_FORM]],
  ] as const) {
    test(`signs an image with ${what}`, async (t) => {
      if (missing) return t.skip(missing);
      if (!existsSync(registryPath)) return t.skip('docker-registry is not installed');
      const registry = await startRegistry();
      t.after(() => registry.stop());
      await mkdir(join(home, 'empty'), { recursive: true });
      const [image = assert.fail('an image')] = buildImages([{ name: 'x', busybox: false, labels: { what } }]);
      await registry.push(image, 'team/app:1');
      const { signal } = new AbortController();
      const name = `${registry.host}/team/app:1`;
      const hosts = await readRegistryHosts(name, '');
      const verify = () => verifyImage(name, [key], registryOf(name, [], { env: realEnv(), signal, hosts }));
      await assert.rejects(verify(), NotSigned);
      const reference = `${registry.host}/team/app@${image.digest}`;
      await run('sign', ...OFFLINE, ...flags, '--allow-http-registry', '--key', 'cosign.key', reference);
      assert.deepEqual(await verify(), { digest: image.digest, key });
    });
  }
});
