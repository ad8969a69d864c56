/** Handlers of what is measured: kubelet's summary and metrics, and the Pods that the runtime has. */
import type { Published } from '../kubelet/published.ts';
import { cadvisorMetrics } from './cadvisor.ts';
import { exposition, type Family, labelText, metricsReply } from './exposition.ts';
import type { Check } from './kubelet-api.ts';
import { isTrue, json, type Reply, type Request, text } from './message.ts';
import { resourceMetrics } from './resource-metrics.ts';
import type { Usage } from './stats.ts';
import { summary } from './summary.ts';
import type { View } from './view.ts';
import { claimFamilies } from './volume-usage.ts';

/** `/stats/summary`. */
export async function statsSummary(request: Request, view: View): Promise<Reply> {
  const usage = await read(view, true);
  if (!usage) return notMeasured();
  const onlyCpuAndMemory = isTrue(request.query.get('only_cpu_and_memory'));
  const { published } = view;
  const volumes = onlyCpuAndMemory ? [] : ((await view.volumes?.read(published)) ?? []);
  return json(await summary({ usage, published, startedMs: startTimes(published), onlyCpuAndMemory, volumes }));
}

/** `/metrics`, with how full claims are as far as that is known: a scrape does not wait for a disk. */
export async function agentReply(_: Request, view: View): Promise<Reply> {
  const volumes = view.volumes?.claims(view.published) ?? [];
  const families = [...claimFamilies(volumes, view.published), certificateFamily(view)];
  return metricsReply((await view.metrics()) + exposition(families));
}

function certificateFamily({ certificateExpiresMs, nowMs }: View): Family {
  const expiresMs = certificateExpiresMs?.();
  return {
    name: 'kubelet_certificate_manager_server_ttl_seconds',
    type: 'gauge',
    help: 'How long the certificate of the endpoint is still valid, seconds; negative when it has expired.',
    samples: [{ labels: '', value: expiresMs === undefined ? undefined : Math.round((expiresMs - nowMs) / 1000) }],
  };
}

/** `/metrics/slis`: whether the checks of `/healthz` pass (component-base metrics/slis). */
export function slisReply(checks: readonly Check[]): Reply {
  const labels = checks.map(([name, problems]) => ({
    labels: labelText({ name, type: 'healthz' }),
    isOk: problems.length === 0,
  }));
  return metricsReply(
    exposition([
      {
        name: 'kubernetes_healthcheck',
        type: 'gauge',
        help: 'Whether a check passes.',
        samples: labels.map((one) => ({ labels: one.labels, value: one.isOk ? 1 : 0 })),
      },
    ]),
  );
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
  return metricsReply(cadvisorMetrics(usage, view.published, startTimes(view.published)));
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
