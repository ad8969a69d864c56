/**
 * `/rower/v1/explain`: what runs, what waits, until when and why, and what is done next, from the planner's own data.
 * For `rower explain` and for people; `rower logs` finds the log files with it.
 */
import { join } from 'node:path';
import { NO_INSIGHT } from '../kubelet/insight.ts';
import { chooseLog } from '../kubelet/logs/choose.ts';
import type { MetadataView } from '../kubelet/metadata-view.ts';
import { isSidecar } from '../kubelet/plan/containers.ts';
import type { Wait } from '../kubelet/plan/types.ts';
import type { PodView } from '../kubelet/published.ts';
import type { Container, ContainerStatus } from '../kubelet/types.ts';
import { oneLine, problemList } from './kubelet-api.ts';
import { json, type Reply, type Request } from './message.ts';
import { redactUrls } from './redact.ts';
import { notFound } from './status.ts';
import type { View } from './view.ts';

export interface Explanation {
  /** RFC 3339, as are all times here. */
  readonly at: string;
  readonly node: string;
  readonly runtime: { name: string; version: string; ready: boolean; networkReady: boolean; message: string };
  /** Every source of manifests has been read. */
  readonly sourcesKnown: boolean;
  /** What is wrong with manifests; as `/rower/v1/problems` tells it. */
  readonly problems: readonly { source: Source; severity: string; field: string; message: string; line?: number }[];
  /** What the cloud gave this machine; absent: metadata is off. */
  readonly metadata?: MetadataExplanation;
  readonly pods: readonly PodExplanation[];
}

/** As `MetadataView`, with the times as text. Its problems are among those above. */
export interface MetadataExplanation
  extends Omit<MetadataView, 'problems' | 'error' | 'lastSuccessAtMs' | 'changedAtMs' | 'nextTryAtMs'> {
  readonly error?: { readonly kind: string; readonly message: string; readonly at: string };
  readonly lastSuccess?: string;
  readonly changed?: string;
  readonly nextTry?: string;
  /** What the provider says of the machine, as it stands on the Node. */
  readonly attributes: Readonly<Record<string, string>>;
}

interface Source {
  readonly kind: string;
  readonly location: string;
}

export interface PodExplanation {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly source: Source;
  readonly phase: string;
  readonly reason?: string;
  readonly message?: string;
  /** The file it came from is broken now, and the last good version runs on. */
  readonly held?: string;
  readonly containers: readonly ContainerExplanation[];
  readonly doing: readonly { what: string; since: string }[];
  readonly waits: readonly { container?: string; reason: string; message?: string; until?: string }[];
  readonly next: { readonly at?: string; readonly what: readonly string[] };
}

export interface ContainerExplanation {
  readonly name: string;
  readonly kind: 'init' | 'sidecar' | 'container';
  readonly state: 'running' | 'terminated' | 'waiting';
  /** When that began; absent while it waits. */
  readonly since?: string;
  readonly reason?: string;
  readonly exitCode?: number;
  readonly ready: boolean;
  readonly restarts: number;
  /** The log of the current and of the previous instance: a path, or why there is none. */
  readonly log: LogPlaceText;
  readonly previousLog: LogPlaceText;
}

export type LogPlaceText = { readonly file: string } | { readonly problem: string };

/** Of all Pods, or of the one that the path names. */
export function explain({ params }: Request, view: View): Reply {
  const { published, nowMs } = view;
  const { namespace, name } = params;
  const pods = published.pods.filter(
    ({ pod: { metadata } }) => name === undefined || (metadata.namespace === namespace && metadata.name === name),
  );
  if (name !== undefined && pods.length === 0) throw notFound('pods', name);
  const { ready, networkReady, name: runtime, version, message } = published.runtime;
  const { problems } = JSON.parse(problemList(published).body) as Pick<Explanation, 'problems'>;
  return json({
    at: timeText(nowMs),
    node: published.node.name,
    runtime: { name: runtime, version, ready, networkReady, message: oneLine(message) },
    sourcesKnown: published.sourcesKnown,
    problems,
    ...(published.metadata && {
      metadata: explainMetadata(published.metadata, published.node.cloud?.pods.annotations ?? {}),
    }),
    pods: pods.map((pod) => explainPod(pod, view)),
  } satisfies Explanation);
}

