import { join } from 'node:path';
import type { Observed, ObservedContainer, ObservedPod } from '../observed.ts';
import { containerLogPath, podLogDirectory } from '../sandbox/paths.ts';
import type { LinkedLog } from './links.ts';
import type { RunningLog } from './rotate.ts';

/** Logs that are being written. Pure. */
export function runningLogs(observed: Observed, podLogsDir: string): RunningLog[] {
  return each(observed, ({ key }, container) =>
    container.state === 'running' ? [{ containerId: container.id, path: logPath(key, container, podLogsDir) }] : [],
  );
}

/** Logs of every container that is there. Pure. */
export function allLogs(observed: Observed, podLogsDir: string): LinkedLog[] {
  return each(observed, ({ key }, container) => {
    const { namespace, name } = names(key);
    const { id: containerId, name: of } = container;
    return [{ namespace, pod: name, container: of, containerId, path: logPath(key, container, podLogsDir) }];
  });
}

function each<T>({ pods }: Observed, work: (pod: ObservedPod, container: ObservedContainer) => T[]): T[] {
  return [...pods.values()].flatMap((pod) => pod.containers.flatMap((container) => work(pod, container)));
}

function logPath(key: string, { uid, name, attempt }: ObservedContainer, podLogsDir: string): string {
  return join(podLogDirectory(podLogsDir, { ...names(key), uid }), containerLogPath(name, attempt));
}

function names(key: string): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
