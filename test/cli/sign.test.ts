import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path, { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { signatureComment } from '../../src/metadata/ingest/signatures.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { without } from '../metadata/programs.ts';
import { rower } from './rower.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/metadata/signatures', import.meta.url));
const SIGNERS = join(FIXTURES, 'allowed_signers');
const POD = readFileSync(join(FIXTURES, 'pod.yaml'), 'utf8');
const SIGNATURE = readFileSync(join(FIXTURES, 'ed25519.sig'), 'utf8');

/** An ssh-keygen that knows one signature, of the recorded Pod, and writes down how it was called. */
async function withKeygen(t: TestContext, script: string): Promise<string> {
  const directory = await temporaryDirectory(t);
  await mkdir(join(directory, 'bin'));
  await writeFile(join(directory, 'bin', 'ssh-keygen'), `#!/bin/sh\n${script.replaceAll('DIR', directory)}\n`);
  await chmod(join(directory, 'bin', 'ssh-keygen'), 0o755);
  const before = process.env.PATH;
  process.env.PATH = `${join(directory, 'bin')}:${before}`;
  t.after(() => {
    process.env.PATH = before;
  });
  return directory;
}

test('a file is signed with the key, and what is signed verifies', async (t) => {
  const directory = await withKeygen(t, `echo "$@" > DIR/args; cat > DIR/input; cat ${join(FIXTURES, 'ed25519.sig')}`);
  const file = join(directory, 'pod.yaml');
  await writeFile(file, POD);
  const { status, stdout, stderr } = await rower('sign', '--key', 'mine', file);
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(stdout, `${POD}${signatureComment(SIGNATURE)}`);
  assert.equal(readFileSync(join(directory, 'args'), 'utf8'), '-q -Y sign -n rower.manifest -f mine\n');
  assert.equal(readFileSync(join(directory, 'input'), 'utf8'), POD);
  await writeFile(file, stdout);
  assert.equal((await rower('sign', '--key', 'mine', file)).stdout, stdout, 'signing again replaces the signature');
  const verified = await rower('verify', '--allowed-signers', SIGNERS, file);
  assert.deepEqual(verified, { status: 0, stdout: `${file}: signed by ed25519@example.org\n`, stderr: '' });
});

test('what ssh-keygen says of a key is passed on', async (t) => {
  const directory = await withKeygen(t, 'echo "no such key" >&2; exit 255');
  const file = join(directory, 'pod.yaml');
  await writeFile(file, POD);
  const { status, stdout, stderr } = await rower('sign', '--key', 'mine', file);
  assert.deepEqual([status, stdout, stderr], [1, '', 'rower sign: ssh-keygen: no such key\n']);
});

test('a file without a good signature is named, exit status 1', async (t) => {
  const directory = await temporaryDirectory(t);
  const [plain, changed] = [join(directory, 'plain.yaml'), join(directory, 'changed.yaml')];
  await writeFile(plain, POD);
  await writeFile(changed, `${POD}# more\n${signatureComment(SIGNATURE)}`);
  const { status, stdout, stderr } = await rower('verify', '--allowed-signers', SIGNERS, plain, changed);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /plain\.yaml: is not signed.*\n.*changed\.yaml: the signature is not of this content/);
});

for (const argv of [
  ['sign', 'x'],
  ['sign', '--key', 'k'],
  ['verify'],
  ['verify', '--allowed-signers', '/nowhere', 'x'],
]) {
  test(`rower ${argv.join(' ')} is refused`, async () => {
    assert.equal((await rower(...argv)).status, 2);
  });
}

test('a key of minisign signs too, and what it signed verifies', { skip: without('minisign') }, async (t) => {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  await mkdir(at('minisign'));
  execFileSync('minisign', ['-G', '-W', '-p', at('minisign/ops.pub'), '-s', at('key')], { stdio: 'pipe' });
  await writeFile(at('pod.yaml'), `#rower: serial=4\n${POD}`);
  const signed = await rower('sign', '--key', at('key'), at('pod.yaml'));
  assert.deepEqual([signed.status, signed.stderr], [0, '']);
  assert.match(
    signed.stdout,
    /^#rower: serial=4\n[\s\S]*\n# untrusted comment: [\s\S]*\n# trusted comment: .*\n# \S+\n$/,
  );
  await writeFile(at('signed.yaml'), signed.stdout);
  const verified = await rower('verify', '--trust', directory, at('signed.yaml'));
  const stdout = `${at('signed.yaml')}: signed by minisign ops.pub, serial 4\n`;
  assert.deepEqual(verified, { status: 0, stdout, stderr: '' });
});

test('a signature beside the file, or named, is found', { skip: without('openssl') }, async (t) => {
  const directory = await temporaryDirectory(t);
  const at = (name: string) => join(directory, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' });
  await mkdir(at('cosign'));
  await writeFile(at('pod.yaml'), POD);
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', at('key'));
  openssl('ec', '-in', at('key'), '-pubout', '-out', at('cosign/ci.pub'));
  const signature = openssl('dgst', '-sha256', '-sign', at('key'), at('pod.yaml')).toString('base64');
  await writeFile(at('pod.yaml.sig'), signature);
  await writeFile(at('elsewhere'), signature);
  const stdout = `${at('pod.yaml')}: signed by cosign ci.pub\n`;
  const trust = ['verify', '--trust', directory];
  assert.deepEqual(await rower(...trust, at('pod.yaml')), { status: 0, stdout, stderr: '' });
  const relative = ['verify', '--trust', path.relative('.', directory)];
  assert.equal((await rower(...relative, at('pod.yaml'))).stdout, stdout);
  assert.equal((await rower(...trust, '--signature', at('elsewhere'), at('pod.yaml'))).stdout, stdout);
  assert.equal((await rower(...trust, '--signature', at('elsewhere'), at('pod.yaml'), at('key'))).status, 2);
  const refused = await rower('sign', '--key', at('key'), at('pod.yaml'));
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /signatures lie beside the file: cosign sign-blob --key/);
});
