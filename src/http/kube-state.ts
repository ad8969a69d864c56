/**
 * `/metrics/state`: the part of kube-state-metrics that the kubernetes-mixin's dashboards and rules join on, with its
 * exact names and labels (kubernetes/kube-state-metrics docs/metrics).
 *
 * To add one: a row in the list that fits its object.
 */
import type { MachineState } from '../kubelet/node-pressure.ts';
import type { Published } from '../kubelet/published.ts';
import { bytesOf, milliOf } from '../kubelet/sandbox/quantities.ts';
import type { Container, ContainerStatus, Pod } from '../kubelet/types.ts';
import { exposition, type Family, joinLabels, labelText, type Sample } from './exposition.ts';
import { namespaceObject, nodeObject } from './objects.ts';

type Labels = Record<string, string>;
type Found = readonly (readonly [labels: Labels, value: number | undefined])[];
type Definition<T> = readonly [name: string, help: string, found: (object: T) => Found, type?: 'counter'];

const PHASES = ['Pending', 'Succeeded', 'Failed', 'Unknown', 'Running'];
const STATUSES = ['true', 'false', 'unknown'];

/** Seconds since the epoch; undefined when there is no such instant. */
function seconds(instant: string | undefined | null): number | undefined {
  const ms = instant ? Date.parse(instant) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms / 1000;
}

const one = (value: boolean): number => (value ? 1 : 0);

function finishedAt({ status }: Pod): number | undefined {
  if (status?.phase !== 'Succeeded' && status?.phase !== 'Failed') return undefined;
  const ends = (status.containerStatuses ?? []).map(({ state }) => seconds(state?.terminated?.finishedAt) ?? 0);
  return Math.max(0, ...ends) || undefined;
}

const PODS: readonly Definition<Pod>[] = [
  [
    'kube_pod_info',
    'Information about the Pod.',
    ({ spec, status }) => [
      [
        {
          host_ip: status?.hostIP ?? '',
          pod_ip: status?.podIP ?? '',
          node: spec.nodeName,
          created_by_kind: 'Node',
          created_by_name: spec.nodeName,
          priority_class: spec.priorityClassName ?? '',
          host_network: String(spec.hostNetwork === true),
        },
        1,
      ],
    ],
  ],
  [
    'kube_pod_owner',
    'Whom the Pod belongs to: its machine, like every static Pod.',
    ({ spec }) => [[{ owner_kind: 'Node', owner_name: spec.nodeName, owner_is_controller: 'true' }, 1]],
  ],
  ['kube_pod_start_time', 'When the Pod started, Unix time.', ({ status }) => [[{}, seconds(status?.startTime)]]],
  [
    'kube_pod_created',
    'When the Pod was created, Unix time.',
    ({ metadata }) => [[{}, seconds(metadata.creationTimestamp)]],
  ],
  ['kube_pod_completion_time', 'When the Pod ended, Unix time.', (pod) => [[{}, finishedAt(pod)]]],
  [
    'kube_pod_status_phase',
    'The phase of the Pod.',
    ({ status }) => PHASES.map((phase) => [{ phase }, one((status?.phase ?? 'Pending') === phase)]),
  ],
  ['kube_pod_status_ready', 'Whether the Pod is ready.', (pod) => condition(pod, 'Ready')],
  ['kube_pod_status_scheduled', 'Whether the Pod has a machine.', (pod) => condition(pod, 'PodScheduled')],
];

function condition({ status }: Pod, type: string): Found {
  const found = status?.conditions?.find((each) => each.type === type);
  if (!found) return [];
  return STATUSES.map((value) => [{ condition: value }, one(found.status.toLowerCase() === value)]);
}

/** Of each container status; `init` ones have names of their own. */
const STATUS_ROWS: readonly Definition<ContainerStatus>[] = [
  [
    'info',
    'Information about a container.',
    ({ image, imageID, containerID }) => [
      [{ image_spec: image, image, image_id: imageID, container_id: containerID ?? '' }, 1],
    ],
  ],
  ['status_running', 'Whether the container runs.', ({ state }) => [[{}, one(Boolean(state?.running))]]],
  ['status_waiting', 'Whether the container waits.', ({ state }) => [[{}, one(Boolean(state?.waiting))]]],
  ['status_terminated', 'Whether the container has ended.', ({ state }) => [[{}, one(Boolean(state?.terminated))]]],
  ['status_ready', 'Whether the container is ready.', ({ ready }) => [[{}, one(ready)]]],
  [
    'status_waiting_reason',
    'Why the container waits.',
    ({ state }) => (state?.waiting?.reason ? [[{ reason: state.waiting.reason }, 1]] : []),
  ],
  [
    'status_terminated_reason',
    'Why the container has ended.',
    ({ state }) => (state?.terminated?.reason ? [[{ reason: state.terminated.reason }, 1]] : []),
  ],
  [
    'status_last_terminated_reason',
    'Why the container ended last time.',
    ({ lastState }) => (lastState?.terminated?.reason ? [[{ reason: lastState.terminated.reason }, 1]] : []),
  ],
  ['status_restarts_total', 'Restarts of the container.', ({ restartCount }) => [[{}, restartCount]], 'counter'],
  [
    'state_started',
    'When the container started, Unix time.',
    ({ state }) => [[{}, seconds(state?.running?.startedAt ?? state?.terminated?.startedAt)]],
  ],
];

/** A Pod and its labels as text. */
interface Told {
  readonly pod: Pod;
  readonly labels: string;
}

