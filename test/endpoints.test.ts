import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../hack/env.ts';
import { loadConfig } from '../src/config/load.ts';
import { CriError } from '../src/cri/port.ts';
import { type EndpointsInput, startEndpoints } from '../src/endpoints.ts';
import { selfSigned } from '../src/http/certificate.ts';
import type { Env } from '../src/kubelet/env.ts';
import { EventRing } from '../src/kubelet/events.ts';
import { freePort } from './e2e/agent.ts';
import { call, testEnv } from './http/endpoint.ts';
import { NODE_FACTS, published } from './http/fixture.ts';
import { temporaryDirectory } from './kubelet/temporary.ts';
import { selfSigned as clientCertificate } from './probes/certificate.ts';

async function input(t: TestContext, flags: Record<string, string> = {}) {
  const directory = await temporaryDirectory(t);
  const [port, readOnlyPort, healthzPort] = [await freePort(), await freePort(), await freePort()];
  const kubeconfig = join(directory, 'kubeconfig');
  const given = {
    'root-dir': join(directory, 'root'),
    port: String(port),
    'read-only-port': String(readOnlyPort),
    'healthz-port': String(healthzPort),
    'write-kubeconfig': kubeconfig,
    ...flags,
  };
  const { config } = loadConfig({
    flags: new Map(Object.entries(given).map(([name, value]) => [name, [value]])),
    readFile: () => Buffer.from(''),
    workingDirectory: directory,
    hostname: 'node-1',
  });
  const env = realEnv();
  const away = () => Promise.reject(new CriError('unavailable', 'any', 'no runtime here'));
  const made: EndpointsInput = {
    config,
    node: NODE_FACTS,
    cri: { containerStatus: away, imageFsInfo: away, listContainerStats: away, listPodSandboxStats: away },
    common: {
      published: () => published(),
      subscribe: () => () => undefined,
      events: new EventRing(env),
      metrics: async () => '',
      healthz: () => [],
      manifests: '/etc/pods',
      env,
    },
  };
  return { made, port, readOnlyPort, healthzPort, kubeconfig, directory };
}

const at = (port: number) => ({ port });

test('all three listeners stand, with a kubeconfig for the full one', async (t) => {
  const { made, port, readOnlyPort, healthzPort, kubeconfig, directory } = await input(t);
  const endpoints = await startEndpoints(made);
  try {
    assert.equal((await call(at(healthzPort), '/healthz')).text, 'ok');
    assert.equal((await call(at(readOnlyPort), '/pods')).status, 200);
    assert.equal((await call(at(readOnlyPort), '/stats/summary')).status, 503, 'what measures is there');
    const { clusters, users } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
    assert.equal(clusters[0].cluster.server, `https://127.0.0.1:${port}`);
    const ca = readFileSync(join(directory, 'root', 'endpoint', 'tls.crt'), 'utf8');
    assert.equal((await call(at(port), '/pods', { tls: { ca } })).status, 401);
    const headers = { Authorization: `Bearer ${users[0].user.token}` };
    const { text } = await call(at(port), '/configz', { tls: { ca }, headers });
    assert.equal(JSON.parse(text).kubeletconfig.port, port);
  } finally {
    await endpoints.close();
  }
  for (const one of [port, readOnlyPort, healthzPort]) await assert.rejects(call(at(one), '/healthz'));
});

test('port 0 is no listener, and nothing is written for it', async (t) => {
  const { made, kubeconfig, directory } = await input(t, { port: '0', 'read-only-port': '0', 'healthz-port': '0' });
  await (await startEndpoints(made)).close();
  assert.deepEqual([existsSync(kubeconfig), existsSync(join(directory, 'root'))], [false, false]);
});

test('a port that is taken, or an address that others reach, starts nothing at all', async (t) => {
  const { made, port, readOnlyPort, healthzPort } = await input(t);
  const taken = createServer().listen(port, '127.0.0.1');
  try {
    await assert.rejects(
      startEndpoints(made),
      /cannot serve on 127\.0\.0\.1:\d+: the port is in use: choose another with --port/,
    );
  } finally {
    taken.close();
  }
  for (const one of [readOnlyPort, healthzPort]) await assert.rejects(call(at(one), '/healthz'));
  const open = await input(t, { 'read-only-address': '0.0.0.0' });
  await assert.rejects(startEndpoints(open.made), /refusing to serve without login/);
  const meant = await input(t, { 'read-only-address': '0.0.0.0', 'insecure-read-only': 'true' });
  await (await startEndpoints(meant.made)).close();
});

