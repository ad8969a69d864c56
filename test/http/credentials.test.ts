import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../../hack/env.ts';
import { selfSigned } from '../../src/http/certificate.ts';
import { type CredentialOptions, loadCredentials, readClientCa, writeKubeconfig } from '../../src/http/credentials.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

async function options(t: TestContext): Promise<CredentialOptions> {
  const directory = join(await temporaryDirectory(t), 'root', 'endpoint');
  return { env: realEnv(), directory, nodeName: 'node-1', ips: ['192.0.2.7'], certFile: '', keyFile: '' };
}

const mode = (path: string) => statSync(path).mode & 0o777;

test('what is made is for root alone, and kept from one start to the next', async (t) => {
  const wanted = await options(t);
  const first = await loadCredentials(wanted);
  assert.deepEqual(await loadCredentials(wanted), first);
  assert.equal(mode(wanted.directory), 0o700);
  for (const file of ['tls.key', 'tls.crt', 'token']) assert.equal(mode(join(wanted.directory, file)), 0o600, file);
  assert.ok(Buffer.from(first.token, 'base64url').length >= 32);
  const certificate = new X509Certificate(first.cert);
  for (const ip of ['127.0.0.1', '::1', '192.0.2.7']) assert.ok(certificate.checkIP(ip), ip);
  for (const name of ['localhost', 'node-1']) assert.ok(certificate.checkHost(name), name);
});

test('a certificate that no longer fits is made again, and the token stays', async (t) => {
  const wanted = await options(t);
  const first = await loadCredentials(wanted);
  const changes: [string, () => Partial<CredentialOptions>][] = [
    ['another address', () => ({ ips: ['192.0.2.8'] })],
    ['another name', () => ({ nodeName: 'node-2' })],
    [
      'rubbish in its file',
      () => {
        writeFileSync(join(wanted.directory, 'tls.crt'), 'rubbish');
        return {};
      },
    ],
    [
      'another key',
      () => {
        writeFileSync(join(wanted.directory, 'tls.key'), selfSigned('x', [], []).key);
        return {};
      },
    ],
  ];
  for (const [what, change] of changes) {
    const before = readFileSync(join(wanted.directory, 'tls.crt'), 'utf8');
    const { cert, key, token } = await loadCredentials({ ...wanted, ...change() });
    assert.notEqual(cert, before, what);
    assert.equal(new X509Certificate(cert).checkPrivateKey(createPrivateKey(key)), true);
    assert.equal(token, first.token);
  }
});

test('a certificate of one’s own is used as it is, with the key in its file or in another', async (t) => {
  const wanted = await options(t);
  const own = selfSigned('status.example', ['status.example'], []);
  const directory = await temporaryDirectory(t);
  const [certFile, keyFile, both] = ['cert.pem', 'key.pem', 'both.pem'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(certFile, own.cert);
  writeFileSync(keyFile, own.key);
  writeFileSync(both, own.cert + own.key);
  const apart = await loadCredentials({ ...wanted, certFile, keyFile });
  assert.deepEqual([apart.cert, apart.key], [own.cert, own.key]);
  assert.equal((await loadCredentials({ ...wanted, certFile: both })).key, own.cert + own.key);
  await assert.rejects(loadCredentials({ ...wanted, certFile: join(directory, 'none') }), { name: 'ListenError' });
});

test('the kubeconfig is for root alone and leads to the listener', async (t) => {
  const directory = await temporaryDirectory(t);
  const path = join(directory, 'etc', 'rower', 'kubeconfig');
  const fitting = selfSigned('node-1', ['localhost'], ['127.0.0.1', '::1', '192.0.2.7']).cert;
  const other = selfSigned('x', ['status.example'], []).cert;
  const cases: [string, string, string, string | undefined][] = [
    ['127.0.0.1', fitting, 'https://127.0.0.1:10250', undefined],
    ['0.0.0.0', fitting, 'https://127.0.0.1:10250', undefined],
    ['::', fitting, 'https://127.0.0.1:10250', undefined],
    ['::1', fitting, 'https://[::1]:10250', undefined],
    ['192.0.2.7', fitting, 'https://192.0.2.7:10250', undefined],
    ['127.0.0.1', other, 'https://127.0.0.1:10250', 'status.example'],
  ];
  for (const [address, cert, server, name] of cases) {
    await writeKubeconfig({ path, address, port: 10250, cert, token: 'secret' });
    const { clusters, users, contexts, ...rest } = JSON.parse(readFileSync(path, 'utf8'));
    const { cluster } = clusters[0];
    assert.deepEqual([cluster.server, cluster['tls-server-name']], [server, name]);
    assert.equal(Buffer.from(cluster['certificate-authority-data'], 'base64').toString(), cert);
    assert.deepEqual(users[0].user, { token: 'secret' });
    assert.deepEqual([contexts[0].name, rest['current-context']], ['rower', 'rower']);
    assert.equal(mode(path), 0o600);
    // A file that others may read becomes root's again.
    chmodSync(path, 0o644);
  }
});

test('files that were named and cannot be used are told with their flag', async (t) => {
  const wanted = await options(t);
  const directory = await temporaryDirectory(t);
  const put = (name: string, text: string) => {
    writeFileSync(join(directory, name), text);
    return join(directory, name);
  };
  const [one, other] = [selfSigned('one', ['one'], []), selfSigned('other', ['other'], [])];
  const [cert, key, otherKey] = [put('a.crt', one.cert), put('a.key', one.key), put('b.key', other.key)];
  const [junk, none] = [put('junk', 'junk'), join(directory, 'none')];
  const cases: [Partial<CredentialOptions>, RegExp][] = [
    [{ certFile: none }, /^--tls-cert-file: .*none cannot be read: ENOENT/],
    [{ certFile: junk }, /^--tls-cert-file: .*junk holds no certificate in PEM$/],
    [{ certFile: cert }, /^--tls-private-key-file: .*a\.crt holds no private key in PEM/],
    [{ certFile: cert, keyFile: none }, /^--tls-private-key-file: .*none cannot be read: ENOENT/],
    [{ certFile: cert, keyFile: junk }, /^--tls-private-key-file: .*junk holds no private key in PEM/],
    [{ certFile: cert, keyFile: otherKey }, /^the key in .*b\.key is not that of the certificate in .*a\.crt: /],
  ];
  for (const [change, message] of cases)
    await assert.rejects(loadCredentials({ ...wanted, ...change }), { name: 'ListenError', message });
  assert.equal((await loadCredentials({ ...wanted, certFile: cert, keyFile: key })).cert, one.cert);
  await assert.rejects(readClientCa(junk), { name: 'ListenError', message: /^--client-ca-file: .*junk holds no/ });
  await assert.rejects(readClientCa(none), {
    name: 'ListenError',
    message: /^--client-ca-file: .*none cannot be read/,
  });
  assert.equal(await readClientCa(cert), one.cert);
});
