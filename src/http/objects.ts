/**
 * Kubernetes objects made from what the agent publishes. A Pod is there already; its Node, the namespaces and the
 * events are derived. Pure: resource versions are given by the store.
 */
import type { EventRecord } from '../kubelet/events.ts';
import type { NodeAmounts } from '../kubelet/node.ts';
import type { MachineState } from '../kubelet/node-pressure.ts';
import type { PodView, Published } from '../kubelet/published.ts';
import type { Pod } from '../kubelet/types.ts';
import { GIT_VERSION } from '../version.ts';
import { rfc3339 } from './duration.ts';
import type { Event, Namespace, Node } from './printer.ts';
import { redactPod, redactUrls } from './redact.ts';

/** Component that events come from, as `kubectl describe` shows it. */
const COMPONENT = 'rower';

/** The Pod as a port shows it: never without an age, and redacted unless `isWhole`. */
export function podObject(view: PodView, published: Published, resourceVersion: string, isWhole: boolean): Pod {
  const pod = isWhole ? view.pod : redactPod(view.pod);
  const { metadata, status } = pod;
  const creationTimestamp = metadata.creationTimestamp ?? status?.startTime ?? rfc3339(published.startedAtMs);
  return { ...pod, metadata: { ...metadata, creationTimestamp, resourceVersion } };
}

export function namespaceObject(name: string, published: Published, resourceVersion: string): Namespace {
  return {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      uid: name,
      resourceVersion,
      creationTimestamp: rfc3339(published.startedAtMs),
      labels: { 'kubernetes.io/metadata.name': name },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
}

export interface Readiness {
  readonly ready: boolean;
  readonly message: string;
}

/** Ready is what the kubelet calls ready: the runtime answers and its network is set up. */
export function nodeReadiness({ runtime }: Published): Readiness {
  if (!runtime.ready)
    return { ready: false, message: `container runtime is down: ${runtime.message || 'no answer yet'}` };
  if (!runtime.networkReady) {
    return { ready: false, message: `container runtime network not ready: ${runtime.message || 'no reason given'}` };
  }
  return { ready: true, message: 'the container runtime answers and its network is ready' };
}

export interface NodeObjectInput {
  readonly sinceMs: number;
  readonly nowMs: number;
  readonly port: number;
  readonly resourceVersion: string;
  readonly machine: MachineState;
}

/** `sinceMs`: when readiness last changed; `port`: where this endpoint listens. */
export function nodeObject(
  published: Published,
  { sinceMs, nowMs, port, resourceVersion, machine }: NodeObjectInput,
): Node {
  const { node, runtime, startedAtMs } = published;
  const { ready, message } = nodeReadiness(published);
  const capacity = amounts(node, node.maxPods);
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      // Not the name: kubectl looks for a node's events once by uid and once by name, and would show them twice.
      uid: node.machineId || `node-${node.name}`,
      resourceVersion,
      creationTimestamp: rfc3339(startedAtMs),
      labels: {
        'kubernetes.io/arch': node.architecture,
        'kubernetes.io/hostname': node.name,
        'kubernetes.io/os': 'linux',
        ...node.cloud?.labels,
      },
      ...(node.cloud && { annotations: { ...node.cloud.annotations } }),
    },
    spec: node.cloud?.providerId === undefined ? {} : { providerID: node.cloud.providerId },
    status: {
      addresses: [
        ...node.ips.map((address) => ({ type: 'InternalIP', address })),
        ...(node.cloud?.externalIps ?? []).map((address) => ({ type: 'ExternalIP', address })),
        { type: 'Hostname', address: node.name },
      ],
      capacity,
      allocatable: amounts(node.allocatable ?? node, node.maxPods),
      conditions: [
        ...machine.conditions.map(({ type, status, reason, message, sinceMs: changedMs }) => ({
          type,
          status,
          lastHeartbeatTime: rfc3339(nowMs),
          lastTransitionTime: rfc3339(changedMs),
          reason,
          message,
        })),
        {
          type: 'Ready',
          status: ready ? 'True' : 'False',
          reason: ready ? 'KubeletReady' : 'KubeletNotReady',
          message,
          lastHeartbeatTime: rfc3339(nowMs),
          lastTransitionTime: rfc3339(sinceMs),
        },
      ],
      daemonEndpoints: { kubeletEndpoint: { Port: port } },
      nodeInfo: {
        machineID: node.machineId,
        systemUUID: '',
        bootID: node.bootId,
        kernelVersion: node.kernelVersion,
        osImage: node.osImage,
        containerRuntimeVersion: runtime.name ? `${runtime.name}://${runtime.version}` : '',
        kubeletVersion: GIT_VERSION,
        kubeProxyVersion: '',
        operatingSystem: 'linux',
        architecture: node.architecture,
      },
    },
  };
}

function amounts(of: NodeAmounts, maxPods: number | undefined): Record<string, string> {
  const { cpuMillis, memoryBytes, ephemeralStorageBytes, hugePages = {} } = of;
  return {
    cpu: cpuQuantity(cpuMillis),
    ...(ephemeralStorageBytes !== undefined && { 'ephemeral-storage': kibibytes(ephemeralStorageBytes) }),
    ...Object.fromEntries(Object.entries(hugePages).map(([resource, bytes]) => [resource, kibibytes(bytes)])),
    memory: kibibytes(memoryBytes),
    ...(maxPods !== undefined && { pods: String(maxPods) }),
  };
}

function kibibytes(bytes: number): string {
  return bytes === 0 ? '0' : `${Math.floor(bytes / 1024)}Ki`;
}

function cpuQuantity(millis: number): string {
  return millis % 1000 === 0 ? String(millis / 1000) : `${millis}m`;
}

export function eventNamespace(record: EventRecord): string {
  return record.object.namespace || 'default';
}

export function eventObject(record: EventRecord, nodeName: string, resourceVersion: string): Event {
  const { object, firstMs, lastMs, type, reason, message, count } = record;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      name: record.name,
      namespace: eventNamespace(record),
      uid: record.name,
      resourceVersion,
      creationTimestamp: rfc3339(firstMs),
    },
    involvedObject: {
      kind: object.kind,
      ...(object.namespace && { namespace: object.namespace }),
      name: object.name,
      uid: object.uid,
      apiVersion: 'v1',
      ...(object.fieldPath && { fieldPath: object.fieldPath }),
    },
    reason,
    message: redactUrls(message),
    source: { component: COMPONENT, host: nodeName },
    firstTimestamp: rfc3339(firstMs),
    lastTimestamp: rfc3339(lastMs),
    count,
    type,
    reportingComponent: COMPONENT,
    reportingInstance: nodeName,
  };
}