function explainPod({ key, pod, origin, held, waits }: PodView, { insight, published }: View): PodExplanation {
  const { namespace, name, uid } = pod.metadata;
  const { doing, next, attempts } = insight?.(key) ?? NO_INSIGHT;
  const logs = join(published.node.podLogsDir, `${namespace}_${name}_${uid}`);
  const { phase = 'Unknown', reason, message } = pod.status ?? {};
  return {
    namespace,
    name,
    uid,
    source: { kind: origin.kind, location: redactUrls(origin.location) },
    phase,
    ...(reason && { reason }),
    ...(message && { message: oneLine(message) }),
    ...(held !== undefined && { held: oneLine(held) }),
    containers: [...(pod.spec.initContainers ?? []), ...pod.spec.containers].map((container) => {
      const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
      const status = [...initContainerStatuses, ...containerStatuses].find((one) => one.name === container.name);
      const isInit = pod.spec.initContainers?.includes(container) ?? false;
      const logOf = (previous: boolean) => logText(name, status, previous, join(logs, container.name), attempts);
      return { ...explainContainer(container, isInit, status), log: logOf(false), previousLog: logOf(true) };
    }),
    doing: doing.map(({ what, sinceMs }) => ({ what: redactUrls(what), since: timeText(sinceMs) })),
    waits: waits.map(explainWait),
    next: {
      ...(next.atMs !== undefined && { at: timeText(next.atMs) }),
      what: next.what.map(redactUrls),
    },
  };
}

function explainContainer(container: Container, isInit: boolean, status: ContainerStatus | undefined) {
  const { running, terminated, waiting } = status?.state ?? {};
  const state: ContainerExplanation['state'] = running ? 'running' : terminated ? 'terminated' : 'waiting';
  const since = running?.startedAt ?? terminated?.finishedAt;
  const reason = terminated?.reason ?? waiting?.reason;
  const kind: ContainerExplanation['kind'] = !isInit ? 'container' : isSidecar(container) ? 'sidecar' : 'init';
  return {
    name: container.name,
    kind,
    state,
    ...(since && { since }),
    ...(reason && { reason }),
    ...(terminated && { exitCode: terminated.exitCode }),
    ready: status?.ready ?? false,
    restarts: status?.restartCount ?? 0,
  };
}

function logText(
  pod: string,
  status: ContainerStatus | undefined,
  previous: boolean,
  directory: string,
  attempts: ReadonlyMap<string, number>,
): LogPlaceText {
  if (!status) return { problem: `nothing is known of this container of pod "${pod}" yet` };
  const choice = chooseLog(pod, status, previous);
  if ('problem' in choice) return choice;
  const attempt = attempts.get(choice.containerId);
  if (attempt === undefined) return { problem: `the runtime knows container ${choice.containerId} no more` };
  return { file: join(directory, `${attempt}.log`) };
}

function explainWait({ container, reason, message, untilMs }: Wait) {
  return {
    ...(container !== undefined && { container }),
    reason,
    ...(message && { message: oneLine(message) }),
    ...(untilMs !== undefined && Number.isFinite(untilMs) && { until: timeText(untilMs) }),
  };
}

function explainMetadata(view: MetadataView, attributes: Readonly<Record<string, string>>): MetadataExplanation {
  const { problems: _, error, lastSuccessAtMs, changedAtMs, nextTryAtMs, ...rest } = view;
  return {
    ...rest,
    ...(error && { error: { kind: error.kind, message: oneLine(error.message), at: timeText(error.atMs) } }),
    ...(lastSuccessAtMs !== undefined && { lastSuccess: timeText(lastSuccessAtMs) }),
    ...(changedAtMs !== undefined && { changed: timeText(changedAtMs) }),
    ...(nextTryAtMs !== undefined && { nextTry: timeText(nextTryAtMs) }),
    attributes,
  };
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
