/** The scrape configuration and the dashboard of the documentation, against what the endpoint serves. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { promtool } from '../../hack/kubectl.ts';
import { createMetrics } from '../../src/http/metrics.ts';
import { createProbeMetrics } from '../../src/http/probe-metrics.ts';
import { call, serve, testEnv } from '../http/endpoint.ts';
import { published } from '../http/fixture.ts';
import { sampleUsage, sampleVolumes } from '../http/usage.ts';
import { temporaryDirectory } from '../kubelet/temporary.ts';

const FOLDER = new URL('../../docs/monitoring/', import.meta.url).pathname;

interface Dashboard {
  panels: { title: string; targets: { expr: string }[] }[];
}

const expressions = (JSON.parse(readFileSync(`${FOLDER}grafana-dashboard.json`, 'utf8')) as Dashboard).panels.flatMap(
  ({ targets }) => targets.map(({ expr }) => expr),
);

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}

const alerts = (parse(readFileSync(`${FOLDER}alerts.yml`, 'utf8')) as { groups: { rules: Alert[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);

test('promtool takes the scrape configuration, and the expressions of the dashboard as rules', async (t) => {
  const program = await promtool().catch((error: Error) => {
    t.skip(error.message);
    return undefined;
  });
  if (program === undefined) return;
  const config = spawnSync(program, ['check', 'config', `${FOLDER}prometheus.yml`], { encoding: 'utf8' });
  assert.equal(config.status, 0, config.stdout + config.stderr);
  const rules = expressions.map((expr, index) => ({ record: `panel:${index}`, expr }));
  const groups = JSON.stringify({ groups: [{ name: 'dashboard', rules }] });
  const file = join(await temporaryDirectory(t), 'rules.yml');
  writeFileSync(file, groups);
  const checked = spawnSync(program, ['check', 'rules', file], { encoding: 'utf8' });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
});

test('every metric of the dashboard and of the alerts is one that is served', async () => {
  const metrics = createMetrics(testEnv());
  // A series with labels is there from its first value on.
  metrics.meter.runtimeOperation('RunPodSandbox', 3, true);
  const endpoint = await serve(published(), {
    stats: { read: async () => sampleUsage() },
    volumes: { read: async () => sampleVolumes(), claims: sampleVolumes },
    metrics: () => metrics.text(published()),
  });
  try {
    const paths = ['/metrics', '/metrics/cadvisor', '/metrics/state', '/metrics/resource'];
    const served = await Promise.all(paths.map(async (path) => (await call(endpoint, path)).text));
    const probes = createProbeMetrics();
    const series = {
      type: 'liveness',
      container: 'main',
      pod: 'web',
      namespace: 'default',
      uid: 'uid-of-web',
    } as const;
    probes.meter.ended(series, 'successful', 1);
    const texts = [...served, await probes.text()];
    const names = new Set(texts.flatMap((text) => [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name]) => name)));
    // Counted by the kernel only for a container that has a cgroup, which none has here.
    const ofCgroups = /^container_cpu_cfs_/;
    const wanted = [...expressions, ...alerts.map(({ expr }) => expr)].flatMap(
      (expr) => expr.match(/\b(?:container|kube|kubelet|prober|rower)_\w+/g) ?? [],
    );
    assert.ok(wanted.length > 25);
    for (const name of wanted) {
      if (!ofCgroups.test(name)) assert.ok(names.has(name.replace(/_bucket$/, '')), name);
    }
  } finally {
    await endpoint.close();
  }
});

/** One series that makes each alert go off, and when. */
const ALARMS: Record<string, { series: Record<string, string>; at: string; labels: Record<string, string> }> = {
  KubeletDown: {
    series: { 'up{job="kubelet",metrics_path="/metrics",instance="m"}': '0x20' },
    at: '6m',
    labels: { job: 'kubelet', metrics_path: '/metrics', instance: 'm' },
  },
  RowerManifestErrors: {
    series: { 'rower_manifest_problems{severity="error",path="/etc/pods/x.yaml",instance="m"}': '2x20' },
    at: '11m',
    labels: { path: '/etc/pods/x.yaml', instance: 'm' },
  },
  KubeNodePressure: {
    series: { 'kube_node_status_condition{node="n",condition="DiskPressure",status="true"}': '1x20' },
    at: '11m',
    labels: { node: 'n', condition: 'DiskPressure', status: 'true' },
  },
  KubePodNotReady: {
    series: {
      'kube_pod_status_ready{instance="m",namespace="d",pod="p",condition="true"}': '0x30',
      'kube_pod_status_phase{instance="m",namespace="d",pod="p",phase="Running"}': '1x30',
      'kube_pod_status_ready{instance="m",namespace="d",pod="done",condition="true"}': '0x30',
      'kube_pod_status_phase{instance="m",namespace="d",pod="done",phase="Running"}': '0x30',
    },
    at: '16m',
    labels: { instance: 'm', namespace: 'd', pod: 'p', condition: 'true' },
  },
  KubeContainerOOMKilled: {
    series: {
      'kube_pod_container_status_restarts_total{instance="m",namespace="d",pod="p",container="c"}': '0+1x20',
      'kube_pod_container_status_last_terminated_reason{instance="m",namespace="d",pod="p",container="c",reason="OOMKilled"}':
        '1x20',
    },
    at: '5m',
    labels: { instance: 'm', namespace: 'd', pod: 'p', container: 'c' },
  },
  KubePersistentVolumeFillingUp: {
    series: {
      'kubelet_volume_stats_available_bytes{namespace="d",persistentvolumeclaim="c"}': '4x20',
      'kubelet_volume_stats_capacity_bytes{namespace="d",persistentvolumeclaim="c"}': '100x20',
    },
    at: '11m',
    labels: { namespace: 'd', persistentvolumeclaim: 'c' },
  },
};

test('the alerts go off when they should', async (t) => {
  const program = await promtool().catch((error: Error) => {
    t.skip(error.message);
    return undefined;
  });
  if (program === undefined) return;
  const cases = Object.entries(ALARMS).map(([name, { series, at, labels }]) => {
    const alert = alerts.find((one) => one.alert === name);
    assert.ok(alert, name);
    // The texts are as they are written but for what is put in.
    const put = (text: string) =>
      text
        .replaceAll(/\{\{ \$labels\.(\w+) \}\}/g, (_, label: string) => labels[label] ?? '')
        .replace('{{ $value | humanizePercentage }}', '4%');
    const annotations = Object.entries(alert.annotations).map(([key, text]) => [key, put(text)]);
    return {
      interval: '1m',
      input_series: Object.entries(series).map(([key, values]) => ({ series: key, values })),
      alert_rule_test: [
        { eval_time: '0m', alertname: name, exp_alerts: [] },
        {
          eval_time: at,
          alertname: name,
          exp_alerts: [
            {
              exp_labels: { ...labels, severity: alert.labels.severity },
              exp_annotations: Object.fromEntries(annotations),
            },
          ],
        },
      ],
    };
  });
  const file = join(await temporaryDirectory(t), 'tests.yml');
  writeFileSync(file, JSON.stringify({ rule_files: [`${FOLDER}alerts.yml`], tests: cases }));
  const { status, stdout, stderr } = spawnSync(program, ['test', 'rules', file], { encoding: 'utf8' });
  assert.equal(status, 0, stdout + stderr);
});
