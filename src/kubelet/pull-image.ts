import * as cri from '../cri/port.ts';
import type { Documents } from './documents.ts';
import type { Env } from './env.ts';
import type { RecordEvent } from './events.ts';
import type { PullImage } from './images/pull.ts';
import { pullError } from './images/pull-error.ts';
import type { Meter } from './meter.ts';
import type { Notes } from './notes.ts';
import { references } from './plan/references.ts';
import { goDuration } from './plan/restart.ts';
import type { Action } from './plan/types.ts';

export interface PullOptions {
  readonly env: Env;
  readonly cri: cri.Cri;
  readonly notes: Notes;
  readonly meter: Meter;
  readonly record: RecordEvent;
  readonly pull: PullImage;
}

/**
 * Pulls an image and notes how that went, with the kubelet's events (pkg/kubelet/images/image_manager.go). False when
 * it failed: the planner knows, and waits. Rejects when the runtime is away, or when nobody wants the image any more.
 */
export async function pullForPod(
  action: Extract<Action, { kind: 'pull-image' }>,
  documents: Documents,
  signal: AbortSignal,
  { env, cri: runtime, notes, meter, record, pull }: PullOptions,
): Promise<boolean> {
  const { revision, containerName, attempt, image } = action;
  const { pod, uid } = revision;
  const { namespace, name } = pod.metadata;
  const event = (type: 'Normal' | 'Warning', reason: string, message: string) =>
    record(
      { kind: 'Pod', namespace, name, uid, fieldPath: `spec.containers{${containerName}}` },
      type,
      reason,
      message,
    );
  const beganMs = env.monotonicMs();
  event('Normal', 'Pulling', `Pulling image "${image}"`);
  let tookMs: number;
  try {
    tookMs = await pull({ image, pod, documents, signal });
  } catch (error) {
    if (error instanceof cri.CriError && (error.code === 'unavailable' || error.code === 'cancelled')) throw error;
    const text = error instanceof Error ? error.message : String(error);
    const { reason, message } = pullError(image, text);
    meter.imagePulled(env.monotonicMs() - beganMs, true);
    notes.pullFailed(uid, image, reason, message, env.monotonicMs(), references(pod, documents)?.digest);
    event('Warning', 'Failed', `Failed to pull image "${image}": ${text}`);
    event('Warning', 'Failed', `Error: ${reason}`);
    return false;
  }
  const withWaitMs = env.monotonicMs() - beganMs;
  meter.imagePulled(tookMs, false);
  notes.pulled(uid, image, containerName, attempt);
  const found = await runtime.imageStatus(image);
  if (found) notes.imagePresent(image, found);
  const size = found ? ` Image size: ${found.sizeBytes} bytes.` : '';
  event(
    'Normal',
    'Pulled',
    `Successfully pulled image "${image}" in ${durationText(tookMs)} (${durationText(withWaitMs)} including waiting).${size}`,
  );
  return true;
}

/** As the kubelet prints it: rounded to the millisecond. */
function durationText(durationMs: number): string {
  return durationMs < 60_000 ? `${(durationMs / 1000).toFixed(3)}s` : goDuration(durationMs);
}
