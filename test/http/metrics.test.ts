import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetrics, operationType } from '../../src/http/metrics.ts';
import { testEnv } from './endpoint.ts';
import { podView, published, running, SECRET, samplePods } from './fixture.ts';

/** Samples by name and labels, as text. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
  );
}

async function read(metrics = createMetrics(testEnv()), state = published()) {
  return samples(await metrics.text(state));
}

test('what there is is read from what is published', async () => {
  const seen = await read();
  const expected: Record<string, number> = {
    'kubelet_node_name{node="node-1"}': 1,
    'kubelet_desired_pods{static="true"}': 4,
    'kubelet_active_pods{static="true"}': 3,
    'kubelet_working_pods{config="desired",lifecycle="sync",static="true"}': 3,
    'kubelet_working_pods{config="desired",lifecycle="terminated",static="true"}': 1,
    'kubelet_working_pods{config="orphan",lifecycle="terminating",static="true"}': 0,
    kubelet_running_pods: 2,
    'kubelet_running_containers{container_state="running"}': 3,
    'kubelet_running_containers{container_state="exited"}': 2,
    'kubelet_running_containers{container_state="created"}': 0,
    'rower_pods{phase="Running"}': 2,
    'rower_pods{phase="Pending"}': 1,
    'rower_pods{phase="Succeeded"}': 1,
    'rower_pods{phase="Failed"}': 0,
    rower_held_pods: 1,
    rower_runtime_ready: 1,
    rower_sources_known: 1,
    'rower_container_restarts_total{namespace="default",pod="web-node-1",container="main"}': 2,
    'rower_container_restarts_total{namespace="kube-system",pod="crash-node-1",container="main"}': 7,
    'rower_manifest_problems{path="/etc/pods/broken.yaml",severity="error"}': 1,
    'rower_manifest_problems{path="http://192.0.2.1/pods.yaml",severity="warning"}': 1,
  };
  for (const [sample, value] of Object.entries(expected)) assert.equal(seen.get(sample), value, sample);
});

test('volumes are counted by the plugin the kubelet would use, wanted and there', async () => {
  const volumes = [
    { name: 'a', emptyDir: {} },
    { name: 'b', emptyDir: {} },
    { name: 'c', secret: { secretName: 's' } },
  ];
  const waits = podView('waits', { spec: { volumes }, status: {} });
  const runs = podView('runs', { spec: { volumes: volumes.slice(0, 1) }, status: running([], '10.88.0.9') });
  const seen = await read(createMetrics(testEnv()), published([waits, runs]));
  const of = (plugin: string, state: string) =>
    seen.get(`volume_manager_total_volumes{plugin_name="kubernetes.io/${plugin}",state="${state}_state_of_world"}`);
  assert.deepEqual(
    [of('empty-dir', 'desired'), of('secret', 'desired'), of('empty-dir', 'actual'), of('secret', 'actual')],
    [3, 1, 1, undefined],
  );
});

test('what is gone is no longer told', async () => {
  const metrics = createMetrics(testEnv());
  await read(metrics);
  const later = await read(metrics, published([podView('new')], { problems: [] }));
  assert.equal(later.get('kubelet_desired_pods{static="true"}'), 1);
  assert.deepEqual(
    [...later.keys()].filter((key) => /web-node-1|rower_manifest_problems\{/.test(key)),
    [],
  );
});

test('no secret is in the metrics', async () => {
  const text = await createMetrics(testEnv()).text(published());
  assert.ok(!text.includes(SECRET));
});

test('problems of very many manifests share one label', async () => {
  const problems = Array.from({ length: 300 }, (_, index) => ({
    origin: { kind: 'file' as const, location: `/etc/pods/${index}.yaml` },
    problem: { severity: 'error' as const, field: '', message: 'broken' },
  }));
  const seen = await read(createMetrics(testEnv()), published([], { problems }));
  const own = [...seen.keys()].filter((key) => key.startsWith('rower_manifest_problems{'));
  assert.equal(own.length, 101);
  assert.equal(seen.get('rower_manifest_problems{path="other",severity="error"}'), 200);
});

test('what the agent does is counted as it happens', async () => {
  const env = testEnv();
  const metrics = createMetrics(env);
  const {
    runtimeOperation,
    relist,
    round,
    podWorked,
    podStarted,
    podStartFailed,
    podRejected,
    containerStarted,
    containerStartFailed,
    podStartDuration,
    imagePulled,
    imageRefused,
  } = metrics.meter;
  runtimeOperation('RunPodSandbox', 30, false);
  runtimeOperation('RunPodSandbox', 60, true);
  relist(4);
  env.advance(10_000);
  relist(6);
  round(2, 3);
  podWorked('create', 700);
  podWorked('kill', 20);
  podStarted();
  podStartFailed('FailedCreatePodSandBox');
  podRejected('NodePorts');
  containerStarted();
  containerStarted('init_container');
  containerStartFailed('RunContainerError');
  podStartDuration(700);
  imagePulled(1500, false);
  imagePulled(100, true);
  imageRefused('signature');
  metrics.began({ pattern: '/pods', method: 'GET', isStream: false, serverType: 'readonly' })();
  metrics.began({ pattern: '/pods', method: 'GET', isStream: true, serverType: 'readonly' });
  metrics.observe({
    pattern: '/pods',
    method: 'GET',
    status: 200,
    durationMs: 3,
    isStream: false,
    serverType: 'readonly',
  });
  metrics.observe({
    pattern: 'other',
    method: 'PROPFIND',
    status: 405,
    durationMs: 3,
    isStream: false,
    serverType: 'readonly',
  });
  const seen = await read(metrics, published(samplePods()));
  const expected: Record<string, number> = {
    'rower_image_policy_refusals_total{requirement="signature"}': 1,
    'kubelet_runtime_operations_total{operation_type="run_podsandbox"}': 2,
    'kubelet_runtime_operations_errors_total{operation_type="run_podsandbox"}': 1,
    'kubelet_runtime_operations_duration_seconds_sum{operation_type="run_podsandbox"}': 0.09,
    kubelet_pleg_relist_duration_seconds_count: 2,
    kubelet_pleg_relist_interval_seconds_count: 1,
    kubelet_pleg_relist_interval_seconds_sum: 10,
    kubelet_pleg_last_seen_seconds: env.nowMs() / 1000,
    rower_round_duration_seconds_count: 1,
    rower_planned_pods_total: 3,
    'kubelet_pod_worker_duration_seconds_sum{operation_type="create"}': 0.7,
    'kubelet_pod_worker_duration_seconds_count{operation_type="kill"}': 1,
    'kubelet_http_inflight_requests{method="GET",path="/pods",server_type="readonly",long_running="true"}': 1,
    kubelet_started_pods_total: 1,
    kubelet_started_pods_errors_total: 1,
    'kubelet_admission_rejections_total{reason="NodePorts"}': 1,
    'kubelet_started_containers_total{container_type="container"}': 1,
    'kubelet_started_containers_total{container_type="init_container"}': 1,
    'kubelet_started_containers_errors_total{container_type="container",code="RunContainerError"}': 1,
    'kubelet_pod_start_duration_seconds_bucket{le="1"}': 1,
    'kubelet_pod_start_duration_seconds_bucket{le="0.5"}': 0,
    rower_image_pull_duration_seconds_count: 2,
    rower_image_pull_errors_total: 1,
    'kubelet_http_requests_total{method="GET",path="/pods",server_type="readonly",long_running="false"}': 1,
    'kubelet_http_requests_total{method="other",path="other",server_type="readonly",long_running="false"}': 1,
  };
  for (const [sample, value] of Object.entries(expected)) assert.equal(seen.get(sample), value, sample);
});

test('the process tells of itself', async () => {
  const seen = await read();
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'process_open_fds',
    'process_max_fds',
    'nodejs_heap_size_used_bytes',
  ]) {
    assert.ok((seen.get(name) ?? 0) > 0, name);
  }
});

test('CRI methods have the kubelet’s names', () => {
  const cases: [string, string][] = [
    ['Version', 'version'],
    ['ListPodSandbox', 'list_podsandbox'],
    ['PodSandboxStatus', 'podsandbox_status'],
    ['RunPodSandbox', 'run_podsandbox'],
    ['CreateContainer', 'create_container'],
    ['ListContainers', 'list_containers'],
    ['ExecSync', 'exec_sync'],
    ['UpdateContainerResources', 'update_container'],
    ['ReopenContainerLog', 'reopen_container_log'],
    ['ImageFsInfo', 'image_fs_info'],
    ['PullImage', 'pull_image'],
  ];
  for (const [call, expected] of cases) assert.equal(operationType(call), expected);
});
