/** `metrics.k8s.io/v1beta1`: what `kubectl top` and dashboards ask for. Source: k8s.io/metrics pkg/apis/metrics/v1beta1. */
import type { CpuUsage, MemoryUsage } from '../cri/stats.ts';
import { rfc3339 } from './duration.ts';
import { json, type Reply, type Request } from './message.ts';
import { parseLabelSelector } from './selectors.ts';
import type { PodUsage, Usage } from './stats.ts';
import { notFound, unknownPath } from './status.ts';
import type { View } from './view.ts';

export const METRICS_GROUP = 'metrics.k8s.io';
export const METRICS_VERSION = 'v1beta1';
const API_VERSION = `${METRICS_GROUP}/${METRICS_VERSION}`;
const WINDOW = '15s';

/** For discovery. */
export const METRICS_RESOURCES = [
  { name: 'nodes', kind: 'NodeMetrics', namespaced: false },
  { name: 'pods', kind: 'PodMetrics', namespaced: true },
] as const;

/** `/nodes` and `/nodes/NAME`. */
export async function nodeMetrics(request: Request, view: View): Promise<Reply> {
  const { name } = request.params;
  const { node } = view.published;
  if (name !== undefined && name !== node.name) throw notFound('nodes.metrics.k8s.io', name);
  const usage = await read(view);
  const item = {
    metadata: metadata(node.name, undefined, labelsOf(view, 'nodes', '', node.name), usage),
    ...times(usage),
    usage: quantities(usage.node.cpu, usage.node.memory),
  };
  if (name !== undefined) return json({ kind: 'NodeMetrics', apiVersion: API_VERSION, ...item });
  const matches = parseLabelSelector(request.query.get('labelSelector') ?? '');
  return json({
    kind: 'NodeMetricsList',
    apiVersion: API_VERSION,
    metadata: {},
    items: matches(item.metadata.labels) ? [item] : [],
  });
}

/** `/pods`, `/namespaces/NAMESPACE/pods` and `/namespaces/NAMESPACE/pods/NAME`. */
export async function podMetrics(request: Request, view: View): Promise<Reply> {
  const { namespace = '', name } = request.params;
  const usage = await read(view);
  const items = usage.pods
    .filter((pod) => (namespace === '' || pod.namespace === namespace) && (name === undefined || pod.name === name))
    .map((pod) => podItem(pod, usage, view));
  if (name !== undefined) {
    if (!items[0]) throw notFound('pods.metrics.k8s.io', `${namespace}/${name}`);
    return json({ kind: 'PodMetrics', apiVersion: API_VERSION, ...items[0] });
  }
  const matches = parseLabelSelector(request.query.get('labelSelector') ?? '');
  return json({
    kind: 'PodMetricsList',
    apiVersion: API_VERSION,
    metadata: {},
    items: items.filter((item) => matches(item.metadata.labels)),
  });
}

function read({ stats }: View): Promise<Usage> {
  if (!stats) throw unknownPath();
  return stats.read(true);
}

function podItem(pod: PodUsage, usage: Usage, view: View) {
  return {
    metadata: metadata(pod.name, pod.namespace, labelsOf(view, 'pods', pod.namespace, pod.name), usage),
    ...times(usage),
    containers: pod.containers.map(({ name, cpu, memory }) => ({ name, usage: quantities(cpu, memory) })),
  };
}

function metadata(name: string, namespace: string | undefined, labels: Record<string, string>, { atMs }: Usage) {
  return { name, ...(namespace && { namespace }), creationTimestamp: rfc3339(atMs), labels };
}

function times({ atMs }: Usage) {
  return { timestamp: rfc3339(atMs), window: WINDOW };
}

function quantities(cpu: CpuUsage | undefined, memory: MemoryUsage | undefined) {
  return { cpu: `${cpu?.usageNanoCores ?? 0}n`, memory: `${Math.floor((memory?.workingSetBytes ?? 0) / 1024)}Ki` };
}

function labelsOf({ store }: View, kind: 'pods' | 'nodes', namespace: string, name: string): Record<string, string> {
  return store.get(kind, namespace, name)?.object.metadata?.labels ?? {};
}
