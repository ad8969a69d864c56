/**
 * Rows of `kubectl get`: objects to table cells, as the API server's printer words them.
 * Source: pkg/printers/internalversion/printers.go (1.32).
 */
import type { CoreV1Event, V1Namespace, V1Node } from '@kubernetes/client-node';
import type { ContainerStatus, Pod, Wire } from '../kubelet/types.ts';
import { age, humanDuration } from './duration.ts';

export type Cell = string | number;
export type Node = Wire<V1Node>;
export type Namespace = Wire<V1Namespace>;
export type Event = Wire<CoreV1Event>;

const NONE = '<none>';
const UNKNOWN = '<unknown>';

/** Name, Ready, Status, Restarts, Age, IP, Node, Nominated Node, Readiness Gates. */
export function podCells(pod: Pod, nowMs: number): Cell[] {
  const { spec, status = {} } = pod;
  const sidecars = new Set(spec.initContainers?.filter((c) => c.restartPolicy === 'Always').map((c) => c.name));
  const total = spec.containers.length + sidecars.size;
  const init = readInit(status.initContainerStatuses ?? [], sidecars, spec.initContainers?.length ?? 0);
  const apps = status.containerStatuses ?? [];
  const initialized = hasCondition(pod, 'Initialized');

  let word = status.reason || status.phase || '';
  if (status.conditions?.some((c) => c.type === 'PodScheduled' && c.reason === 'SchedulingGated'))
    word = 'SchedulingGated';
  word = init.word ?? word;
  let ready = init.readySidecars;
  let counted = init.seen;
  if (init.word === undefined || initialized) {
    ready += apps.filter((c) => c.ready && c.state?.running).length;
    counted = [...init.seen.filter((c) => sidecars.has(c.name)), ...apps];
    word = appsWord(apps) ?? word;
    if (word === 'Completed') word = completedWord(apps, hasCondition(pod, 'Ready'));
  }
  if (pod.metadata.deletionTimestamp) {
    if (status.reason === 'NodeLost') word = 'Unknown';
    else if (status.phase !== 'Succeeded' && status.phase !== 'Failed') word = 'Terminating';
  }

  return [
    pod.metadata.name,
    `${ready}/${total}`,
    word,
    restarts(counted, nowMs),
    age(pod.metadata.creationTimestamp, nowMs),
    status.podIPs?.[0]?.ip || NONE,
    spec.nodeName || NONE,
    status.nominatedNodeName || NONE,
    readinessGates(pod),
  ];
}

/**
 * The init containers in order, up to the first that is not finished: that one gives the word. `seen` are those looked
 * at, the unfinished one included.
 */
function readInit(statuses: readonly ContainerStatus[], sidecars: ReadonlySet<string>, total: number) {
  let readySidecars = 0;
  for (const [index, container] of statuses.entries()) {
    const { terminated, waiting } = container.state ?? {};
    if (terminated && terminated.exitCode === 0) continue;
    if (sidecars.has(container.name) && container.started) {
      if (container.ready) readySidecars += 1;
      continue;
    }
    const seen = statuses.slice(0, index + 1);
    if (terminated) return { word: `Init:${terminatedWord(terminated)}`, readySidecars, seen };
    if (waiting?.reason && waiting.reason !== 'PodInitializing')
      return { word: `Init:${waiting.reason}`, readySidecars, seen };
    return { word: `Init:${index}/${total}`, readySidecars, seen };
  }
  return { word: undefined, readySidecars, seen: statuses };
}

/** The first container in order that waits or has ended. */
function appsWord(apps: readonly ContainerStatus[]): string | undefined {
  for (const { state } of apps) {
    if (state?.waiting?.reason) return state.waiting.reason;
    if (state?.terminated) return terminatedWord(state.terminated);
  }
  return undefined;
}

function terminatedWord(terminated: { reason?: string; signal?: number; exitCode: number }): string {
  if (terminated.reason) return terminated.reason;
  return terminated.signal ? `Signal:${terminated.signal}` : `ExitCode:${terminated.exitCode}`;
}

/** A finished container beside a running one does not make the Pod completed. */
function completedWord(apps: readonly ContainerStatus[], podReady: boolean): string {
  if (!apps.some((c) => c.ready && c.state?.running)) return 'Completed';
  return podReady ? 'Running' : 'NotReady';
}

function restarts(counted: readonly ContainerStatus[], nowMs: number): string {
  const count = counted.reduce((sum, c) => sum + c.restartCount, 0);
  const lastMs = Math.max(
    ...counted.map((c) => Date.parse(c.lastState?.terminated?.finishedAt ?? '')).filter((ms) => ms > 0),
  );
  return count > 0 && lastMs > 0 ? `${count} (${humanDuration(nowMs - lastMs)} ago)` : String(count);
}

function readinessGates(pod: Pod): string {
  const gates = pod.spec.readinessGates ?? [];
  if (gates.length === 0) return NONE;
  return `${gates.filter((gate) => hasCondition(pod, gate.conditionType)).length}/${gates.length}`;
}

function hasCondition(pod: Pod, type: string): boolean {
  return pod.status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false;
}

/** Name, Status, Roles, Age, Version, Internal-IP, External-IP, OS-Image, Kernel-Version, Container-Runtime. */
export function nodeCells(node: Node, nowMs: number): Cell[] {
  const { metadata, spec, status } = node;
  const ready = status?.conditions?.find((c) => c.type === 'Ready');
  const word = ready ? (ready.status === 'True' ? 'Ready' : 'NotReady') : 'Unknown';
  const address = (type: string) => status?.addresses?.find((a) => a.type === type)?.address || NONE;
  const info = status?.nodeInfo;
  return [
    metadata?.name ?? '',
    spec?.unschedulable ? `${word},SchedulingDisabled` : word,
    roles(metadata?.labels ?? {}),
    age(metadata?.creationTimestamp, nowMs),
    info?.kubeletVersion ?? '',
    address('InternalIP'),
    address('ExternalIP'),
    info?.osImage || UNKNOWN,
    info?.kernelVersion || UNKNOWN,
    info?.containerRuntimeVersion || UNKNOWN,
  ];
}

function roles(labels: Record<string, string>): string {
  const prefix = 'node-role.kubernetes.io/';
  const names = new Set<string>();
  for (const [label, value] of Object.entries(labels)) {
    if (label.startsWith(prefix)) names.add(label.slice(prefix.length));
    else if (label === 'kubernetes.io/role') names.add(value);
  }
  names.delete('');
  return [...names].sort().join(',') || NONE;
}

/** Name, Status, Age. */
export function namespaceCells(namespace: Namespace, nowMs: number): Cell[] {
  const { metadata, status } = namespace;
  return [metadata?.name ?? '', status?.phase ?? '', age(metadata?.creationTimestamp, nowMs)];
}

/** Last Seen, Type, Reason, Object, Subobject, Source, Message, First Seen, Count, Name. */
export function eventCells(event: Event, nowMs: number): Cell[] {
  const { involvedObject, source, series } = event;
  const first = event.firstTimestamp ?? event.eventTime;
  const last = series?.lastObservedTime ?? event.lastTimestamp ?? first;
  return [
    age(last, nowMs),
    event.type ?? '',
    event.reason ?? '',
    `${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name ?? ''}`,
    involvedObject.fieldPath ?? '',
    [source?.component, source?.host].filter(Boolean).join(', '),
    (event.message ?? '').trim(),
    age(first, nowMs),
    event.count || 1,
    event.metadata.name ?? '',
  ];
}
