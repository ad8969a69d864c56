import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { realEnv } from '../hack/env.ts';
import { loadConfig } from '../src/config/load.ts';
import { CriError } from '../src/cri/port.ts';
import { type EndpointsInput, startEndpoints } from '../src/endpoints.ts';
import { EventRing } from '../src/kubelet/events.ts';
import { freePort } from './e2e/agent.ts';
import { call } from './http/endpoint.ts';
import { NODE_FACTS, published } from './http/fixture.ts';
import { temporaryDirectory } from './kubelet/temporary.ts';

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

const at = (port: number) => ({ address: '127.0.0.1', port, close: async () => undefined });

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

test('a kubeconfig that cannot be written is told of and keeps nothing from running', async (t) => {
  const { made } = await input(t, { 'write-kubeconfig': '/etc/passwd/kubeconfig' });
  const warnings: string[] = [];
  const log = { ...made.common.env.log, warn: (_: object, message: string) => void warnings.push(message) };
  const common = { ...made.common, env: { ...made.common.env, log } };
  await (await startEndpoints({ ...made, common })).close();
  assert.deepEqual(warnings, ['could not write the kubeconfig']);
});
