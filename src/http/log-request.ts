/**
 * Which log is asked for, and what of it. Rules and texts: pkg/apis/core/validation ValidatePodLogOptions, pkg/registry/
 * core/pod/strategy.go LogLocation, pkg/kubelet/server/server.go getContainerLogs.
 */
import type { LogFormat } from '../kubelet/logs/format.ts';
import type { ContainerStatus, Pod } from '../kubelet/types.ts';
import { isTrue } from './message.ts';
import { badRequest, invalid } from './status.ts';

export interface LogQuery {
  readonly previous: boolean;
  readonly follow: boolean;
  readonly tailLines?: number;
  readonly format: LogFormat;
}

const STREAMS = { All: undefined, Stdout: 'stdout', Stderr: 'stderr' } as const;

/** Throws 400 for what is no number or time, 422 for a value that means nothing. `pod`: the Pod's name. */
export function parseLogQuery(query: URLSearchParams, pod: string, nowMs: number): LogQuery {
  const refuse = (field: string, value: unknown, why: string) =>
    invalid(`PodLogOptions ${JSON.stringify(pod)} is invalid: ${field}: Invalid value: ${value}: ${why}`);
  const atLeast = (field: string, least: 0 | 1): number | undefined => {
    const value = integer(query, field);
    if (value === undefined || value >= least) return value;
    throw refuse(field, value, least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0');
  };
  const tailLines = tailOf(query) ?? atLeast('tailLines', 0);
  const sinceSeconds = atLeast('sinceSeconds', 1);
  const sinceTime = instant(query, 'sinceTime');
  const limitBytes = atLeast('limitBytes', 1);
  if (sinceSeconds !== undefined && sinceTime !== undefined) {
    throw invalid(
      `PodLogOptions ${JSON.stringify(pod)} is invalid: Forbidden: at most one of \`sinceTime\` or \`sinceSeconds\` may be specified`,
    );
  }
  const streamName = query.get('stream') || 'All';
  if (!Object.hasOwn(STREAMS, streamName))
    throw refuse('stream', JSON.stringify(streamName), 'supported values: "All", "Stdout", "Stderr"');
  const stream = STREAMS[streamName as keyof typeof STREAMS];
  const sinceMs = sinceSeconds === undefined ? sinceTime : nowMs - sinceSeconds * 1000;
  return {
    previous: isTrue(query.get('previous')),
    follow: isTrue(query.get('follow')),
    ...(tailLines !== undefined && { tailLines }),
    format: {
      timestamps: isTrue(query.get('timestamps')),
      ...(stream && { stream }),
      ...(sinceMs !== undefined && { sinceMs }),
      ...(limitBytes !== undefined && { limitBytes }),
    },
  };
}

/** The kubelet's own `tail`: a number, or `all`. */
function tailOf(query: URLSearchParams): number | undefined {
  const tail = query.get('tail');
  if (tail === null || tail === 'all' || query.has('tailLines')) return undefined;
  return integer(query, 'tail');
}

function integer(query: URLSearchParams, field: string): number | undefined {
  const text = query.get(field);
  if (text === null || text === '') return undefined;
  if (!/^-?\d{1,15}$/.test(text)) throw badRequest(`${field}: ${JSON.stringify(text)} is not a whole number`);
  return Number(text);
}

function instant(query: URLSearchParams, field: string): number | undefined {
  const text = query.get(field);
  if (text === null || text === '') return undefined;
  const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw badRequest(`${field}: ${JSON.stringify(text)} is not an RFC 3339 time`);
  return ms;
}

/** The container that is meant; the only one when none is named. Throws 400. */
export function chooseContainer({ metadata, spec }: Pod, wanted: string): string {
  const names = (list: readonly { name: string }[] | undefined) => (list ?? []).map(({ name }) => name);
  const [regular, init, ephemeral] = [spec.containers, spec.initContainers, spec.ephemeralContainers].map(names);
  if (wanted === '') {
    const [only, ...others] = regular ?? [];
    if (only !== undefined && others.length + (init?.length ?? 0) + (ephemeral?.length ?? 0) === 0) return only;
    const more = init?.length ? ` or one of the init containers: [${init.join(' ')}]` : '';
    throw badRequest(
      `a container name must be specified for pod ${metadata.name}, choose one of: [${regular?.join(' ')}]${more}`,
    );
  }
  if ([regular, init, ephemeral].some((list) => list?.includes(wanted))) return wanted;
  throw badRequest(`container ${wanted} is not valid for pod ${metadata.name}`);
}

export function statusOf({ status }: Pod, container: string): ContainerStatus | undefined {
  const lists = [status?.containerStatuses, status?.initContainerStatuses, status?.ephemeralContainerStatuses];
  return lists.flatMap((list) => list ?? []).find(({ name }) => name === container);
}
