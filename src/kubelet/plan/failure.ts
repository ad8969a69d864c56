import type { Failure } from '../notes.ts';
import type { PodInput } from './input.ts';
import { retryDelayMs } from './restart.ts';
import type { Wait } from './types.ts';

/**
 * The wait before a step that failed is tried again; undefined when it may be tried now. A step that failed with other
 * documents than there are now is not waited for: the missing one may be here.
 */
export function failureWait(
  input: PodInput,
  failure: Failure | undefined,
): Pick<Wait, 'reason' | 'message' | 'untilMs'> | undefined {
  if (!failure || failure.digest !== input.references?.digest) return undefined;
  const remainingMs = failure.atMs + retryDelayMs(failure.count) - input.clock.monotonicMs;
  if (remainingMs <= 0) return undefined;
  return { reason: failure.reason, message: failure.message, untilMs: input.clock.nowMs + remainingMs };
}
