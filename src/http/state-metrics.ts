/** Metrics that describe what there is now: read from `Published` at each scrape, never pushed. */
import type { Published } from '../kubelet/published.ts';
import type { ContainerStatus, Pod } from '../kubelet/types.ts';
import { GIT_VERSION, KUBERNETES_MINOR, VERSION } from '../version.ts';
import { type Exposition, labelText } from './exposition.ts';
import { defineMetadataMetrics } from './metadata-metrics.ts';
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
  samples: (published: Published) => readonly Sample<L>[],
) => void;

/** `relistSeenAtMs`: when the runtime was last listed, wall clock, 0 for never. */
export function writeStateMetrics(writer: Exposition, published: Published, relistSeenAtMs: number): void {
  const define: Define = (type, name, help, samples) => {
    writer.family(name, type, help);
    for (const { labels, value } of samples(published)) writer.sample(labelText(labels), value);
  };

  define('gauge', 'kubelet_node_name', 'The name of this node; always 1.', ({ node }) => [
    { labels: { node: node.name }, value: 1 },
  ]);
  define('gauge', 'kubernetes_build_info', 'The Kubernetes version that the endpoint speaks; always 1.', ({ node }) => [
    {
      labels: {
        major: '1',
        minor: KUBERNETES_MINOR,
        git_version: GIT_VERSION,
        platform: `linux/${node.architecture}`,
      },
      value: 1,
    },
  ]);
  define('gauge', 'rower_build_info', 'The version of this agent; always 1.', () => [
    { labels: { version: VERSION }, value: 1 },
  ]);
  define('gauge', 'rower_runtime_ready', 'Whether the container runtime answers.', ({ runtime }) => [
    { labels: {}, value: runtime.ready ? 1 : 0 },
  ]);
  define('gauge', 'rower_sources_known', 'Whether every source of manifests has been read.', ({ sourcesKnown }) => [
    { labels: {}, value: sourcesKnown ? 1 : 0 },
  ]);
  define(
    'gauge',
    'kubelet_pleg_last_seen_seconds',
    'When the runtime was last listed, seconds since the epoch.',
    () => [{ labels: {}, value: relistSeenAtMs / 1000 }],
  );

  define('gauge', 'kubelet_desired_pods', 'Pods that should run.', ({ pods }) => [
    { labels: { static: 'true' }, value: pods.filter(({ pod }) => !pod.metadata.deletionTimestamp).length },
  ]);
  define('gauge', 'kubelet_active_pods', 'Pods that are not finished.', ({ pods }) => [
    { labels: { static: 'true' }, value: pods.filter(({ pod }) => !isFinished(pod)).length },
  ]);
  define('gauge', 'kubelet_running_pods', 'Pods that have a running sandbox.', ({ pods }) => [
    { labels: {}, value: pods.filter(({ pod }) => hasSandbox(pod)).length },
  ]);
  define(
    'gauge',
    'kubelet_working_pods',
    'Pods that are worked on: wanted ones and those that only have to go, by how far they are.',
    ({ pods }) => workingPods(pods.map(({ pod }) => pod)),
  );
  define(
    'gauge',
    'volume_manager_total_volumes',
    'Volumes of Pods that should run, and of those that have their volumes.',
    ({ pods }) => volumeCounts(pods.map(({ pod }) => pod)),
  );
  define('gauge', 'kubelet_running_containers', 'Containers by state.', ({ pods }) => {
    const count = { created: 0, running: 0, exited: 0, unknown: 0 };
    for (const container of pods.flatMap(({ pod }) => containers(pod))) {
      const state = containerState(container);
      if (state) count[state] += 1;
    }
    return Object.entries(count).map(([container_state, value]) => ({ labels: { container_state }, value }));
  });
  define('gauge', 'rower_pods', 'Pods by phase.', ({ pods }) => {
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
    ({ pods }) => [{ labels: {}, value: pods.filter(({ held }) => held !== undefined).length }],
  );
  define('counter', 'rower_container_restarts_total', 'Restarts of a container.', ({ pods }) =>
    pods.flatMap(({ pod }) =>
      containers(pod).map(({ name, restartCount }) => ({
        labels: { namespace: pod.metadata.namespace, pod: pod.metadata.name, container: name },
        value: restartCount,
      })),
    ),
  );
  define('gauge', 'rower_manifest_problems', 'Errors and warnings in manifests, by file.', ({ problems }) => {
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
  });
  defineMetadataMetrics(define);
}

/** Each kind that the kubelet knows, with zeros; static Pods are all there are. */
function workingPods(pods: readonly Pod[]): Sample<'config' | 'lifecycle' | 'static'>[] {
  const lifecycleOf = (pod: Pod) => {
    if (isFinished(pod)) return 'terminated';
    return pod.metadata.deletionTimestamp ? 'terminating' : 'sync';
  };
  const configOf = (pod: Pod) => (pod.metadata.deletionTimestamp ? 'orphan' : 'desired');
  return ['desired', 'orphan'].flatMap((config) =>
    ['sync', 'terminating', 'terminated'].map((lifecycle) => ({
      labels: { config, lifecycle, static: 'true' },
      value: pods.filter((pod) => configOf(pod) === config && lifecycleOf(pod) === lifecycle).length,
    })),
  );
}

/** The kubelet's names of its volume plugins, by the field of a volume. */
const PLUGINS: Readonly<Record<string, string>> = {
  configMap: 'kubernetes.io/configmap',
  downwardAPI: 'kubernetes.io/downward-api',
  emptyDir: 'kubernetes.io/empty-dir',
  hostPath: 'kubernetes.io/host-path',
  image: 'kubernetes.io/image',
  nfs: 'kubernetes.io/nfs',
  persistentVolumeClaim: 'kubernetes.io/local-volume',
  projected: 'kubernetes.io/projected',
  secret: 'kubernetes.io/secret',
};

/** A sandbox is made when all volumes of its Pod are there. */
function volumeCounts(pods: readonly Pod[]): Sample<'plugin_name' | 'state'>[] {
  const states = { desired_state_of_world: isDesired, actual_state_of_world: hasSandbox };
  return Object.entries(states).flatMap(([state, isIn]) => {
    const volumes = pods.filter(isIn).flatMap(({ spec }) => spec.volumes ?? []);
    return Object.entries(PLUGINS).flatMap(([field, plugin_name]) => {
      const value = volumes.filter((volume) => Object.hasOwn(volume, field)).length;
      return value > 0 ? [{ labels: { plugin_name, state }, value }] : [];
    });
  });
}

function isDesired(pod: Pod): boolean {
  return !pod.metadata.deletionTimestamp && !isFinished(pod);
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
