/**
 * Our state in CRI labels and annotations, and back. What must survive `kill -9` and users can see lives here and
 * nowhere else. The `io.kubernetes.*` keys are the kubelet's (pkg/kubelet/kuberuntime/labels.go, staging
 * kubelet/pkg/types/labels.go), so that crictl and log collectors understand our Pods; the `rower.dev/*` keys are ours.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type * as cri from '../cri/port.ts';
import type { Container, Pod, PodOrigin, Revision } from './types.ts';
import { podKey } from './types.ts';

export const POD_NAME = 'io.kubernetes.pod.name';
export const POD_NAMESPACE = 'io.kubernetes.pod.namespace';
export const POD_UID = 'io.kubernetes.pod.uid';
export const CONTAINER_NAME = 'io.kubernetes.container.name';
/** On every sandbox and container of ours: the root directory of the agent that owns it. */
export const OWNER = 'rower.dev/root-dir';

const CONTAINER_HASH = 'io.kubernetes.container.hash';
const RESTART_COUNT = 'io.kubernetes.container.restartCount';
const TERMINATION_PATH = 'io.kubernetes.container.terminationMessagePath';
const TERMINATION_POLICY = 'io.kubernetes.container.terminationMessagePolicy';
const GRACE_PERIOD = 'io.kubernetes.pod.terminationGracePeriod';
const BACK_OFF = 'rower.dev/back-off-ms';
const EPOCH = 'rower.dev/epoch';
const RESOURCES = 'rower.dev/resources';
const LAST_GOOD = 'rower.dev/pod';
const ORIGIN_KIND = 'rower.dev/source-kind';
const ORIGIN_LOCATION = 'rower.dev/source';
const STARTED_AT = 'rower.dev/start-time-ms';
/** Last-good Pods longer than this are stored gzipped: the runtime keeps annotations in one small database. */
const COMPRESS_OVER_BYTES = 16 * 1024;
const MAX_POD_BYTES = 4 * 1024 * 1024;

/** What a sandbox remembers of its Pod. */
export interface SandboxRecord {
  /** The Pod this sandbox was made for; absent when the annotation cannot be read. */
  readonly revision?: Revision;
  /** `status.startTime`: kept over sandbox replacement. */
  readonly startTimeMs?: number;
}

/** What a container remembers of itself and its predecessors. */
export interface ContainerRecord {
  readonly restartCount: number;
  /** Delay to wait after this instance exits, ms. 0 for the first instance. */
  readonly backOffMs: number;
  /** Round of the Pod's life: grows when all containers are restarted together. */
  readonly epoch: number;
  /** Changes when image or name of the container change. */
  readonly hash: string;
  readonly terminationMessagePolicy: string;
  readonly gracePeriodSeconds?: number;
  /** Requests and limits that it was made with; absent when there were none, and on those of earlier versions. */
  readonly resources?: Container['resources'];
}

export function ownerLabels(rootDir: string): Record<string, string> {
  return { [OWNER]: rootDir };
}

export function sandboxLabels(pod: Pod, rootDir: string): Record<string, string> {
  const { name, namespace, uid, labels } = pod.metadata;
  return { ...labels, [POD_NAME]: name, [POD_NAMESPACE]: namespace, [POD_UID]: uid, [OWNER]: rootDir };
}

export function sandboxAnnotations(revision: Revision, startTimeMs: number): Record<string, string> {
  return {
    ...revision.pod.metadata.annotations,
    [ORIGIN_KIND]: revision.origin.kind,
    [ORIGIN_LOCATION]: revision.origin.location,
    [STARTED_AT]: String(startTimeMs),
    [LAST_GOOD]: encodePod(revision.pod),
  };
}

export function decodeSandbox(sandbox: cri.Sandbox): SandboxRecord {
  const { annotations } = sandbox;
  const pod = decodePod(annotations[LAST_GOOD]);
  const kind = annotations[ORIGIN_KIND];
  const startTimeMs = parseNumber(annotations[STARTED_AT]);
  const origin: PodOrigin = { kind: kind === 'http' ? 'http' : 'file', location: annotations[ORIGIN_LOCATION] ?? '' };
  return {
    ...(pod && {
      revision: { key: podKey(pod.metadata.namespace, pod.metadata.name), uid: pod.metadata.uid, pod, origin },
    }),
    ...(startTimeMs !== undefined && { startTimeMs }),
  };
}

