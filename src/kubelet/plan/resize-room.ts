import type { Amounts } from './room.ts';

/** Why a running Pod keeps the amounts that it has: condition PodResizePending. */
export interface ResizePending {
  /** `Deferred`: when others leave it may fit. `Infeasible`: this machine is too small. */
  readonly reason: 'Deferred' | 'Infeasible';
  readonly message: string;
}

/** The order in which the kubelet names what it lacks. */
const LOOKED_AT = ['memory', 'cpu'];

/**
 * What keeps a running Pod from the amounts of its manifest; undefined: nothing. Only what grows has to fit, so that a
 * Pod can always shrink. `others`: used by everybody else. (pkg/kubelet/allocation/allocation_manager.go
 * canResizePod) Pure.
 */
export function resizePending(
  before: Amounts,
  wanted: Amounts,
  others: Amounts,
  room: Amounts,
): ResizePending | undefined {
  const growing = LOOKED_AT.flatMap((resource) => {
    const requested = wanted.get(resource) ?? 0;
    const capacity = room.get(resource);
    return capacity !== undefined && requested > (before.get(resource) ?? 0) ? [{ resource, requested, capacity }] : [];
  });
  for (const { resource, requested, capacity } of growing) {
    if (requested > capacity)
      return {
        reason: 'Infeasible',
        message: `Node didn't have enough capacity: ${resource}, requested: ${requested}, capacity: ${capacity}`,
      };
  }
  for (const { resource, requested, capacity } of growing.toReversed()) {
    const used = others.get(resource) ?? 0;
    if (requested > capacity - used)
      return {
        reason: 'Deferred',
        message: `Node didn't have enough resource: ${resource}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
      };
  }
  return undefined;
}
