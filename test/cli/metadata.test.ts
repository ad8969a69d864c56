import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ownName } from '../../src/cli/metadata.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { byPath, metadataServer } from '../metadata/server.ts';
import { rower as run } from './rower.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: m\n    image: x:1\n';

const rower = (...argv: string[]) => run('metadata', ...argv);

async function hostRoot(t: TestContext, files: Record<string, string> = {}): Promise<string> {
  const root = await temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

const HETZNER = { '/sys/class/dmi/id/sys_vendor': 'Hetzner\n', '/proc/cmdline': 'vultr quiet\n' };

test('explain shows what was looked at, asked and taken, and nothing of what is secret', async (t) => {
  const answers = {
    '/hetzner/v1/metadata': 'instance-id: 7\nregion: eu\n',
    '/hetzner/v1/userdata': `${POD}    env: [{name: A, value: hunter2}]\n`,
  };
  const { base } = await metadataServer(t, byPath(answers));
  const { status, stdout, stderr } = await rower(
    'explain',
    '--host-root',
    await hostRoot(t, HETZNER),
    '--endpoint',
    base,
  );
  assert.equal(stderr, '');
  assert.equal(status, 0);
  assert.match(stdout, /^looked at:\n {2}file +no\n/);
  assert.match(stdout, /^ {2}ec2 +no$/m);
  assert.match(stdout, /^ {2}hetzner +yes: sys_vendor is "Hetzner"$/m);
  assert.match(stdout, /^ {2}vultr +yes, but another goes before it: the kernel command line has the word vultr$/m);
  assert.match(
    stdout,
    /^asked: hetzner\ninstance: 7\n {2}instance_id = 7\n {2}region = eu\nuser-data: taken \(userdata\)\n {2}rower-metadata-user-data\.yaml: 1 Pod\n$/m,
  );
  assert.doesNotMatch(stdout, /hunter/);
});

test('explain shows why something was refused, exit status 1', async (t) => {
  const root = await hostRoot(t, { '/user-data': '#!/bin/sh\n' });
  const { status, stdout } = await rower('explain', '--metadata=file=/user-data', '--host-root', root);
  assert.equal(status, 1);
  assert.match(
    stdout,
    /^user-data: refused, nothing of it is used \(\/user-data\)\nerror: user-data \(provider file\): is a script/m,
  );
});

test('a machine of no cloud is given nothing', async (t) => {
  const root = await hostRoot(t);
  const { status, stdout } = await rower('explain', '--host-root', root);
  assert.equal(status, 0);
  assert.match(
    stdout,
    /\nfirmware: does not say what this machine is\nno provider fits this machine: it is given nothing\. One that does all the same is named with --metadata NAME; /,
  );
  assert.equal((await rower('fetch', '--host-root', root)).status, 1);
});

test('a service that does not answer is an error that names what was asked', async (t) => {
  const { status, stderr } = await rower(
    'fetch',
    '--metadata',
    'ec2',
    '--host-root',
    await hostRoot(t),
    '--endpoint',
    'http://127.0.0.1:1',
  );
  assert.equal(status, 1);
  assert.match(stderr, /^rower metadata: ec2: http:\/\/127\.0\.0\.1:1\/latest\/api\/token: connect ECONNREFUSED/);
});

const TWO = `MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Disposition: attachment; filename=a.yaml\n\n${POD}\n--b\n\n${POD.replace('web', 'two')}\n--b--\n`;

test('fetch prints the manifests, or writes them', async (t) => {
  const root = await hostRoot(t, { '/user-data': TWO });
  const from = ['--metadata=file=/user-data', '--host-root', root];
  const { status, stdout } = await rower('fetch', ...from);
  assert.equal(status, 0);
  assert.equal(stdout, `---\n${POD}---\n${POD.replace('web', 'two')}`);
  const output = join(root, 'out');
  assert.deepEqual(await rower('fetch', ...from, '--output', output), { status: 0, stdout: '', stderr: '' });
  assert.deepEqual((await readdir(output)).sort(), ['rower-metadata-a.yaml', 'rower-metadata-part-2.yaml']);
  assert.equal((await readFile(join(output, 'rower-metadata-a.yaml'), 'utf8')).trim(), POD.trim());
});

const WRONG: [string[], RegExp][] = [
  [[], /say explain or fetch/],
  [['show'], /say explain or fetch/],
  [['explain', 'x'], /say explain or fetch/],
  [['explain', '--metadata', 'ec3'], /there is no metadata provider "ec3"; did you mean ec2\?/],
];

for (const [argv, message] of WRONG) {
  test(`rower metadata ${argv.join(' ')} is refused`, async () => {
    const { status, stderr } = await rower(...argv);
    assert.equal(status, 2);
    assert.match(stderr, message);
  });
}

test('a machine without a usable name is looked at all the same', () => {
  assert.equal(ownName('(none)'), 'localhost');
  assert.equal(ownName('Web-1'), 'web-1');
});
