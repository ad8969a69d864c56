import * as cri from '../cri/port.ts';
import type { Env } from './env.ts';
import type { RecordEvent } from './events.ts';
import type { RunHook } from './hooks.ts';
import type { Notes } from './notes.ts';
import type { Action } from './plan/types.ts';

export interface HookOptions {
  readonly env: Env;
  readonly notes: Notes;
  readonly record: RecordEvent;
  readonly runHook: RunHook;
}

/**
 * Runs a lifecycle hook and notes how it ended: after a failed postStart the container is killed, after a failed preStop
 * the stop goes on (pkg/kubelet/kuberuntime/kuberuntime_container.go). Rejects only when the runtime is away.
 */
export async function hookForPod(
  action: Extract<Action, { kind: 'run-hook' }>,
  { env, notes, record, runHook }: HookOptions,
): Promise<void> {
  const { hook, uid, containerId, containerName, pod, message } = action;
  const { namespace, name } = pod.metadata;
  const object = { kind: 'Pod' as const, namespace, name, uid, fieldPath: `spec.containers{${containerName}}` };
  if (message) record(object, 'Normal', 'Killing', message);
  try {
    await runHook(action);
    notes.hookEnded(uid, containerId, hook, 'done');
  } catch (error) {
    if (error instanceof cri.CriError && (error.code === 'unavailable' || error.code === 'cancelled')) throw error;
    const why = error instanceof Error ? error.message : String(error);
    notes.hookEnded(uid, containerId, hook, 'failed');
    if (hook === 'postStart')
      notes.failed(uid, `container/${containerName}`, 'PostStartHookError', why, env.monotonicMs());
    const [reason, event] =
      hook === 'postStart'
        ? ['FailedPostStartHook', 'PostStartHook failed']
        : ['FailedPreStopHook', 'PreStopHook failed'];
    env.log.warn({ pod: `${namespace}/${name}`, container: containerName, error: why }, event);
    record(object, 'Warning', reason, event);
  }
}
