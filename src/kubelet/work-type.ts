import type { Action } from './plan/types.ts';

/** The kubelet's words for what a Pod's worker does (pkg/kubelet/types/pod_update.go). */
export type WorkType = 'create' | 'sync' | 'kill';

const ENDS: ReadonlySet<Action['kind']> = new Set(['stop-sandbox', 'remove-sandbox', 'release-pod']);
/** Have lanes of their own, beside the Pod's. */
const ASIDE: ReadonlySet<Action['kind']> = new Set(['pull-image', 'run-hook', 'stop-container']);

/** What a chain does for its Pod; undefined: it is no work of the Pod's own lane. */
export function workType(actions: readonly Action[]): WorkType | undefined {
  if (actions.some(({ kind }) => kind === 'run-sandbox')) return 'create';
  if (actions.some(({ kind }) => ENDS.has(kind))) return 'kill';
  return actions.every(({ kind }) => ASIDE.has(kind)) ? undefined : 'sync';
}