test('a kubeconfig that cannot be written is told of, keeps nothing from running, and is written later', async (t) => {
  const { made, kubeconfig } = await input(t);
  mkdirSync(kubeconfig);
  const warnings: string[] = [];
  const timers: (() => void)[] = [];
  const { env } = made.common;
  const log = { ...env.log, warn: (_: object, message: string) => void warnings.push(message) };
  const after: Env['after'] = (delayMs, fn) => {
    if (delayMs !== 60_000) return env.after(delayMs, fn);
    timers.push(fn);
    return () => {};
  };
  const endpoints = await startEndpoints({ ...made, common: { ...made.common, env: { ...env, log, after } } });
  try {
    assert.deepEqual(warnings, ['could not write the kubeconfig; tried again in a minute']);
    rmdirSync(kubeconfig);
    timers.shift()?.();
    while (!existsSync(kubeconfig)) await new Promise((resolve) => setTimeout(resolve, 1));
  } finally {
    await endpoints.close();
  }
});

test('a renewed certificate, another authority and another token are taken in while running', async (t) => {
  const { made, port, readOnlyPort, kubeconfig, directory } = await input(t);
  const files = { cert: join(directory, 'own.crt'), key: join(directory, 'own.key'), ca: join(directory, 'ca.crt') };
  const put = (pair: { cert: string; key: string }) => {
    writeFileSync(files.cert, pair.cert);
    writeFileSync(files.key, pair.key);
  };
  const [first, second] = ['first', 'second'].map((name) => selfSigned(name, ['localhost'], ['127.0.0.1']));
  assert.ok(first && second);
  const client = clientCertificate('alice');
  put(first);
  writeFileSync(files.ca, first.cert);
  const env = testEnv();
  const config = { ...made.config, tlsCertFile: files.cert, tlsPrivateKeyFile: files.key, clientCAFile: files.ca };
  const endpoints = await startEndpoints({ ...made, config, common: { ...made.common, env } });
  /** Lets the files be looked at, until the log has that many lines with the message. */
  const looked = async (message: string, times: number) => {
    env.advance(30_000);
    while (env.lines.filter((line) => line.message === message).length < times)
      await new Promise((resolve) => setImmediate(resolve));
  };
  const [TOOK, REFUSED] = [
    'the status endpoint took in a change of its certificate or its token',
    'the new certificate or token cannot be used: the former one goes on',
  ];
  const token = () => JSON.parse(readFileSync(kubeconfig, 'utf8')).users[0].user.token;
  const ask = (ca: string, more: object = {}) =>
    call(at(port), '/configz', { tls: { ca, ...more }, headers: { Authorization: `Bearer ${token()}` } });
  try {
    assert.equal((await ask(first.cert)).status, 200);
    const { text: metrics } = await call(at(readOnlyPort), '/metrics');
    assert.match(metrics, /^kubelet_certificate_manager_server_ttl_seconds [1-9]\d+$/m);
    // The key comes a moment after the certificate.
    writeFileSync(files.cert, second.cert);
    await looked(REFUSED, 1);
    assert.equal((await ask(first.cert)).status, 200);
    put(second);
    writeFileSync(files.ca, client.cert);
    await looked(TOOK, 1);
    await assert.rejects(ask(first.cert));
    assert.equal((await ask(second.cert)).status, 200);
    const asClient = { ca: second.cert, key: client.key, cert: client.cert };
    assert.equal((await call(at(port), '/configz', { tls: asClient })).status, 200);
    // The kubeconfig is written after the listener has changed.
    const authority = () => {
      const { clusters } = JSON.parse(readFileSync(kubeconfig, 'utf8'));
      return Buffer.from(clusters[0].cluster['certificate-authority-data'], 'base64').toString();
    };
    while (authority() !== second.cert) await new Promise((resolve) => setImmediate(resolve));

    writeFileSync(join(directory, 'root', 'endpoint', 'token'), 'another-token-of-this-machine\n');
    await looked(TOOK, 2);
    while (token() !== 'another-token-of-this-machine') await new Promise((resolve) => setImmediate(resolve));
    assert.equal((await ask(second.cert)).status, 200);
  } finally {
    const closed = endpoints.close();
    env.advance(10_000);
    await closed;
  }
});
