import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/config/errors.ts';
import { readImagePolicy } from '../../src/config/image-policy.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

const HEAD = 'apiVersion: rower.dev/v1alpha1\nkind: ImagePolicy\n';

async function read(t: TestContext, text: string) {
  const directory = await temporaryDirectory(t);
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await mkdir(join(directory, 'cosign'));
  await writeFile(join(directory, 'cosign', 'ci.pub'), publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(join(directory, 'cosign', 'not.pub'), 'x');
  await writeFile(join(directory, 'images.yaml'), text);
  return readImagePolicy(join(directory, 'images.yaml'));
}

test('rules are read with their keys', async (t) => {
  const policy = await read(
    t,
    `${HEAD}images:\n- matchImages: [registry.example/team]\n  cosignKeys: [ci.pub]\n- matchImages: ["*"]\n  require: digest\n`,
  );
  assert.deepEqual(
    policy?.rules.map(({ matchImages, require, cosignKeys }) => [
      matchImages,
      require,
      cosignKeys.map(({ name }) => name),
    ]),
    [
      [['registry.example/team'], 'signature', ['ci.pub']],
      [['*'], 'digest', []],
    ],
  );
});

test('without a file there is no policy', async () => {
  assert.equal(await readImagePolicy('/nowhere/images.yaml'), undefined);
});

const WRONG: [string, RegExp][] = [
  [
    '',
    /images\.yaml:1:1: apiVersion: must be rower\.dev\/v1alpha1\n.*kind: must be ImagePolicy\n.*images: must be a list/,
  ],
  [`${HEAD}image: []`, /yaml:3:1: image: is unknown.*did you mean.*images/],
  [`${HEAD}images:\n- {matchImages: [a], requires: digest}`, /requires: is unknown.*did you mean.*require/],
  [
    `${HEAD}images:\n- {matchImages: [a], require: pinned}`,
    /yaml:4:\d+: images\[0\]\.require: must be one of nothing, digest, signature, reject/,
  ],
  [`${HEAD}images:\n- {require: digest}`, /matchImages: must be a list such as/],
  [`${HEAD}images:\n- {matchImages: [a], require: signature}`, /cosignKeys: must name at least one public key/],
  [`${HEAD}images:\n- {matchImages: [a], require: digest, cosignKeys: [ci.pub]}`, /goes with require: signature only/],
  [`${HEAD}images:\n- {matchImages: [a], cosignKeys: [none.pub]}`, /cosign\/none\.pub: /],
  [`${HEAD}images:\n- {matchImages: [a], cosignKeys: [not.pub]}`, /not\.pub is no public key of cosign/],
  [`${HEAD}images: [5]`, /matchImages: must be a list/],
];
for (const [text, message] of WRONG) {
  test(`${JSON.stringify(text.replace(HEAD, ''))} is refused`, async (t) => {
    await assert.rejects(read(t, text), (error: unknown) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  });
}

test('any document is a policy or an error with a place', async (t) => {
  const directory = await temporaryDirectory(t);
  const file = join(directory, 'images.yaml');
  await fc.assert(
    fc.asyncProperty(fc.jsonValue(), fc.jsonValue(), async (images, rule) => {
      for (const value of [images, [rule]]) {
        await writeFile(file, JSON.stringify({ apiVersion: 'rower.dev/v1alpha1', kind: 'ImagePolicy', images: value }));
        await readImagePolicy(file).catch((error: unknown) => assert.ok(error instanceof ConfigError, String(error)));
      }
    }),
  );
});