export function containerLabels(pod: Pod, containerName: string, rootDir: string): Record<string, string> {
  const { name, namespace, uid } = pod.metadata;
  return {
    [POD_NAME]: name,
    [POD_NAMESPACE]: namespace,
    [POD_UID]: uid,
    [CONTAINER_NAME]: containerName,
    [OWNER]: rootDir,
  };
}

export function containerAnnotations(
  pod: Pod,
  container: {
    terminationMessagePath: string;
    terminationMessagePolicy: string;
    ports?: unknown[];
    lifecycle?: { preStop?: unknown };
    resources?: Container['resources'];
  },
  record: { restartCount: number; backOffMs: number; epoch: number; hash: string },
): Record<string, string> {
  return {
    [CONTAINER_HASH]: record.hash,
    [RESTART_COUNT]: String(record.restartCount),
    [BACK_OFF]: String(record.backOffMs),
    ...(record.epoch > 0 && { [EPOCH]: String(record.epoch) }),
    [TERMINATION_PATH]: container.terminationMessagePath,
    [TERMINATION_POLICY]: container.terminationMessagePolicy,
    [GRACE_PERIOD]: String(pod.spec.terminationGracePeriodSeconds),
    ...(container.lifecycle?.preStop !== undefined && {
      'io.kubernetes.container.preStopHandler': JSON.stringify(container.lifecycle.preStop),
    }),
    ...(hasAmounts(container.resources) && { [RESOURCES]: JSON.stringify(container.resources) }),
    ...(container.ports?.length && { 'io.kubernetes.container.ports': JSON.stringify(container.ports) }),
  };
}

export function decodeContainer(container: cri.Container): ContainerRecord {
  const { annotations } = container;
  const gracePeriodSeconds = parseNumber(annotations[GRACE_PERIOD]);
  return {
    restartCount: parseNumber(annotations[RESTART_COUNT]) ?? container.metadata.attempt,
    backOffMs: parseNumber(annotations[BACK_OFF]) ?? 0,
    epoch: parseNumber(annotations[EPOCH]) ?? 0,
    hash: annotations[CONTAINER_HASH] ?? '',
    terminationMessagePolicy: annotations[TERMINATION_POLICY] ?? 'File',
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(annotations[RESOURCES] !== undefined && decodeResources(annotations[RESOURCES])),
  };
}

function hasAmounts(resources: Container['resources']): boolean {
  return Object.keys({ ...resources?.requests, ...resources?.limits }).length > 0;
}

/** What cannot be read is treated as not there. */
function decodeResources(text: string): Pick<ContainerRecord, 'resources'> {
  const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);
  const isList = (list: unknown) =>
    list === undefined ||
    (isObject(list) && Object.values(list as object).every((amount) => typeof amount === 'string'));
  try {
    const resources = JSON.parse(text) as NonNullable<Container['resources']>;
    return isObject(resources) && isList(resources.requests) && isList(resources.limits) ? { resources } : {};
  } catch {
    return {};
  }
}

function encodePod(pod: Pod): string {
  const json = JSON.stringify(pod);
  return json.length <= COMPRESS_OVER_BYTES ? json : gzipSync(json).toString('base64');
}

/** Never throws: what cannot be read is treated as not there, and the Pod is stopped with defaults if unwanted. */
function decodePod(text: string | undefined): Pod | undefined {
  if (!text) return undefined;
  try {
    const json = text.startsWith('{')
      ? text
      : gunzipSync(Buffer.from(text, 'base64'), { maxOutputLength: MAX_POD_BYTES }).toString();
    const pod = JSON.parse(json) as Pod;
    return pod?.metadata?.uid && Array.isArray(pod.spec?.containers) ? pod : undefined;
  } catch {
    return undefined;
  }
}

function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}
