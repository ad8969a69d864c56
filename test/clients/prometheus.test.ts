/** A real Prometheus with the configuration of the documentation, against the endpoint. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type PrometheusVersion, prometheus } from '../../hack/kubectl.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { freePort } from '../e2e/agent.ts';
import { serve, testEnv } from '../http/endpoint.ts';
import { podView, published, running, sampleMachine, samplePods } from '../http/fixture.ts';
import { sampleUsage, sampleVolumes } from '../http/usage.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

const FOLDER = new URL('../../docs/monitoring/', import.meta.url).pathname;

interface Target {
  scrapePool: string;
  health: string;
  lastError: string;
  labels: Record<string, string>;
}

interface Server {
  /** `data` of an answer of the API. */
  ask<T>(path: string): Promise<T>;
}

/** Runs until the test ends. Skips the test where there is no Prometheus. */
async function start(
  t: TestContext,
  version: PrometheusVersion,
  config: (directory: string) => string,
): Promise<Server | undefined> {
  const program = await prometheus(version).catch((error: Error) => {
    t.skip(error.message);
    return undefined;
  });
  if (program === undefined) return undefined;
  const directory = await temporaryDirectory(t);
  const port = await freePort();
  const options = {
    'config.file': config(directory),
    'storage.tsdb.path': join(directory, 'data'),
    'web.listen-address': `127.0.0.1:${port}`,
    'log.level': 'warn',
  };
  const flags = Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  const child: ChildProcess = spawn(program, flags, { cwd: directory, env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said += chunk;
  });
  t.after(async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return {
    async ask<T>(path: string): Promise<T> {
      for (;;) {
        assert.equal(child.exitCode, null, said);
        const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`).catch(() => undefined);
        const text = await answer?.text();
        // It says so in plain text while it starts.
        if (answer?.ok && text?.startsWith('{')) return JSON.parse(text).data;
        assert.notEqual(answer?.status, 400, text);
        await delay(100);
      }
    },
  };
}

/** Asks until the answer is as it should be; the runner's limit ends it. */
async function until<T>(get: () => Promise<T>, check: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await get();
    if (check(value)) return value;
    await delay(200);
  }
}

for (const version of ['2', '3'] as const) {
  test(`Prometheus ${version} scrapes every path, and finds the Pods that ask for it`, (t) => scrapesAll(t, version));
}

test('Prometheus 3 finds the Pods and the node as in any cluster', async (t) => {
  const endpoint = await serve();
  t.after(() => {
    const closed = endpoint.close();
    // It keeps its connections; they are cut after a while.
    endpoint.env.advance(5000);
    return closed;
  });
  const server = await start(t, '3', (directory) => {
    const jobs = ['pod', 'node'].map((role) => ({
      job_name: role,
      kubernetes_sd_configs: [{ role, api_server: endpoint.url }],
    }));
    const file = join(directory, 'prometheus.yml');
    writeFileSync(file, JSON.stringify({ scrape_configs: jobs }));
    return file;
  });
  if (!server) return;
  const { activeTargets } = await until(
    () => server.ask<{ activeTargets: (Target & { discoveredLabels: Record<string, string> })[] }>('targets'),
    ({ activeTargets: list }) => ['pod', 'node'].every((role) => list.some(({ scrapePool }) => scrapePool === role)),
  );
  const labels = (role: string, label: string) =>
    new Set(
      activeTargets
        .filter(({ scrapePool }) => scrapePool === role)
        .map(({ discoveredLabels }) => discoveredLabels[`__meta_kubernetes_${label}`]),
    );
  assert.ok(labels('pod', 'pod_name').has('web-node-1'));
  assert.ok(labels('pod', 'pod_container_name').has('main'));
  assert.deepEqual([...labels('pod', 'pod_node_name')], ['node-1']);
  assert.deepEqual([...labels('node', 'node_name')], ['node-1']);
});

async function scrapesAll(t: TestContext, version: PrometheusVersion): Promise<void> {
  const app = createServer((_, response) => {
    response.setHeader('Content-Type', 'text/plain; version=0.0.4');
    response.end('# TYPE app_ok gauge\napp_ok 1\n');
  }).listen(0, '127.0.0.1');
  await once(app, 'listening');
  t.after(() => app.close());
  const annotations = {
    'prometheus.io/scrape': 'true',
    'prometheus.io/port': String((app.address() as AddressInfo).port),
    'prometheus.io/path': '/m',
  };
  const scraped = podView('scraped', { annotations, status: running([], '127.0.0.1') });
  const state = published([...samplePods(), scraped]);
  const metrics = createMetrics(testEnv());
  // The samples carry the time of their measurement, and Prometheus takes none of long ago.
  const fresh = () => {
    const text = JSON.stringify(sampleUsage());
    return JSON.parse(text.replaceAll(/"(timestampMs|atMs)":\d+/g, `"$1":${Date.now()}`));
  };
  const endpoint = await serve(state, {
    metrics: () => metrics.text(state),
    stats: { read: async () => fresh() },
    volumes: { read: async () => sampleVolumes(), claims: sampleVolumes },
    machine: sampleMachine,
  });
  t.after(() => endpoint.close());
  const server = await start(t, version, (directory) => {
    const shipped = readFileSync(`${FOLDER}prometheus.yml`, 'utf8');
    const own = shipped
      .replaceAll('127.0.0.1:10255', `127.0.0.1:${endpoint.port}`)
      .replace('scrape_interval: 30s', 'scrape_interval: 1s\n  evaluation_interval: 1s\n  scrape_timeout: 1s')
      .replace('refresh_interval: 15s', 'refresh_interval: 1s');
    const file = join(directory, 'prometheus.yml');
    writeFileSync(file, own);
    copyFileSync(`${FOLDER}alerts.yml`, join(directory, 'alerts.yml'));
    return file;
  });
  if (!server) return;

  const pools = [
    'kubelet',
    'kubelet-probes',
    'kubelet-resource',
    'kubelet-slis',
    'cadvisor',
    'kube-state-metrics',
    'pods',
  ];
  const { activeTargets } = await until(
    () => server.ask<{ activeTargets: Target[] }>('targets?state=active'),
    ({ activeTargets: list }) => list.length === pools.length && list.every(({ health }) => health !== 'unknown'),
  );
  assert.deepEqual(activeTargets.map(({ scrapePool }) => scrapePool).sort(), [...pools].sort());
  for (const { scrapePool, health, lastError } of activeTargets)
    assert.equal(health, 'up', `${scrapePool}: ${lastError}`);
  const found = activeTargets.find(({ scrapePool }) => scrapePool === 'pods');
  assert.deepEqual([found?.labels.namespace, found?.labels.pod], ['default', 'scraped-node-1']);

  const value = async (expression: string) => {
    const path = `query?query=${encodeURIComponent(expression)}`;
    const { result } = await until(
      () => server.ask<{ result: { value: [number, string] }[] }>(path),
      (data) => data.result.length > 0,
    );
    return result.map((one) => one.value[1]).sort();
  };
  assert.deepEqual(await value('kubelet_running_pods{job="kubelet",cluster="edge"}'), ['3']);
  assert.deepEqual(await value('count by (condition) (kube_node_status_condition{status="true"})'), [
    '1',
    '1',
    '1',
    '1',
  ]);
  assert.deepEqual(await value('kube_pod_status_phase{job="kube-state-metrics",pod="web-node-1",phase="Running"}'), [
    '1',
  ]);
  assert.deepEqual(await value('container_network_receive_packets_total{job="cadvisor",pod="web-node-1"}'), ['10']);
  assert.deepEqual(await value('kubelet_volume_stats_used_bytes{persistentvolumeclaim="web-data"}'), [String(2 ** 28)]);
  assert.deepEqual(await value('pod_memory_working_set_bytes{job="kubelet",pod="web-node-1"}'), [
    String(130 * 2 ** 20),
  ]);
  assert.deepEqual(await value('sum(kubernetes_healthcheck)'), ['3']);
  assert.deepEqual(await value('app_ok{pod="scraped-node-1",node="node-1"}'), ['1']);
  // What is under pressure and what has errors is on its way to an alert.
  const { groups } = await until(
    () =>
      server.ask<{ groups: { rules: { name: string; state: string; lastError?: string }[] }[] }>('rules?type=alert'),
    (data) => data.groups.flatMap(({ rules }) => rules).some(({ state: now }) => now === 'pending'),
  );
  const rules = groups.flatMap((group) => group.rules);
  for (const { name, lastError = '' } of rules) assert.equal(lastError, '', name);
  const pending = await until(
    async () => {
      const data = await server.ask<{ alerts: { labels: Record<string, string> }[] }>('alerts');
      return new Set(data.alerts.map(({ labels }) => labels.alertname));
    },
    (names) => ['KubeNodePressure', 'RowerManifestErrors', 'KubePodCrashLooping'].every((name) => names.has(name)),
  );
  assert.ok(!pending.has('KubeletDown'));
}
