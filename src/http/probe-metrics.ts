/**
 * What `/metrics/probes` tells: the kubelet's names (pkg/kubelet/prober/prober_manager.go), and how late ticks are.
 *
 * To add one: a definition below.
 */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Published } from '../kubelet/published.ts';
import type { ProbeMeter, ProbeSeries } from '../probes/types.ts';

/** Go's default buckets. */
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const LATE_BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];
const PROBE_TYPES = { liveness: 'Liveness', readiness: 'Readiness', startup: 'Startup' } as const;
const RESULTS = ['successful', 'failed', 'unknown'] as const;

export interface ProbeMetrics {
  readonly meter: ProbeMeter;
  /** Drops the series of Pods that are gone or have come to their end. */
  forget(published: Published): void;
  /** All metrics in the text format 0.0.4. */
  text(): Promise<string>;
}

export function createProbeMetrics(): ProbeMetrics {
  const registry = new Registry();
  const registers = [registry];
  const total = new Counter({
    name: 'prober_probe_total',
    help: 'Liveness, readiness and startup probes of containers, by result. Unknown: tried in vain, and without effect.',
    labelNames: ['probe_type', 'result', 'container', 'pod', 'namespace', 'pod_uid'],
    registers,
  });
  const seconds = new Histogram({
    name: 'prober_probe_duration_seconds',
    help: 'How long probes took that did not fail.',
    buckets: DURATION_BUCKETS,
    labelNames: ['probe_type', 'container', 'pod', 'namespace'],
    registers,
  });
  const lateSeconds = new Histogram({
    name: 'rower_probe_late_seconds',
    help: 'How long after its instant a probe began.',
    buckets: LATE_BUCKETS,
    registers,
  });
  new Gauge({
    name: 'process_start_time_seconds',
    help: 'When the process started, seconds since the epoch.',
    registers,
    collect() {
      this.set(performance.timeOrigin / 1000);
    },
  });
  /** Series there are, by Pod. */
  const known = new Map<string, Set<ProbeSeries>>();

  function drop(series: ProbeSeries): void {
    for (const result of RESULTS) total.remove({ ...labelsOf(series), pod_uid: series.uid, result });
    const shared = [...known.values()].some((others) => [...others].some((other) => sameLabels(other, series)));
    if (!shared) seconds.remove(labelsOf(series));
  }

  return {
    meter: {
      ended(series, result, durationMs) {
        const ofPod = known.get(series.uid) ?? new Set();
        known.set(series.uid, ofPod.add(series));
        total.inc({ ...labelsOf(series), pod_uid: series.uid, result });
        if (result !== 'failed') seconds.observe(labelsOf(series), durationMs / 1000);
      },
      late: (lateMs) => lateSeconds.observe(Math.max(0, lateMs) / 1000),
    },
    forget({ pods }) {
      if (known.size === 0) return;
      const living = new Set(pods.filter(({ pod }) => !isOver(pod.status?.phase)).map(({ pod }) => pod.metadata.uid));
      for (const [uid, ofPod] of known) {
        if (living.has(uid)) continue;
        known.delete(uid);
        for (const series of ofPod) drop(series);
      }
    },
    text: () => registry.metrics(),
  };
}

function labelsOf({ type, container, pod, namespace }: ProbeSeries) {
  return { probe_type: PROBE_TYPES[type], container, pod, namespace };
}

function sameLabels(a: ProbeSeries, b: ProbeSeries): boolean {
  return a.type === b.type && a.container === b.container && a.pod === b.pod && a.namespace === b.namespace;
}

function isOver(phase: string | undefined): boolean {
  return phase === 'Succeeded' || phase === 'Failed';
}
