/** What a provider gives, with what lies beside it and on the machine: signatures, keys, identities, bases. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { problemText } from '../../src/metadata/ingest/ingest.ts';
import { type ObtainOptions, obtain } from '../../src/metadata/obtain.ts';
import { parseSelection } from '../../src/metadata/select.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { testEnv } from './env.ts';
import { type MachineFiles, makeMachine } from './machine.ts';
import { without } from './programs.ts';
import { metadataServer } from './server.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\nspec:\n  containers:\n  - name: m\n    image: x:1\n';
const SECRET = 'apiVersion: v1\nkind: Secret\nmetadata:\n  name: s\nstringData:\n  password: hunter2\n';
const KEYS = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const PUBLIC = KEYS.publicKey.export({ type: 'spki', format: 'pem' }) as string;
const COSIGN_KEY = '/etc/rower/trust/cosign/ci.pub';
const cosign = (text: string) => sign('sha256', Buffer.from(text), KEYS.privateKey).toString('base64');

async function from(
  t: TestContext,
  selection: string,
  files: MachineFiles['files'],
  more: Partial<ObtainOptions> = {},
) {
  const machine = await makeMachine(t, { files: files ?? {} });
  const candidate = parseSelection(selection).candidates[0] ?? assert.fail('a provider');
  // A private key is for its owner only.
  if (files?.[AGE_KEY] !== undefined) chmodSync(join(machine.root, AGE_KEY), 0o600);
  const { signal } = new AbortController();
  const options = { candidate, machine, nodeName: 'n', manifestDirectory: '/etc/pods', env: testEnv(), signal };
  const obtained = await obtain({ ...options, ...more });
  return { ...obtained, text: obtained.problems.map(problemText).join('\n') };
}

const AGE_KEY = '/etc/rower/trust/age.key';
const fromFile = (t: TestContext, content: string | Uint8Array, files: MachineFiles['files'] = {}, more = {}) =>
  from(t, 'file=/given/pod.yaml', { '/given/pod.yaml': content, ...files }, more);

test('a signature beside a file makes it signed', async (t) => {
  const files = { [COSIGN_KEY]: PUBLIC, '/given/pod.yaml.sig': cosign(POD) };
  const { files: taken, text } = await fromFile(t, POD, files, { trust: 'require' });
  assert.equal(text, '');
  assert.deepEqual(
    taken.map(({ signer }) => signer),
    ['cosign ci.pub'],
  );
  const changed = await fromFile(t, POD.replace('x:1', 'x:2'), files, { trust: 'require' });
  assert.equal(changed.outcome, 'refused');
  assert.match(changed.text, /the signature is not of this content/);
});

test('a signature is of what is left after unpacking', async (t) => {
  const files = { [COSIGN_KEY]: PUBLIC, '/given/pod.yaml.sig': cosign(POD) };
  assert.equal((await fromFile(t, gzipSync(POD), files, { trust: 'require' })).outcome, 'files');
});

test('manifests of a directory have their signatures beside them', async (t) => {
  const files = {
    [COSIGN_KEY]: PUBLIC,
    '/given/a.yaml': POD,
    '/given/a.yaml.sig': cosign(POD),
    '/given/readme.sig': 'x',
  };
  const { files: taken, text } = await from(t, 'file=/given', files, { trust: 'require' });
  assert.deepEqual([text, taken.map(({ name }) => name)], ['', ['a.yaml']]);
});

test('what is pinned in a signed list of URLs is signed, the rest has signatures beside it', async (t) => {
  const answers: Record<string, string> = {
    '/b.yaml': POD.replace('name: a', 'name: b'),
    '/c.yaml': POD.replace('name: a', 'name: c'),
  };
  answers['/c.yaml.sig?x=1'] = cosign(answers['/c.yaml'] ?? '');
  answers['/c.yaml?x=1'] = answers['/c.yaml'] ?? '';
  const asked: string[] = [];
  // A store that does not list its files says 403 for those that are not there.
  const { base } = await metadataServer(t, ({ url = '' }) => {
    asked.push(url);
    return answers[url] ?? { status: 403 };
  });
  const sha256 = async (text: string) =>
    Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(text))).toString('hex');
  const pin = async (path: string) => `${base}${path} sha256=${await sha256(answers[path] ?? '')}`;
  const list = `#include\n${await pin('/b.yaml')}\n${await pin('/c.yaml?x=1')}\n`;
  const files = { [COSIGN_KEY]: PUBLIC };
  const unsigned = await fromFile(t, list, files, { trust: 'require' });
  assert.match(unsigned.text, /part 1 "b\.yaml"\): is not signed/);
  assert.doesNotMatch(unsigned.text, /c\.yaml/);
  assert.ok(asked.includes('/b.yaml.minisig'), asked.join());
  const signed = await fromFile(t, list, { ...files, '/given/pod.yaml.sig': cosign(list) }, { trust: 'require' });
  assert.deepEqual([signed.text, signed.files.length], ['', 2]);
});

test('keys that cannot be read are told of and open nothing', async (t) => {
  const files = { '/etc/rower/trust/cosign/rsa.pub': 'x', '/etc/rower/trust/minisign/m.pub': 'y' };
  const { text, outcome } = await fromFile(t, POD, files, { trust: 'warn' });
  assert.equal(outcome, 'files');
  assert.match(text, /rsa\.pub is no public key of cosign/);
  assert.match(text, /m\.pub is no public key of minisign/);
  assert.match(text, /there is no key in .*allowed_signers/);
});

test('bases of Appliances are in two directories, and one name means one thing', async (t) => {
  const appliance = 'apiVersion: rower.dev/v1alpha1\nkind: Appliance\nspec: {base: web}\n';
  const there = { '/usr/share/rower/appliances/web.yaml': POD, '/etc/rower/appliances/web.yml': POD };
  assert.equal((await fromFile(t, appliance, there)).outcome, 'files');
  const differ = { ...there, '/etc/rower/appliances/web.yml': `${POD}# other\n` };
  const { outcome, text } = await fromFile(t, appliance, differ);
  assert.equal(outcome, 'refused');
  assert.match(text, /web\.yml and \/usr\/share\/rower\/appliances\/web\.yaml have one name and differ/);
});

interface Identity {
  key: string;
  recipient: string;
  encrypt(text: string | Uint8Array, ...flags: string[]): Buffer;
}

async function identity(t: TestContext): Promise<Identity> {
  const path = join(await temporaryDirectory(t), 'key');
  execFileSync('age-keygen', ['-o', path], { stdio: 'pipe' });
  const recipient = execFileSync('age-keygen', ['-y', path], { encoding: 'utf8' }).trim();
  const encrypt = (text: string | Uint8Array, ...flags: string[]) =>
    execFileSync('age', [...flags, '-r', recipient], { input: text, stdio: 'pipe' });
  return { key: readFileSync(path, 'utf8'), recipient, encrypt };
}

const skip = without('age');

test('what age encrypted to the machine is taken, in every form', { skip }, async (t) => {
  const { key, encrypt } = await identity(t);
  const forms = {
    armored: encrypt(SECRET, '-a'),
    binary: encrypt(SECRET),
    'binary in base64': encrypt(SECRET).toString('base64'),
    'gzip inside': encrypt(gzipSync(SECRET)),
  };
  for (const [form, content] of Object.entries(forms)) {
    const { outcome, text, files } = await fromFile(t, content, { [AGE_KEY]: key });
    assert.deepEqual([outcome, files[0]?.text], ['files', SECRET], `${form}: ${text}`);
  }
});

test('an encrypted document stands among others', { skip }, async (t) => {
  const { key, encrypt } = await identity(t);
  const { outcome, files, text } = await fromFile(t, `${POD}---\n${encrypt(SECRET, '-a')}---\n# end\n`, {
    [AGE_KEY]: key,
  });
  assert.equal(outcome, 'files', text);
  assert.match(files[0]?.text ?? '', /kind: Pod[\s\S]*\n---\napiVersion: v1\nkind: Secret\n/);
});

test('what was signed is the encrypted document, and the signature of a whole file is of its content', {
  skip,
}, async (t) => {
  const { key, encrypt } = await identity(t);
  const mixed = `${POD}---\n${encrypt(SECRET, '-a')}`;
  const files = { [AGE_KEY]: key, [COSIGN_KEY]: PUBLIC };
  const beside = (signature: string) => ({ ...files, '/given/pod.yaml.sig': signature });
  const document = await fromFile(t, mixed, beside(cosign(mixed)), { trust: 'require' });
  assert.equal(document.outcome, 'files', document.text);
  const whole = await fromFile(t, encrypt(SECRET, '-a'), beside(cosign(SECRET)), { trust: 'require' });
  assert.equal(whole.outcome, 'files', whole.text);
});

test('what is wrong with something encrypted is told without any of it', { skip }, async (t) => {
  const { key, encrypt } = await identity(t);
  const armored = encrypt(SECRET, '-a').toString();
  const lines = armored.split('\n');
  const damaged = [...lines.slice(0, -4), ...lines.slice(-3)].join('\n');
  const cases: [string | Uint8Array, MachineFiles['files'], RegExp][] = [
    [armored, {}, /this machine has no identity: age-keygen -o \/etc\/rower\/trust\/age\.key/],
    [armored, { [AGE_KEY]: (await identity(t)).key }, /not to the identity in \/etc\/rower\/trust\/age\.key/],
    [armored, { [AGE_KEY]: 'nonsense' }, /must hold one to 20 lines AGE-SECRET-KEY-1/],
    [armored, { [AGE_KEY]: 'AGE-SECRET-KEY-1XX' }, /an identity that age does not know/],
    [damaged, { [AGE_KEY]: key }, /damaged: it was changed, or cut off/],
    [armored.slice(0, 200), { [AGE_KEY]: key }, /its end is missing/],
    [encrypt(SECRET.replace('stringData', 'strungData'), '-a'), { [AGE_KEY]: key }, /strungData/],
    [encrypt(SECRET.replace('  name: s', '  nam: [')), { [AGE_KEY]: key }, /user-data/],
  ];
  for (const [content, files, message] of cases) {
    const { text } = await fromFile(t, content, files);
    assert.match(text, message);
    assert.doesNotMatch(text, /hunter2/);
  }
});

test('an identity that everybody can read is refused', { skip }, async (t) => {
  const { key, encrypt } = await identity(t);
  const machine = await makeMachine(t, { files: { [AGE_KEY]: key, '/given/pod.yaml': encrypt(SECRET) } });
  chmodSync(join(machine.root, AGE_KEY), 0o644);
  const { problems } = await obtain({
    candidate: parseSelection('file=/given/pod.yaml').candidates[0] ?? assert.fail('a provider'),
    machine,
    nodeName: 'n',
    manifestDirectory: '/etc/pods',
    env: testEnv(),
    signal: new AbortController().signal,
  });
  assert.match(problems.map(problemText).join(), /can be read by everybody: chmod 0600/);
});