function podFamilies(pods: readonly Told[]): Family[] {
  return PODS.map(
    ([name, help, found, type]): Family => ({
      name,
      type: type ?? 'gauge',
      help,
      samples: pods.flatMap(({ pod, labels }) => samples(labels, found(pod))),
    }),
  );
}

function containerFamilies(
  pods: readonly Told[],
  prefix: string,
  statuses: (pod: Pod) => readonly ContainerStatus[] | undefined,
  specs: (pod: Pod) => readonly Container[] | undefined,
): Family[] {
  const containers = pods.flatMap(({ pod, labels }) =>
    (statuses(pod) ?? []).map((status) => ({
      status,
      labels: joinLabels(labels, labelText({ container: status.name })),
    })),
  );
  const ofStatus = STATUS_ROWS.map(
    ([name, help, found, type]): Family => ({
      name: `${prefix}_${name}`,
      type: type ?? 'gauge',
      help,
      samples: containers.flatMap(({ status, labels }) => samples(labels, found(status))),
    }),
  );
  const ofSpec = (['requests', 'limits'] as const).map(
    (kind): Family => ({
      name: `${prefix}_resource_${kind}`,
      type: 'gauge',
      help: kind === 'requests' ? 'What a container is given at least.' : 'What a container may use at most.',
      samples: pods.flatMap(({ pod, labels }) =>
        (specs(pod) ?? []).flatMap((container) =>
          samples(
            joinLabels(labels, labelText({ container: container.name, node: pod.spec.nodeName })),
            amounts(container.resources?.[kind] ?? {}),
          ),
        ),
      ),
    }),
  );
  return [...ofStatus, ...ofSpec];
}

/** CPU in cores, everything else as it counts. */
function amounts(list: Record<string, string>): Found {
  return Object.keys(list).map((resource) => {
    if (resource === 'cpu') return [{ resource, unit: 'core' }, milliOf(list, resource) / 1000];
    const isBytes = /^(?:memory|ephemeral-storage|hugepages-.*)$/.test(resource);
    const name = resource.replace(/[^a-zA-Z0-9]/g, '_');
    return [{ resource: name, unit: isBytes ? 'byte' : 'integer' }, bytesOf(list, resource)];
  });
}

function nodeFamilies(published: Published, nowMs: number, machine: MachineState): Family[] {
  const { metadata, status } = nodeObject(published, { sinceMs: nowMs, nowMs, port: 0, resourceVersion: '', machine });
  const node = published.node.name;
  const info = status?.nodeInfo;
  const rows: [string, string, Found][] = [
    [
      'kube_node_info',
      'Information about the machine.',
      [
        [
          {
            kernel_version: info?.kernelVersion ?? '',
            os_image: info?.osImage ?? '',
            container_runtime_version: info?.containerRuntimeVersion ?? '',
            kubelet_version: info?.kubeletVersion ?? '',
            internal_ip: published.node.ips[0] ?? '',
            system_uuid: info?.systemUUID ?? '',
          },
          1,
        ],
      ],
    ],
    ['kube_node_created', 'When this agent started, Unix time.', [[{}, seconds(metadata?.creationTimestamp)]]],
    ['kube_node_spec_unschedulable', 'Whether the machine takes no more Pods.', [[{}, 0]]],
    ['kube_node_status_capacity', 'What the machine has.', amounts(status?.capacity ?? {})],
    ['kube_node_status_allocatable', 'What the machine has for Pods.', amounts(status?.allocatable ?? {})],
    [
      'kube_node_status_condition',
      'Conditions of the machine.',
      (status?.conditions ?? []).flatMap(({ type, status: is }) =>
        STATUSES.map((value) => [{ condition: type, status: value }, one(is.toLowerCase() === value)] as const),
      ),
    ],
  ];
  return rows.map(
    ([name, help, found]): Family => ({ name, type: 'gauge', help, samples: samples(labelText({ node }), found) }),
  );
}

function namespaceFamilies(published: Published): Family[] {
  const names = [...new Set(['default', ...published.pods.map(({ pod }) => pod.metadata.namespace)])].sort();
  const created = (name: string) => seconds(namespaceObject(name, published, '').metadata?.creationTimestamp);
  return [
    {
      name: 'kube_namespace_status_phase',
      type: 'gauge',
      help: 'The phase of the namespace.',
      samples: names.flatMap((namespace) =>
        ['Active', 'Terminating'].map((phase) => ({
          labels: labelText({ namespace, phase }),
          value: one(phase === 'Active'),
        })),
      ),
    },
    {
      name: 'kube_namespace_created',
      type: 'gauge',
      help: 'When the namespace was created, Unix time.',
      samples: names.map((namespace) => ({ labels: labelText({ namespace }), value: created(namespace) })),
    },
  ];
}

/** `labels`: of `labelText`. */
function samples(labels: string, found: Found): Sample[] {
  return found.map(([more, value]) => ({ labels: joinLabels(labels, labelText(more)), value }));
}

export function kubeState(published: Published, nowMs: number, machine: MachineState): string {
  const pods = published.pods.map(({ pod }): Told => {
    const { namespace, name, uid } = pod.metadata;
    return { pod, labels: labelText({ namespace, pod: name, uid }) };
  });
  return exposition([
    ...nodeFamilies(published, nowMs, machine),
    ...namespaceFamilies(published),
    ...podFamilies(pods),
    ...containerFamilies(
      pods,
      'kube_pod_container',
      ({ status }) => status?.containerStatuses,
      ({ spec }) => spec.containers,
    ),
    ...containerFamilies(
      pods,
      'kube_pod_init_container',
      ({ status }) => status?.initContainerStatuses,
      ({ spec }) => spec.initContainers,
    ),
  ]);
}
