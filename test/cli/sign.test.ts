import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { main } from '../../src/cli/main.ts';
import { signatureComment } from '../../src/metadata/ingest/ssh-signature.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/metadata/signatures', import.meta.url));
const SIGNERS = join(FIXTURES, 'allowed_signers');
const POD = readFileSync(join(FIXTURES, 'pod.yaml'), 'utf8');
const SIGNATURE = readFileSync(join(FIXTURES, 'ed25519.sig'), 'utf8');

async function rower(...argv: string[]) {
  const written = { stdout: '', stderr: '' };
  const stdout = (text: string) => {
    written.stdout += text;
  };
  const stderr = (text: string) => {
    written.stderr += text;
  };
  const status = await main(argv, { stdout, stderr, env: {} });
  return { status, ...written };
}

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
