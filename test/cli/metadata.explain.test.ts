/** What `rower metadata explain` says to somebody who has never seen it: each message names the place and the remedy. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { main } from '../../src/cli/main.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';
import { without } from '../metadata/programs.ts';
import { type Answers, metadataServer } from '../metadata/server.ts';

const POD = 'apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: m, image: "x:1"}]}\n';
const EC2 = { '/sys/class/dmi/id/sys_vendor': 'Amazon EC2\n' };

async function hostRoot(t: TestContext, files: Record<string, string> = {}): Promise<string> {
  const root = await temporaryDirectory(t);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
  return root;
}

/** All that is printed, but for the providers that do not fit. */
async function explain(...argv: string[]): Promise<{ status: number; said: string }> {
  let said = '';
  const print = (text: string) => {
    said += text;
  };
  const status = await main(['metadata', 'explain', ...argv], { stdout: print, stderr: print, env: {} });
  return { status, said: said.replaceAll(/^ {2}\S+ +no\n/gm, '') };
}

/** IMDSv2 with this user-data. */
const giving =
  (userData: string | Uint8Array | undefined): Answers =>
  ({ method, url }) =>
    method === 'PUT' ? 'token' : url === '/latest/user-data' ? userData && { body: userData } : undefined;

const SITUATIONS: [what: string, answers: Answers, status: number, said: RegExp[]][] = [
  [
    'a manifest',
    giving(POD),
    0,
    [
      /^looked at:\n {2}ec2 +yes: sys_vendor is "Amazon EC2"\nfirmware: sys_vendor "Amazon EC2"\nasked: ec2\nuser-data: taken/,
    ],
  ],
  ['no user-data', giving(undefined), 0, [/user-data: there is none: give this machine a manifest as its user-data/]],
  ['user-data without a byte', giving(''), 0, [/user-data: it is there and empty: no Pods from it/]],
  [
    'a token that is refused',
    ({ method }) => (method === 'PUT' ? 'token' : { status: 401 }),
    1,
    [
      /ec2: http:\S+\/latest\/meta-data\/\S+: the answer has status 401: the service does not take this machine's token; a proxy/,
    ],
  ],
  [
    'a service that is switched off',
    () => ({ status: 403 }),
    1,
    [/\/latest\/api\/token: the metadata service is switched off for this instance \(403 for a token\): switch it on/],
  ],
  [
    'a service with a fault',
    () => ({ status: 500 }),
    1,
    [/\/latest\/api\/token: the answer has status 500: it is asked again/],
  ],
  [
    'a redirect to a portal',
    () => ({ status: 302, headers: { location: 'http://login.example/' } }),
    1,
    [/status 302: a proxy or a captive portal answers instead/],
  ],
  [
    'the page of a portal',
    () => '<!doctype html><title>Log in</title>',
    1,
    [/\/latest\/api\/token: a page of HTML came instead: a captive portal, a proxy/],
  ],
  [
    'a service of another kind',
    () => ({ status: 400 }),
    1,
    [/status 400: is this the cloud of this machine\? Another one is named with --metadata NAME/],
  ],
  [
    'a #cloud-config without Pods',
    giving('#cloud-config\nhostname: a\n'),
    0,
    [
      /user-data: it wants no Pods/,
      /ignored, they are for the OS: hostname; Pods are given by write_files into \/etc\/pods/,
    ],
  ],
  [
    'a gzip bomb',
    giving(gzipSync(Buffer.alloc(20_000_000))),
    1,
    [/unpacks to more than 8388608 bytes; give less, or use #include/],
  ],
  [
    'gzip that was cut off',
    giving(gzipSync(POD).subarray(0, 30)),
    1,
    [/the gzip data ends early: it was cut off on the way/],
  ],
  [
    'too much',
    giving('#'.repeat(1_100_000)),
    1,
    [/\/latest\/user-data: the answer is larger than 1048576 bytes: give less, in gzip, or with #include/],
  ],
  [
    'a script',
    giving('#!/bin/sh\n'),
    1,
    [/is a script \(first line "#!\/bin\/sh"\).* give a Pod manifest\. Nothing was executed/],
  ],
  [
    'a misprint',
    giving(POD.replace('image:', 'imge:')),
    1,
    [/user-data \(provider ec2\), line 4 col \d+: spec\.containers\[0\]\.imge: /, /^ +4 \| spec:/m],
  ],
  [
    'a variable that there is not',
    giving(POD.replace('x:1', '$' + '{metadata.zone}/x:1')),
    1,
    [/\$\{metadata\.zone\} has no value on this machine\. Give a default/],
  ],
  [
    'half a message',
    giving(`Content-Type: multipart/mixed; boundary=b\n\n--b\n\n${POD}`),
    1,
    [/the multipart has no closing boundary: it was cut off on the way/],
  ],
];
for (const [what, answers, status, said] of SITUATIONS)
  test(`explain, given ${what}`, async (t) => {
    const { base } = await metadataServer(t, answers);
    const found = await explain('--host-root', await hostRoot(t, EC2), '--endpoint', base);
    for (const pattern of said) assert.match(found.said, pattern);
    assert.equal(found.status, status);
  });

test('explain, where several providers fit', async (t) => {
  const files = { ...EC2, '/sys/class/dmi/id/product_name': 'Google Compute Engine\n' };
  const { said } = await explain('--host-root', await hostRoot(t, files), '--endpoint', 'http://127.0.0.1:1');
  assert.match(said, /ec2 +yes: .*\n {2}gce +yes, but another goes before it: product_name is "Google Compute Engine"/);
  assert.match(
    said,
    /ec2: http:\/\/127\.0\.0\.1:1\/latest\/api\/token: connect ECONNREFUSED.*\nThe agent asks again until/,
  );
});

test('explain counts what is no Pod too', async (t) => {
  const documents = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n';
  const root = await hostRoot(t, { '/all.yaml': `${POD}---\n${documents}`, '/none.yaml': documents });
  const of = async (file: string) => (await explain('--host-root', root, '--metadata', `file=${file}`)).said;
  assert.match(await of('/all.yaml'), /: 1 Pod and 1 other document$/m);
  assert.match(await of('/none.yaml'), /: 0 Pods and 1 other document$/m);
});

test('explain, of a file that is not there', async (t) => {
  const { status, said } = await explain('--host-root', await hostRoot(t), '--metadata', 'file=/pods.yaml');
  assert.equal(status, 0);
  assert.match(said, /asked: file \(\/pods\.yaml\)\nuser-data: there is none/);
});

test('explain, of a page of a web server, whose password is not shown', async (t) => {
  const { base } = await metadataServer(t, () => '<html>');
  const { status, said } = await explain(
    '--metadata',
    `url=${base.replace('://', '://u:hunter2@')}/pod.yaml?k=hunter2`,
  );
  assert.equal(status, 1);
  assert.match(said, /\/pod\.yaml\?…: a page of HTML came instead/);
  assert.doesNotMatch(said, /hunter2/);
});

test('explain, of signatures', { skip: without('ssh-keygen') }, async (t) => {
  const root = await hostRoot(t, { '/pod': '', '/kept/metadata/serials.json': '{"Pod default/web":5}' });
  const key = (name: string) => {
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(root, name)]);
    return execFileSync('cat', [join(root, `${name}.pub`)], { encoding: 'utf8' });
  };
  const own = key('own');
  key('stranger');
  const signed = async (manifest: string, by = 'own') => {
    await writeFile(join(root, 'pod'), manifest);
    let text = '';
    const stdout = (more: string) => {
      text += more;
    };
    assert.equal(
      await main(['sign', '--key', join(root, by), join(root, 'pod')], { stdout, stderr: stdout, env: {} }),
      0,
    );
    return text;
  };
  const judged = async (text: string, status: number, said: RegExp) => {
    await writeFile(join(root, 'given'), text);
    const where = ['--host-root', root, '--root-dir', '/kept', '--metadata', 'file=/given'];
    const found = await explain(...where, '--metadata-trust', 'require');
    assert.match(found.said, said);
    assert.equal(found.status, status);
  };
  const good = await signed(`#rower: serial=5\n${POD}`);
  await judged(good, 1, /trust: there is no key in \/etc\/rower\/trust\/allowed_signers, /);
  await mkdir(join(root, 'etc/rower/trust'), { recursive: true });
  await writeFile(join(root, 'etc/rower/trust/allowed_signers'), `ops@x namespaces="rower.manifest" ${own}`);
  await judged(good, 0, /1 Pod, signed by ops@x/);
  await judged(
    good.replace('x:1', 'x:2'),
    1,
    /signature is not of this content: one of them was changed; sign it again/,
  );
  await judged(POD, 1, /is not signed, or the signature is not at its end: rower sign --key KEY FILE/);
  await judged(
    await signed(POD, 'stranger'),
    1,
    /not among the allowed signers: add it to allowed_signers of this machine/,
  );
  await judged(
    await signed(`#rower: serial=4\n${POD}`),
    1,
    /has the serial 4, and 5 was taken before: .* Sign it with .* or remove \S+serials\.json/,
  );
  await judged(
    await signed(`#rower: serial=6 not-after=2020-01-31\n${POD}`),
    1,
    /was to be taken until 2020-02-01T00:00:00Z, which is over: sign it with a later not-after/,
  );
  await judged(
    await signed(`#rower: serial=6 audience=i-1*\n${POD}`),
    1,
    /is signed for i-1\*, and this is provider file: sign it for this machine too/,
  );
});
