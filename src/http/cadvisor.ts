/**
 * `/metrics/cadvisor`: container metrics under the names and labels of cAdvisor (google/cadvisor metrics/prometheus.go),
 * from what the runtime and the kernel count. Three levels of series: the machine (`id="/"`), each Pod, each container.
 *
 * To add one: a row in CONTAINER, or in the list that fits.
 */
import type { ContainerStats, InterfaceUsage } from '../cri/stats.ts';
import type { Published } from '../kubelet/published.ts';
import { podCgroupPath } from '../kubelet/sandbox/cgroups.ts';
import { qosClass } from '../kubelet/sandbox/qos.ts';
import { bytesOf, milliOf } from '../kubelet/sandbox/quantities.ts';
import type { Container, Pod } from '../kubelet/types.ts';
import { type CgroupUsage, cgroupUsage, containerCgroups } from './cgroup-usage.ts';
import { Exposition, type Family, joinLabels, labelText } from './exposition.ts';
import type { PodUsage, Usage } from './stats.ts';

const NANO = 1e-9;

/** One cgroup: a container's, a Pod's or the machine's. */
interface Subject {
  /** Of `labelText`. */
  readonly labels: string;
  readonly usage: Pick<ContainerStats, 'cpu' | 'memory' | 'swapUsageBytes' | 'writableLayer'>;
  readonly cgroup?: CgroupUsage;
  readonly spec?: Container | undefined;
  readonly network?: readonly InterfaceUsage[] | undefined;
  readonly startedMs?: number | undefined;
}

/** Takes one value of a subject; `more` are labels beside the subject's own. */
type Put = (value: number | undefined, more?: string) => void;
type Row = readonly [name: string, type: Family['type'], help: string, tell: (subject: Subject, put: Put) => void];

const CONTAINER: readonly Row[] = [
  [
    'container_cpu_usage_seconds_total',
    'counter',
    'Cumulative CPU time, seconds.',
    ({ usage }, put) => put(scaled(usage.cpu?.usageCoreNanoSeconds, NANO), 'cpu="total"'),
  ],
  [
    'container_cpu_user_seconds_total',
    'counter',
    'Cumulative user CPU time, seconds.',
    ({ cgroup }, put) => put(cgroup?.cpuUserSeconds),
  ],
  [
    'container_cpu_system_seconds_total',
    'counter',
    'Cumulative system CPU time, seconds.',
    ({ cgroup }, put) => put(cgroup?.cpuSystemSeconds),
  ],
  [
    'container_cpu_cfs_periods_total',
    'counter',
    'Enforcement periods that have passed.',
    ({ cgroup }, put) => put(cgroup?.cpuPeriods),
  ],
  [
    'container_cpu_cfs_throttled_periods_total',
    'counter',
    'Periods in which it was throttled.',
    ({ cgroup }, put) => put(cgroup?.cpuThrottledPeriods),
  ],
  [
    'container_cpu_cfs_throttled_seconds_total',
    'counter',
    'How long it was throttled, seconds.',
    ({ cgroup }, put) => put(cgroup?.cpuThrottledSeconds),
  ],
  [
    'container_memory_usage_bytes',
    'gauge',
    'Memory in use with all caches, bytes.',
    ({ usage }, put) => put(usage.memory?.usageBytes),
  ],
  [
    'container_memory_working_set_bytes',
    'gauge',
    'Working set, bytes.',
    ({ usage }, put) => put(usage.memory?.workingSetBytes),
  ],
  ['container_memory_rss', 'gauge', 'Resident memory, bytes.', ({ usage }, put) => put(usage.memory?.rssBytes)],
  ['container_memory_cache', 'gauge', 'Page cache, bytes.', ({ cgroup }, put) => put(cgroup?.memoryCacheBytes)],
  [
    'container_memory_swap',
    'gauge',
    'Swap in use, bytes.',
    ({ cgroup, usage }, put) => put(cgroup?.memorySwapBytes ?? usage.swapUsageBytes),
  ],
  [
    'container_memory_failures_total',
    'counter',
    'Page faults.',
    ({ usage: { memory } }, put) => {
      put(memory?.pageFaults, 'failure_type="pgfault",scope="container"');
      put(memory?.majorPageFaults, 'failure_type="pgmajfault",scope="container"');
    },
  ],
  ['container_processes', 'gauge', 'Processes and threads.', ({ cgroup }, put) => put(cgroup?.processes)],
  [
    'container_start_time_seconds',
    'gauge',
    'When it started, Unix time.',
    ({ startedMs }, put) => put(scaled(startedMs, 1e-3)),
  ],
  [
    'container_fs_usage_bytes',
    'gauge',
    'What it has written to its own layer, bytes.',
    ({ usage: { writableLayer } }, put) => {
      if (writableLayer) put(writableLayer.usedBytes, labelText({ device: writableLayer.mountpoint }));
    },
  ],
  ['container_fs_reads_bytes_total', 'counter', 'Bytes read from devices.', devices(({ readBytes }) => readBytes)],
  [
    'container_fs_writes_bytes_total',
    'counter',
    'Bytes written to devices.',
    devices(({ writtenBytes }) => writtenBytes),
  ],
  ['container_fs_reads_total', 'counter', 'Reads from devices.', devices(({ reads }) => reads)],
  ['container_fs_writes_total', 'counter', 'Writes to devices.', devices(({ writes }) => writes)],
  ['container_network_receive_bytes_total', 'counter', 'Bytes received.', interfaces('rxBytes')],
  ['container_network_receive_errors_total', 'counter', 'Errors while receiving.', interfaces('rxErrors')],
  ['container_network_receive_packets_total', 'counter', 'Packets received.', interfaces('rxPackets')],
  [
    'container_network_receive_packets_dropped_total',
    'counter',
    'Packets dropped while receiving.',
    interfaces('rxDropped'),
  ],
  ['container_network_transmit_bytes_total', 'counter', 'Bytes sent.', interfaces('txBytes')],
  ['container_network_transmit_errors_total', 'counter', 'Errors while sending.', interfaces('txErrors')],
  ['container_network_transmit_packets_total', 'counter', 'Packets sent.', interfaces('txPackets')],
  [
    'container_network_transmit_packets_dropped_total',
    'counter',
    'Packets dropped while sending.',
    interfaces('txDropped'),
  ],
  [
    'container_spec_memory_limit_bytes',
    'gauge',
    'Memory limit, 0 for none.',
    ({ spec }, put) => put(spec && bytesOf(spec.resources?.limits, 'memory')),
  ],
  [
    'container_spec_cpu_quota',
    'gauge',
    'CPU time in each period, microseconds.',
    ({ spec }, put) => put(spec && (milliOf(spec.resources?.limits, 'cpu') * 100 || undefined)),
  ],
  ['container_spec_cpu_period', 'gauge', 'The period, microseconds.', ({ spec }, put) => put(spec && 100_000)],
];

