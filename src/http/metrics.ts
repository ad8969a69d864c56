/**
 * What `/metrics` tells. Names are the kubelet's where the meaning is the same (pkg/kubelet/metrics/metrics.go), `rower_`
 * where it is ours. What the agent does is counted as it happens (`Meter`); what there is is read from `Published` when
 * the metrics are asked for.
 *
 * To add one: a definition below, or in `state-metrics.ts` when it describes state.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Env } from '../kubelet/env.ts';
import type { Meter } from '../kubelet/meter.ts';
import type { Published } from '../kubelet/published.ts';
import { Exposition } from './exposition.ts';
import type { Answered, Asked } from './message.ts';
import { writeProcessMetrics } from './process-metrics.ts';
import { writeStateMetrics } from './state-metrics.ts';

/** The kubelet's buckets: 5 ms and up by factors of 2.5. */
const OPERATION_BUCKETS = Array.from({ length: 14 }, (_, index) => Number((0.005 * 2.5 ** index).toPrecision(6)));
const RELIST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const INTERVAL_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60];
const POD_START_BUCKETS = [
  0.1, 0.25, 0.5, 1, 2, 3, 4, 5, 6, 8, 10, 20, 30, 45, 60, 120, 180, 240, 300, 600, 1800, 3600,
];
const PULL_BUCKETS = [0.1, 0.5, 1, 5, 10, 20, 30, 60, 180, 300, 600, 1200, 1800, 3600];
const REQUEST_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1];

const HTTP_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

export interface Metrics {
  /** Its methods may be passed on without it. */
  readonly meter: Meter;
  /** Tells of one request of the status endpoint whose path is known. What is returned tells of its end. */
  readonly began: (asked: Asked) => () => void;
  /** Tells of one answered request of the status endpoint. */
  readonly observe: (answered: Answered) => void;
  /** All metrics in the text format 0.0.4. */
  text(published: Published): Promise<string>;
}

