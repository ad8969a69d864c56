import type * as cri from '../cri/port.ts';
import type { CriStats } from '../cri/stats.ts';
import type { Env } from './env.ts';
import type { RecordEvent } from './events.ts';
import type { Host } from './host.ts';
import { CONTAINER_NAME, POD_UID } from './labels.ts';
import type { Node } from './node.ts';
import type { Notes } from './notes.ts';
import { allContainers } from './plan/containers.ts';
import { podSize, RESIZE_ERROR, resizeSubject, SIZE_SUBJECT } from './plan/resize.ts';
import type { Action } from './plan/types.ts';
import type { Revision } from './types.ts';

interface Parts {
  env: Env;
  cri: cri.Cri;
  host: Host;
  node: Node;
  notes: Notes;
  record: RecordEvent;
  stats: Pick<CriStats, 'listContainerStats'>;
  /** A running container was given, or may have been given, other resources. */
  resized: (containerId: string, given?: cri.AppliedResources) => void;
}

type Of<K extends Action['kind']> = Extract<Action, { kind: K }>;

/** False: it failed, which is noted and told; the planner waits. Rejects only when the runtime is away. */
export async function resizeContainer(action: Of<'resize-container'>, parts: Parts): Promise<boolean> {
  const { revision, containerId, containerName, resources } = action;
  const subject = resizeSubject(containerName);
  try {
    const problem = action.lowersMemory ? await tooSmall(action, parts) : undefined;
    if (problem) return failed(parts, revision, subject, `Error resizing container ${containerName}: ${problem}`);
    await parts.cri.updateContainerResources(containerId, resources);
  } catch (error) {
    // Whether it came through is not known.
    parts.resized(containerId);
    if (isGone(error)) throw error;
    return failed(parts, revision, subject, `Error resizing container ${containerName}: ${(error as Error).message}`);
  }
  const { cpuPeriod, cpuQuota, cpuShares, memoryLimitInBytes } = resources;
  parts.resized(containerId, {
    ...(cpuPeriod !== undefined && { cpuPeriod }),
    ...(cpuQuota !== undefined && { cpuQuota }),
    ...(cpuShares !== undefined && { cpuShares }),
    ...(memoryLimitInBytes !== undefined && { memoryLimitInBytes }),
  });
  parts.notes.succeeded(revision.uid, subject);
  const container = allContainers(revision.pod.spec).find(({ name }) => name === containerName);
  const now = JSON.stringify({ containers: [{ name: containerName, resources: container?.resources }] });
  event(parts, revision, 'Normal', 'ResizeCompleted', `Pod resize completed: ${now}`);
  return true;
}

/** Version 1 of cgroups refuses a limit below what is in use; version 2 would kill (pkg/kubelet/kuberuntime validateMemoryResizeAction). */
async function tooSmall(action: Of<'resize-container'>, parts: Parts): Promise<string | undefined> {
  const limit = action.resources.memoryLimitInBytes ?? 0;
  if (parts.node.cgroupVersion === 1 || limit === 0) return undefined;
  const { uid } = action.revision;
  const [stats] = await parts.stats.listContainerStats({ [POD_UID]: uid, [CONTAINER_NAME]: action.containerName });
  const used = stats?.memory?.workingSetBytes ?? 0;
  return used > limit ? `attempting to set memory limit (${limit}) below current usage (${used})` : undefined;
}

/** As above, for the Pod's own cgroup. */
export async function sizePod({ revision, raise }: Of<'size-pod'>, parts: Parts): Promise<boolean> {
  const { host, notes, node } = parts;
  try {
    await host.sizePod(revision.pod, raise);
  } catch (error) {
    return failed(parts, revision, SIZE_SUBJECT, (error as Error).message);
  }
  if (!raise) notes.sized(revision.uid, podSize(revision.pod, node));
  notes.succeeded(revision.uid, SIZE_SUBJECT);
  return true;
}

function failed(parts: Parts, revision: Revision, subject: string, message: string): false {
  parts.notes.failed(revision.uid, subject, RESIZE_ERROR, message, parts.env.monotonicMs());
  event(parts, revision, 'Warning', RESIZE_ERROR, message);
  return false;
}

function event({ record }: Parts, { pod }: Revision, type: 'Normal' | 'Warning', reason: string, message: string) {
  const { namespace, name, uid } = pod.metadata;
  record({ kind: 'Pod', namespace, name, uid }, type, reason, message);
}

function isGone(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === 'unavailable' || code === 'cancelled';
}