function devices(of: (io: CgroupUsage['io'][number]) => number): Row[3] {
  return ({ cgroup }, put) => {
    for (const io of cgroup?.io ?? []) put(of(io), `device="${io.device}"`);
  };
}

function interfaces(of: Exclude<keyof InterfaceUsage, 'name'>): Row[3] {
  return ({ network }, put) => {
    for (const one of network ?? []) put(one[of], labelText({ interface: one.name }));
  };
}

/** `startedMs`: when a container started, by its id. */
export function cadvisorMetrics(usage: Usage, published: Published, startedMs: ReadonlyMap<string, number>): string {
  const { node } = published;
  const byUid = new Map(published.pods.map(({ pod }) => [pod.metadata.uid, pod]));
  const ofPods = usage.pods.flatMap((pod) => podSubjects(pod, byUid.get(pod.uid), published, startedMs));
  const subjects: Subject[] = [
    {
      labels: labelsOf('/'),
      usage: usage.node,
      network: usage.node.network && [usage.node.network],
    },
    ...ofPods,
  ];
  const writer = new Exposition();
  for (const [name, type, help, tell] of CONTAINER) {
    writer.family(name, type, help);
    for (const subject of subjects)
      tell(subject, (value, more) => writer.sample(joinLabels(subject.labels, more ?? ''), value));
  }
  const machine = labelText({ boot_id: node.bootId, machine_id: node.machineId, system_uuid: '' });
  writer.family('machine_cpu_cores', 'gauge', 'CPUs of the machine.');
  writer.sample(machine, node.cpuMillis / 1000);
  writer.family('machine_memory_bytes', 'gauge', 'Memory of the machine, bytes.');
  writer.sample(machine, node.memoryBytes);
  return writer.text();
}

function podSubjects(
  usage: PodUsage,
  pod: Pod | undefined,
  { node }: Published,
  startedMs: ReadonlyMap<string, number>,
): Subject[] {
  const { namespace, name, uid } = usage;
  const qos = pod ? qosClass(pod) : 'BestEffort';
  const specs = [...(pod?.spec.containers ?? []), ...(pod?.spec.initContainers ?? [])];
  const whole: Subject = {
    labels: labelsOf(podCgroupPath(uid, qos, node), { namespace, pod: name }),
    usage,
    network: usage.network?.interfaces,
  };
  const containers = usage.containers.map((one): Subject => {
    const spec = specs.find((each) => each.name === one.name);
    const paths = containerCgroups(uid, qos, one.id, node);
    const more = { namespace, pod: name, container: one.name, image: spec?.image ?? '', name: one.id };
    return {
      labels: labelsOf(paths[0] ?? '', more),
      usage: one,
      cgroup: cgroupUsage(paths, node.cgroupVersion),
      spec,
      startedMs: startedMs.get(one.id),
    };
  });
  return [whole, ...containers];
}

function labelsOf(id: string, more: Record<string, string> = {}): string {
  return labelText({ id, name: '', image: '', container: '', pod: '', namespace: '', ...more });
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : value * factor;
}
