/** Handlers of what is measured: kubelet's summary and metrics, and the Pods that the runtime has. */
import type { Published } from '../kubelet/published.ts';
import { cadvisorMetrics } from './cadvisor.ts';
import { metricsReply } from './exposition.ts';
import { isTrue, json, type Reply, type Request, text } from './message.ts';
import { resourceMetrics } from './resource-metrics.ts';
import type { Usage } from './stats.ts';
import { summary } from './summary.ts';
import type { View } from './view.ts';

/** `/stats/summary`. */
export async function statsSummary(request: Request, view: View): Promise<Reply> {
  const usage = await read(view, true);
  if (!usage) return notMeasured();
  const onlyCpuAndMemory = isTrue(request.query.get('only_cpu_and_memory'));
  const { published } = view;
  return json(await summary({ usage, published, startedMs: startTimes(published), onlyCpuAndMemory }));
}

/** `/metrics/resource`. */
export async function resourceReply(_: Request, view: View): Promise<Reply> {
  const usage = await read(view, false);
  return usage ? metricsReply(resourceMetrics(usage, startTimes(view.published))) : notMeasured();
}

/** `/metrics/cadvisor`. */
export async function cadvisorReply(_: Request, view: View): Promise<Reply> {
  const usage = await read(view, false);
  if (!usage) return notMeasured();
  return metricsReply(await cadvisorMetrics(usage, view.published, startTimes(view.published)));
}

/** `/runningpods/`: names and images of what runs, as the runtime tells them (pkg/kubelet/container ToAPIPod). */
export async function runningPods(_: Request, view: View): Promise<Reply> {
  const usage = await read(view, false);
  if (!usage) return notMeasured();
  const images = new Map(statuses(view.published).map(({ containerID, image }) => [bareId(containerID), image]));
  const items = usage.pods.map(({ namespace, name, uid, containers }) => ({
    metadata: { name, namespace, uid, creationTimestamp: null },
    spec: { containers: containers.map((one) => ({ name: one.name, image: images.get(one.id) ?? '', resources: {} })) },
    status: {},
  }));
  return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items });
}

function read({ stats }: View, hasRates: boolean): Promise<Usage> | undefined {
  return stats?.read(hasRates);
}

function notMeasured(): Reply {
  return text('404 page not found\n', 404);
}

/** When each running container started, by the runtime's id. */
function startTimes(published: Published): ReadonlyMap<string, number> {
  const times = statuses(published).flatMap(({ containerID, state }) => {
    const ms = Date.parse(state?.running?.startedAt ?? '');
    return Number.isNaN(ms) ? [] : [[bareId(containerID), ms] as const];
  });
  return new Map(times);
}

function statuses({ pods }: Published) {
  return pods.flatMap(({ pod: { status } }) => [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
  ]);
}

function bareId(id: string | undefined): string {
  return (id ?? '').replace(/^.*:\/\//, '');
}
