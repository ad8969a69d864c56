/** What the quick start asks of the agent's endpoint. */
import { setTimeout as delay } from 'node:timers/promises';

export interface PodSummary {
  metadata: { name: string };
  status?: { phase?: string; containerStatuses?: { ready: boolean }[] };
}

const POLL_MS = 100;

/** Whether `isDone` held before the time was over or `signal` aborted. */
export async function waitForPods(
  server: string,
  limitMs: number,
  signal: AbortSignal,
  isDone: (pods: PodSummary[]) => boolean,
): Promise<boolean> {
  const until = performance.now() + limitMs;
  while (performance.now() < until && !signal.aborted) {
    const pods = await listPods(server);
    if (pods && isDone(pods)) return true;
    await delay(POLL_MS, undefined, { signal }).catch(() => {});
  }
  return false;
}

/** Running, with every container ready. */
export function runs(pod: PodSummary): boolean {
  const statuses = pod.status?.containerStatuses ?? [];
  return pod.status?.phase === 'Running' && statuses.length > 0 && statuses.every((one) => one.ready);
}

/** Undefined while the agent does not answer. */
async function listPods(server: string): Promise<PodSummary[] | undefined> {
  try {
    const answer = await fetch(`${server}/pods`);
    return ((await answer.json()) as { items: PodSummary[] | null }).items ?? [];
  } catch {
    return undefined;
  }
}
