/**
 * `/metrics/resource`: the names and labels that metrics-server and the mixins read. Source: pkg/kubelet/metrics/
 * collectors/resource_metrics.go.
 */
import { exposition, type Family, labelText, type Sample } from './exposition.ts';
import type { PodUsage, Usage } from './stats.ts';

const NANOSECONDS = 1e9;

/** `startedMs`: when a container started, by its id. */
export function resourceMetrics({ node, pods }: Usage, startedMs: ReadonlyMap<string, number>): string {
  const labelled = pods.map(({ namespace, name, containers }) => ({
    labels: labelText({ namespace, pod: name }),
    containers: containers.map((one) => ({ one, labels: labelText({ container: one.name, namespace, pod: name }) })),
  }));
  const ofPods = (value: (pod: PodUsage) => Omit<Sample, 'labels'>): Sample[] =>
    pods.map((pod, index) => ({ labels: labelled[index]?.labels ?? '', ...value(pod) }));
  const ofContainers = (value: (container: PodUsage['containers'][number]) => Omit<Sample, 'labels'>): Sample[] =>
    labelled.flatMap(({ containers }) => containers.map(({ one, labels }) => ({ labels, ...value(one) })));
  const cpuOf = ({ cpu }: Pick<PodUsage, 'cpu'>) => ({
    value: seconds(cpu?.usageCoreNanoSeconds),
    atMs: cpu?.timestampMs,
  });
  const memoryOf = ({ memory }: Pick<PodUsage, 'memory'>) => ({
    value: memory?.workingSetBytes,
    atMs: memory?.timestampMs,
  });
  const families: Family[] = [
    {
      name: 'container_cpu_usage_seconds_total',
      type: 'counter',
      help: 'Cumulative CPU time of the container, core-seconds.',
      samples: ofContainers(cpuOf),
    },
    {
      name: 'container_memory_working_set_bytes',
      type: 'gauge',
      help: 'Working set of the container, bytes.',
      samples: ofContainers(memoryOf),
    },
    {
      name: 'container_start_time_seconds',
      type: 'gauge',
      help: 'When the container started, seconds since the epoch.',
      samples: ofContainers(({ id }) => ({ value: perThousand(startedMs.get(id)) })),
    },
    {
      name: 'container_swap_usage_bytes',
      type: 'gauge',
      help: 'Swap that the container uses, bytes.',
      samples: ofContainers(({ swapUsageBytes, memory }) => ({ value: swapUsageBytes, atMs: memory?.timestampMs })),
    },
    {
      name: 'node_cpu_usage_seconds_total',
      type: 'counter',
      help: 'Cumulative CPU time of the machine, core-seconds.',
      samples: [{ labels: '', ...cpuOf(node) }],
    },
    {
      name: 'node_memory_working_set_bytes',
      type: 'gauge',
      help: 'Working set of the machine, bytes.',
      samples: [{ labels: '', ...memoryOf(node) }],
    },
    {
      name: 'node_swap_usage_bytes',
      type: 'gauge',
      help: 'Swap that the machine uses, bytes.',
      samples: [{ labels: '', value: node.swapUsageBytes, atMs: node.memory?.timestampMs }],
    },
    {
      name: 'pod_cpu_usage_seconds_total',
      type: 'counter',
      help: 'Cumulative CPU time of the Pod, core-seconds.',
      samples: ofPods(cpuOf),
    },
    {
      name: 'pod_memory_working_set_bytes',
      type: 'gauge',
      help: 'Working set of the Pod, bytes.',
      samples: ofPods(memoryOf),
    },
    {
      name: 'resource_scrape_error',
      type: 'gauge',
      help: '1 when something could not be measured, else 0.',
      samples: [{ labels: '', value: node.cpu && node.memory ? 0 : 1 }],
    },
  ];
  return exposition(families);
}

function seconds(nanoseconds: number | undefined): number | undefined {
  return nanoseconds === undefined ? undefined : nanoseconds / NANOSECONDS;
}

function perThousand(value: number | undefined): number | undefined {
  return value === undefined ? undefined : value / 1000;
}
