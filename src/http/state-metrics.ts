/** Metrics that describe what there is now: read from `Published` at each scrape, never pushed. */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Published } from '../kubelet/published.ts';
import type { ContainerStatus, Pod } from '../kubelet/types.ts';
import { GIT_VERSION, KUBERNETES_MINOR, VERSION } from '../version.ts';
import { registerMetadataMetrics } from './metadata-metrics.ts';
import { redactUrls } from './redact.ts';

/** Manifests beyond this many share one label value. */
const MAX_PROBLEM_PATHS = 100;

export interface Sample<L extends string> {
  labels: Record<L, string>;
  value: number;
}

export type Define = <L extends string>(
  type: 'gauge' | 'counter',
  name: string,
  help: string,
  labelNames: readonly L[],
  samples: (published: Published) => readonly Sample<L>[],
) => void;

/** `current`: what was published last; `relistSeenAtMs`: when the runtime was last listed, wall clock, 0 for never. */
export function registerStateMetrics(
  registry: Registry,
  current: () => Published | undefined,
  relistSeenAtMs: () => number,
): void {
  const registers = [registry];
  function define<L extends string>(
    type: 'gauge' | 'counter',
    name: string,
    help: string,
    labelNames: readonly L[],
    samples: (published: Published) => readonly Sample<L>[],
  ): void {
    function collect(this: { reset(): void; inc(labels: Record<L, string>, value: number): void }): void {
      this.reset();
      const published = current();
      for (const { labels, value } of published ? samples(published) : []) this.inc(labels, value);
    }
    const configuration = { name, help, labelNames, registers, collect };
    if (type === 'gauge') new Gauge<L>(configuration);
    else new Counter<L>(configuration);
  }

  define('gauge', 'kubelet_node_name', 'The name of this node; always 1.', ['node'], ({ node }) => [
    { labels: { node: node.name }, value: 1 },
  ]);
  define(
    'gauge',
    'kubernetes_build_info',
    'The Kubernetes version that the endpoint speaks; always 1.',
    ['major', 'minor', 'git_version', 'platform'],
    ({ node }) => [
      {
        labels: {
          major: '1',
          minor: KUBERNETES_MINOR,
          git_version: GIT_VERSION,
          platform: `linux/${node.architecture}`,
        },
        value: 1,
      },
    ],
  );
  define('gauge', 'rower_build_info', 'The version of this agent; always 1.', ['version'], () => [
    { labels: { version: VERSION }, value: 1 },
  ]);
  define('gauge', 'rower_runtime_ready', 'Whether the container runtime answers.', [], ({ runtime }) => [
    { labels: {}, value: runtime.ready ? 1 : 0 },
  ]);
  define('gauge', 'rower_sources_known', 'Whether every source of manifests has been read.', [], ({ sourcesKnown }) => [
    { labels: {}, value: sourcesKnown ? 1 : 0 },
  ]);
  define(
    'gauge',
    'kubelet_pleg_last_seen_seconds',
    'When the runtime was last listed, seconds since the epoch.',
    [],
    () => [{ labels: {}, value: relistSeenAtMs() / 1000 }],
  );

  define('gauge', 'kubelet_desired_pods', 'Pods that should run.', ['static'], ({ pods }) => [
    { labels: { static: 'true' }, value: pods.filter(({ pod }) => !pod.metadata.deletionTimestamp).length },
  ]);
  define('gauge', 'kubelet_active_pods', 'Pods that are not finished.', ['static'], ({ pods }) => [
    { labels: { static: 'true' }, value: pods.filter(({ pod }) => !isFinished(pod)).length },
  ]);
  define('gauge', 'kubelet_running_pods', 'Pods that have a running sandbox.', [], ({ pods }) => [
    { labels: {}, value: pods.filter(({ pod }) => hasSandbox(pod)).length },
  ]);
  define('gauge', 'kubelet_running_containers', 'Containers by state.', ['container_state'], ({ pods }) => {
    const count = { created: 0, running: 0, exited: 0, unknown: 0 };
    for (const container of pods.flatMap(({ pod }) => containers(pod))) {
      const state = containerState(container);
      if (state) count[state] += 1;
    }
    return Object.entries(count).map(([container_state, value]) => ({ labels: { container_state }, value }));
  });
  define('gauge', 'rower_pods', 'Pods by phase.', ['phase'], ({ pods }) => {
    const count: Record<string, number> = { Pending: 0, Running: 0, Succeeded: 0, Failed: 0, Unknown: 0 };
    for (const { pod } of pods) {
      const phase = pod.status?.phase ?? 'Pending';
      count[phase] = (count[phase] ?? 0) + 1;
    }
    return Object.entries(count).map(([phase, value]) => ({ labels: { phase }, value }));
  });
  define(
    'gauge',
    'rower_held_pods',
    'Pods whose manifest is broken now and whose last good version runs on.',
    [],
    ({ pods }) => [{ labels: {}, value: pods.filter(({ held }) => held !== undefined).length }],
  );
  define(
    'counter',
    'rower_container_restarts_total',
    'Restarts of a container.',
    ['namespace', 'pod', 'container'],
    ({ pods }) =>
      pods.flatMap(({ pod }) =>
        containers(pod).map(({ name, restartCount }) => ({
          labels: { namespace: pod.metadata.namespace, pod: pod.metadata.name, container: name },
          value: restartCount,
        })),
      ),
  );
  define(
    'gauge',
    'rower_manifest_problems',
    'Errors and warnings in manifests, by file.',
    ['path', 'severity'],
    ({ problems }) => {
      const byPlace = new Map<string, Sample<'path' | 'severity'>>();
      for (const { origin, problem } of problems) {
        const { severity } = problem;
        const place = redactUrls(origin.location);
        const path = byPlace.has(`${place}\0${severity}`) || byPlace.size < MAX_PROBLEM_PATHS ? place : 'other';
        const sample = byPlace.get(`${path}\0${severity}`) ?? { labels: { path, severity }, value: 0 };
        sample.value += 1;
        byPlace.set(`${path}\0${severity}`, sample);
      }
      return [...byPlace.values()];
    },
  );
  registerMetadataMetrics(define);
}

function containers({ status }: Pod): ContainerStatus[] {
  return [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
}

/** As the runtime has it: a container that waits for its restart is an exited one. `undefined`: there is none yet. */
function containerState({ state, lastState }: ContainerStatus): 'running' | 'exited' | undefined {
  if (state?.running) return 'running';
  return state?.terminated || lastState?.terminated ? 'exited' : undefined;
}

function isFinished({ status }: Pod): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function hasSandbox({ status }: Pod): boolean {
  return status?.conditions?.some((c) => c.type === 'PodReadyToStartContainers' && c.status === 'True') ?? false;
}
