import type { Pod } from '../types.ts';

/** Priority of the lowest class that is critical to the system (pkg/apis/scheduling/types.go SystemCriticalPriority). */
export const CRITICAL_PRIORITY = 2_000_000_000;

/** The classes that every cluster has, and their priorities. Others are objects of an API server. */
export const PRIORITY_CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-cluster-critical', CRITICAL_PRIORITY],
  ['system-node-critical', CRITICAL_PRIORITY + 1000],
]);

/**
 * What the Pod says itself, or what its class stands for; 0 without either. In a cluster the API server resolves classes
 * (plugin/pkg/admission/priority); here a class that is not one of the two needs `spec.priority` beside it.
 */
export function podPriority({ spec }: Pod): number {
  return spec.priority ?? PRIORITY_CLASSES.get(spec.priorityClassName ?? '') ?? 0;
}
