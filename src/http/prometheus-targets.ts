/**
 * `/sd/prometheus`: Pods that ask to be scraped, for Prometheus' `http_sd_configs`. They ask by the usual annotations:
 * `prometheus.io/scrape: "true"`, and `port`, `path`, `scheme` where the defaults do not fit.
 */
import type { Published } from '../kubelet/published.ts';
import type { Pod } from '../kubelet/types.ts';
import { json, type Reply } from './message.ts';

const PREFIX = 'prometheus.io/';
/** Label values of a Pod's own are passed on under this prefix, as Prometheus' Kubernetes discovery names them. */
const POD_LABEL = '__meta_kubernetes_pod_label_';

export function prometheusTargets({ pods }: Published): Reply {
  return json(pods.flatMap(({ pod }) => targets(pod)));
}

function targets(pod: Pod): object[] {
  const { annotations = {}, labels = {}, name, namespace } = pod.metadata;
  const asked = (what: string) => annotations[PREFIX + what];
  const ip = pod.status?.podIP;
  if (asked('scrape') !== 'true' || !ip || pod.status?.phase !== 'Running') return [];
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const common = {
    namespace,
    pod: name,
    node: pod.spec.nodeName,
    __metrics_path__: asked('path') ?? '/metrics',
    __scheme__: asked('scheme') === 'https' ? 'https' : 'http',
    ...Object.fromEntries(Object.entries(labels).map(([key, value]) => [POD_LABEL + key.replace(/\W/g, '_'), value])),
  };
  return portsOf(pod, asked('port')).map(({ port, container }) => ({
    targets: [`${host}:${port}`],
    labels: { ...common, ...(container && { container }) },
  }));
}

/** The port that is named, else every TCP port that a container declares. */
function portsOf({ spec }: Pod, named: string | undefined): { port: number; container?: string }[] {
  const declared = spec.containers.flatMap(({ name: container, ports = [] }) =>
    ports.filter(({ protocol }) => protocol === 'TCP').map(({ containerPort: port }) => ({ port, container })),
  );
  if (named === undefined) return declared;
  const port = Number(named);
  if (!Number.isInteger(port) || port < 1 || port > 65535) return [];
  return [declared.find((one) => one.port === port) ?? { port }];
}
