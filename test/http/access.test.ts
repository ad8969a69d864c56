import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { selfSigned } from '../probes/certificate.ts';
import { call, serve, testEnv } from './endpoint.ts';
import { SECRET, samplePods } from './fixture.ts';
import { type FullEndpoint, serveFull } from './full.ts';

const alice = selfSigned('alice');
const mallory = selfSigned('mallory');
const PODS = '/api/v1/pods';

let endpoint: FullEndpoint;
before(async () => {
  endpoint = await serveFull({ clientCa: alice.cert, pods: samplePods() });
});
after(() => endpoint.close());

const anonymous = (path: string, headers: Record<string, string> = {}, tls: { key?: string; cert?: string } = {}) =>
  call(endpoint, path, { headers, tls: { ca: endpoint.cert, ...tls } });

test('whoever has neither the token nor a certificate is told to log in', async () => {
  const { token } = endpoint;
  for (const authorization of [
    undefined,
    'Bearer',
    'Bearer ',
    'Bearer x',
    `Bearer ${token}x`,
    `Bearer ${token.slice(1)}`,
    `Basic ${token}`,
    token,
  ]) {
    const headers: Record<string, string> = authorization === undefined ? {} : { Authorization: authorization };
    for (const path of [PODS, '/pods', '/metrics', '/configz', '/nope', '/readyz', '/version']) {
      const { status, headers: answered, text } = await anonymous(path, headers);
      assert.deepEqual([status, answered['www-authenticate']], [401, 'Bearer'], `${authorization} ${path}`);
      assert.equal(JSON.parse(text).reason, 'Unauthorized');
    }
    const written = await call(endpoint, PODS, { method: 'POST', headers, tls: { ca: endpoint.cert } });
    assert.equal(written.status, 401);
  }
});

test('the token and a certificate that the client CA signed open everything', async () => {
  const { token } = endpoint;
  for (const scheme of ['Bearer', 'bearer']) {
    assert.equal((await anonymous(PODS, { Authorization: `${scheme} ${token}` })).status, 200);
  }
  assert.equal((await anonymous(PODS, {}, alice)).status, 200);
  assert.equal((await anonymous(PODS, {}, mallory)).status, 401);
});

test('health needs no login, nor does it tell anything', async () => {
  for (const path of ['/healthz', '/healthz/ping', '/livez'])
    assert.deepEqual([(await anonymous(path)).status, (await anonymous(path)).text], [200, 'ok']);
});

test('those who logged in see what others do not', async () => {
  const { text } = await endpoint.get('/api/v1/namespaces/default/pods/web-node-1');
  assert.ok(text.includes(SECRET));
  assert.deepEqual(JSON.parse((await endpoint.get('/configz')).text), { kubeletconfig: { maxPods: 110 } });
  const plain = await serve();
  try {
    assert.equal((await call(plain, '/configz')).status, 404);
  } finally {
    await plain.close();
  }
});

test('pages of other origins are refused, and any host name is taken: the certificate says who we are', async () => {
  assert.equal((await endpoint.get(PODS, { headers: { Host: 'any.example' } })).status, 200);
  assert.equal((await endpoint.get(PODS, { headers: { Origin: 'https://evil.example' } })).status, 403);
  const Host = `localhost:${endpoint.port}`;
  assert.equal((await endpoint.get(PODS, { headers: { Host, Origin: `https://${Host}` } })).status, 200);
  assert.equal((await endpoint.get(PODS, { headers: { Host, Origin: `http://${Host}` } })).status, 403);
});

test('TLS before 1.2 and plain HTTP are refused', async () => {
  await assert.rejects(call(endpoint, '/healthz', { tls: { ca: endpoint.cert, maxVersion: 'TLSv1.1' } }));
  await assert.rejects(call(endpoint, '/healthz'));
  assert.equal((await anonymous('/healthz')).status, 200);
});

test('a token that is replaced shuts out those who have the former one, and none that is short opens', async () => {
  const own = await serveFull();
  const status = async (token: string) =>
    (await own.get(PODS, { headers: { Authorization: `Bearer ${token}` } })).status;
  try {
    assert.equal(await status(own.token), 200);
    writeFileSync(own.tokenFile, 'another-token-that-is-long-enough\n');
    assert.deepEqual([await status(own.token), await status('another-token-that-is-long-enough')], [401, 200]);
    writeFileSync(own.tokenFile, 'short');
    assert.deepEqual([await status('short'), await status('another-token-that-is-long-enough')], [401, 401]);
    rmSync(own.tokenFile);
    assert.equal(await status('short'), 401);
  } finally {
    await own.close();
  }
});

test('the log tells who asked', async () => {
  const env = testEnv();
  const own = await serveFull({ env, clientCa: alice.cert });
  try {
    await own.get(PODS);
    await call(own, PODS, { tls: { ca: own.cert, ...alice } });
    await call(own, PODS, { tls: { ca: own.cert } });
    const told = () => env.lines.filter(({ message }) => message === 'http request').map(({ fields }) => fields);
    while (told().length < 3) await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(
      told().map(({ user, status }) => [user, status]),
      [
        ['rower:bearer', 200],
        ['alice', 200],
        ['', 401],
      ],
    );
    assert.ok(!JSON.stringify(env.lines).includes(own.token));
  } finally {
    const closed = own.close();
    env.advance(10_000);
    await closed;
  }
});
