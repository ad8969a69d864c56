import type { Pod } from '../types.ts';
import { podText } from './container.ts';
import type { Wait } from './types.ts';

export interface WaitEvent {
  readonly reason: string;
  readonly message: string;
}

/** Event reasons of waits that begin once and go on. */
const STANDING: Readonly<Record<string, string>> = {
  InvalidImageName: 'InspectFailed',
  ErrImageNeverPull: 'ErrImageNeverPull',
};

/**
 * The warnings that a container's wait is worth, when it is new among `before` (pkg/kubelet/images/image_manager.go,
 * kuberuntime_manager.go). A back-off is new with each of its steps. Pure.
 */
export function waitEvents(pod: Pod, wait: Wait, before: readonly Wait[]): WaitEvent[] {
  const former = before.filter((old) => old.container === wait.container && old.reason === wait.reason);
  const standing = STANDING[wait.reason];
  if (standing !== undefined) {
    if (former.length > 0) return [];
    return [
      { reason: standing, message: wait.message },
      { reason: 'Failed', message: `Error: ${wait.reason}` },
    ];
  }
  if (former.some((old) => sameInstant(old, wait))) return [];
  if (wait.reason === 'CrashLoopBackOff')
    return [
      { reason: 'BackOff', message: `Back-off restarting failed container ${wait.container} in pod ${podText(pod)}` },
    ];
  return wait.reason === 'ImagePullBackOff' ? [{ reason: 'BackOff', message: wait.message }] : [];
}

function sameInstant(a: Wait, b: Wait): boolean {
  return Math.abs((a.untilMs ?? 0) - (b.untilMs ?? 0)) < 1000;
}