export function createMetrics(env: Env): Metrics {
  const registry = new Registry();
  const registers = [registry];
  let lastRelistMs: number | undefined;
  let relistSeenAtMs = 0;

  const counter = <L extends string = never>(name: string, help: string, labelNames: L[] = []) =>
    new Counter({ name, help, labelNames, registers });
  const histogram = <L extends string = never>(name: string, help: string, buckets: number[], labelNames: L[] = []) =>
    new Histogram({ name, help, buckets, labelNames, registers });

  const operations = counter('kubelet_runtime_operations_total', 'Runtime operations by type.', ['operation_type']);
  const operationErrors = counter('kubelet_runtime_operations_errors_total', 'Failed runtime operations by type.', [
    'operation_type',
  ]);
  const operationSeconds = histogram(
    'kubelet_runtime_operations_duration_seconds',
    'How long runtime operations took, by type.',
    OPERATION_BUCKETS,
    ['operation_type'],
  );
  const relistSeconds = histogram(
    'kubelet_pleg_relist_duration_seconds',
    'How long it took to list the Pods of the runtime.',
    RELIST_BUCKETS,
  );
  const relistInterval = histogram(
    'kubelet_pleg_relist_interval_seconds',
    'Time from the end of one listing of the runtime to the end of the next.',
    INTERVAL_BUCKETS,
  );
  const roundSeconds = histogram(
    'rower_round_duration_seconds',
    'How long a round of planning and publishing took.',
    RELIST_BUCKETS,
  );
  const planned = counter('rower_planned_pods_total', 'Pods that were planned anew, summed over rounds.');
  const workSeconds = histogram(
    'kubelet_pod_worker_duration_seconds',
    'How long one piece of work on a Pod took, pulls and stops of containers apart, by type.',
    OPERATION_BUCKETS,
    ['operation_type'],
  );
  const startedPods = counter('kubelet_started_pods_total', 'Pods started.');
  const startedPodErrors = counter('kubelet_started_pods_errors_total', 'Failed attempts to start a Pod.');
  const rejections = counter('kubelet_admission_rejections_total', 'Pods refused, by the reason in their status.', [
    'reason',
  ]);
  const startedContainers = counter('kubelet_started_containers_total', 'Containers started, by type.', [
    'container_type',
  ]);
  const startedContainerErrors = counter(
    'kubelet_started_containers_errors_total',
    'Failed attempts to start a container, by type and reason.',
    ['container_type', 'code'],
  );
  const podStartSeconds = histogram(
    'kubelet_pod_start_duration_seconds',
    'Time from first sight of a Pod to its first running container.',
    POD_START_BUCKETS,
  );
  const pullSeconds = histogram('rower_image_pull_duration_seconds', 'How long image pulls took.', PULL_BUCKETS);
  const pullErrors = counter('rower_image_pull_errors_total', 'Failed image pulls.');
  const refusals = counter(
    'rower_image_policy_refusals_total',
    'Pulls that the image policy refused, by what its rule wants.',
    ['requirement'],
  );
  const labelNames = ['method', 'path', 'server_type', 'long_running'];
  const requests = counter('kubelet_http_requests_total', 'Requests to the status endpoint.', labelNames);
  const requestSeconds = histogram(
    'kubelet_http_requests_duration_seconds',
    'How long answers of the status endpoint took.',
    REQUEST_BUCKETS,
    labelNames,
  );
  const inflight = new Gauge({
    name: 'kubelet_http_inflight_requests',
    help: 'Requests to the status endpoint that are not answered yet.',
    labelNames,
    registers,
  });

  return {
    meter: {
      runtimeOperation: (call, durationMs, failed) => {
        const labels = { operation_type: operationType(call) };
        operations.inc(labels);
        if (failed) operationErrors.inc(labels);
        operationSeconds.observe(labels, durationMs / 1000);
      },
      relist: (durationMs) => {
        const endedMs = env.monotonicMs();
        if (lastRelistMs !== undefined) relistInterval.observe((endedMs - lastRelistMs) / 1000);
        lastRelistMs = endedMs;
        relistSeenAtMs = env.nowMs();
        relistSeconds.observe(durationMs / 1000);
      },
      round: (durationMs, plannedPods) => {
        roundSeconds.observe(durationMs / 1000);
        planned.inc(plannedPods);
      },
      podWorked: (type, durationMs) => workSeconds.observe({ operation_type: type }, durationMs / 1000),
      podStarted: () => startedPods.inc(),
      podStartFailed: () => startedPodErrors.inc(),
      podRejected: (reason) => rejections.inc({ reason }),
      containerStarted: (containerType = 'container') => startedContainers.inc({ container_type: containerType }),
      containerStartFailed: (reason, containerType = 'container') =>
        startedContainerErrors.inc({ container_type: containerType, code: reason }),
      podStartDuration: (durationMs) => podStartSeconds.observe(Math.max(0, durationMs) / 1000),
      imagePulled: (durationMs, failed) => {
        if (failed) pullErrors.inc();
        pullSeconds.observe(durationMs / 1000);
      },
      imageRefused: (requirement) => refusals.inc({ requirement }),
    },
    began: (asked) => {
      const labels = labelsOf(asked);
      inflight.inc(labels);
      return () => inflight.dec(labels);
    },
    observe: (answered) => {
      const labels = labelsOf(answered);
      requests.inc(labels);
      requestSeconds.observe(labels, answered.durationMs / 1000);
    },
    async text(published) {
      const writer = new Exposition();
      writeProcessMetrics(writer);
      writeStateMetrics(writer, published, relistSeenAtMs);
      return writer.text() + (await registry.metrics());
    },
  };
}

function labelsOf({ pattern, method, isStream, serverType }: Asked) {
  return {
    method: HTTP_METHODS.has(method) ? method : 'other',
    path: pattern,
    server_type: serverType,
    long_running: String(isStream),
  };
}

/** The kubelet's word for a CRI method: `RunPodSandbox` is `run_podsandbox` (cri-client pkg/remote_runtime.go). */
export function operationType(call: string): string {
  if (call === 'UpdateContainerResources') return 'update_container';
  return call
    .replace('PodSandbox', 'Podsandbox')
    .replace(/(?<=[a-z])(?=[A-Z])/g, '_')
    .toLowerCase();
}
