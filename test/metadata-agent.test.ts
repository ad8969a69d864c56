/** Metadata as the settings say. */
import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../src/config/load.ts';
import { EventRing } from '../src/kubelet/events.ts';
import { prepareMetadata } from '../src/metadata-agent.ts';
import { NODE_FACTS } from './http/fixture.ts';
import { temporaryDirectory } from './kubelet/temporary.ts';
import { testEnv } from './metadata/env.ts';

async function prepared(t: TestContext, given: Record<string, string>) {
  const directory = await temporaryDirectory(t);
  await writeFile(join(directory, 'file.yaml'), '');
  const flags = { 'pod-manifest-path': join(directory, 'pods'), 'root-dir': join(directory, 'root'), ...given };
  const { config } = loadConfig({
    flags: new Map(Object.entries(flags).map(([name, value]) => [name, [value.replace('DIR', directory)]])),
    readFile: () => Buffer.from(''),
    workingDirectory: directory,
    hostname: 'node-1',
  });
  const env = testEnv();
  const follower = await prepareMetadata({ config, node: { ...NODE_FACTS }, env, recorder: new EventRing(env) });
  return { follower, lines: env.lines, directory };
}

test('unless it is told otherwise the agent looks whether a cloud gives it Pods, and leaves no trace until then', async (t) => {
  const { follower, lines, directory } = await prepared(t, {});
  assert.deepEqual(follower?.view().state, 'looking');
  assert.deepEqual(lines, []);
  assert.deepEqual(await readdir(directory), ['file.yaml']);
});

test('none is off', async (t) => {
  assert.equal((await prepared(t, { metadata: 'none' })).follower, undefined);
});

for (const path of ['', 'DIR/file.yaml']) {
  test(`without a directory for manifests (${path || 'empty'}) auto is off, and a provider that is named is an error`, async (t) => {
    const { follower, lines } = await prepared(t, { 'pod-manifest-path': path });
    assert.equal(follower, undefined);
    assert.match(lines.join('\n'), /^info metadata is not looked at .*needs a manifest directory/);
    await assert.rejects(
      prepared(t, { 'pod-manifest-path': path, metadata: 'gce' }),
      /--metadata: .*needs a manifest directory/,
    );
  });
}

test('a provider that there is not is an error that names the nearest one', async (t) => {
  await assert.rejects(prepared(t, { metadata: 'hetzne' }), /did you mean hetzner\?/);
});
