import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ROOT } from '../../hack/root.ts';
import { requireFree, StartError, StartFiles } from '../../hack/start-files.ts';
import { parseManifest } from '../../src/kubelet/manifest/parse.ts';

const base = mkdtempSync(path.join(tmpdir(), 'rower-start-'));
after(() => rmSync(base, { recursive: true }));

const examples = ['pods/web.yaml', 'pods/clock.yaml', 'crash.yaml'];

for (const name of examples) {
  test(`the example ${name} is a manifest without a flaw`, () => {
    const location = path.join(ROOT, 'examples', name);
    const { revisions, problems } = parseManifest(
      readFileSync(location),
      { kind: 'file', location },
      { nodeName: 'demo' },
    );
    assert.deepEqual(problems, []);
    assert.equal(revisions.length, 1);
  });
}

test('example manifests are copied once, and what became of them is kept', async () => {
  const files = new StartFiles(path.join(base, 'kept'));
  await files.prepare();
  assert.deepEqual(readdirSync(files.pods).sort(), ['clock.yaml', 'web.yaml']);
  assert.deepEqual(files.hostPorts(), [8080]);
  const web = path.join(files.pods, 'web.yaml');
  writeFileSync(web, readFileSync(web, 'utf8').replace('hostPort: 8080', 'hostPort: 9090'));
  await files.withoutPods(async () => assert.equal(existsSync(files.pods), false));
  assert.deepEqual(files.hostPorts(), [9090]);
});

test('one state directory is of one quick start at a time', async () => {
  const state = path.join(base, 'alone');
  await new StartFiles(state).prepare();
  await assert.rejects(
    new StartFiles(state).prepare(),
    (error) => error instanceof StartError && /running already/.test(error.message),
  );
});

test('manifests that were put aside when a stop was killed come back', async () => {
  const state = path.join(base, 'aside');
  const aside = path.join(state, 'demo', 'pods.stopped');
  mkdirSync(aside, { recursive: true });
  writeFileSync(path.join(aside, 'mine.yaml'), '');
  const files = new StartFiles(state);
  await files.prepare();
  assert.deepEqual(readdirSync(files.pods), ['mine.yaml']);
});

test('a port that is taken is told, with what to do', async () => {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  await assert.rejects(requireFree(port, 'use another'), {
    message: `port ${port} is in use by another program: use another`,
  });
  server.close();
  await once(server, 'close');
  await requireFree(port, 'use another');
});
