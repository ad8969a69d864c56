import type { Revision } from '../types.ts';
import { failureWait } from './failure.ts';
import type { PodInput } from './input.ts';
import { podSize, RESIZE_ERROR, SIZE_SUBJECT } from './resize.ts';
import type { Action, Plan, Wait } from './types.ts';

/**
 * Puts what resizes in front of a plan: the Pod's cgroup makes room, its containers get their amounts, then the cgroup
 * its final ones, for no container may have more than the Pod (kuberuntime_manager.go doPodResizeAction). The cgroup is
 * looked at once by an agent that did not size it itself. Pure.
 */
export function withResizes(
  input: PodInput,
  revision: Revision,
  plan: { readonly actions: readonly Action[]; readonly waits: readonly Wait[] },
): Plan {
  const resizes = plan.actions.filter((action) => action.kind === 'resize-container');
  const rest = plan.actions.filter((action) => action.kind !== 'resize-container');
  const size = podSize(revision.pod, input.node);
  // A new container finds the Pod prepared; one that stops may still have more than the Pod shall.
  const isBusy =
    input.inFlight.stopping.size > 0 ||
    rest.some((action) => action.kind === 'prepare-pod' || action.kind === 'stop-container');
  const isUnsized = size !== undefined && input.notes.sizedAs !== size && !isBusy;
  const wait = isUnsized || resizes.length > 0 ? failureWait(input, input.notes.failures.get(SIZE_SUBJECT)) : undefined;
  const sizes = (raise: boolean): Action => ({ kind: 'size-pod', revision, raise });
  const before: Action[] =
    resizes.length > 0 ? [sizes(true), ...resizes, sizes(false)] : isUnsized ? [sizes(false)] : [];
  const errors = [...plan.waits, ...(wait ? [wait] : [])].filter(({ reason }) => reason === RESIZE_ERROR);
  const busy = resizes.length > 0 || errors.length > 0;
  const { admission } = input;
  const pending = admission.verdict === 'admit' ? admission.pending : undefined;
  const told: Wait[] = pending ? [{ reason: `Resize${pending.reason}`, message: pending.message }] : [];
  return {
    actions: wait ? rest : [...before, ...rest],
    waits: [...plan.waits, ...(wait ? [wait] : []), ...told],
    ...(busy && { resizing: errors[0] ? { error: errors[0].message } : {} }),
  };
}
