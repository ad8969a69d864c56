/** Rows of planner tables: what is given, one line per action, one word per wait. */
import assert from 'node:assert/strict';
import type { PodInput } from '../../src/kubelet/plan/input.ts';
import { planPod } from '../../src/kubelet/plan/pod.ts';
import type { Action } from '../../src/kubelet/plan/types.ts';
import { input, NOW_MS } from './build.ts';

/** One line per action, with the choices that matter. */
function line(action: Action): string {
  switch (action.kind) {
    case 'run-sandbox':
      return `run-sandbox ${action.revision.uid} attempt ${action.attempt}`;
    case 'create-container':
      return `create ${action.containerName} attempt ${action.attempt} restarts ${action.restartCount} back-off ${action.backOffMs / 1000}s`;
    case 'start-container':
      return `start ${action.containerName}${action.containerId ? ` ${action.containerId}` : ''}`;
    case 'stop-container':
      return `stop ${action.containerId} grace ${action.graceSeconds}s`;
    case 'remove-container':
      return `remove ${action.containerId}`;
    case 'stop-sandbox':
    case 'remove-sandbox':
      return `${action.kind} ${action.sandboxId}`;
    case 'check-image':
    case 'pull-image':
      return `${action.kind} ${action.image}`;
    case 'release-pod':
      return `release-pod ${action.uid}`;
    case 'run-hook':
      return `${action.hook} ${action.containerId}`;
    case 'prepare-pod':
      return 'prepare-pod';
    case 'size-pod':
      return action.raise ? 'raise-pod' : 'size-pod';
    case 'resize-container': {
      const { cpuShares, cpuQuota, memoryLimitInBytes } = action.resources;
      return `resize ${action.containerId} shares ${cpuShares} quota ${cpuQuota} memory ${memoryLimitInBytes}`;
    }
  }
}

export interface PlanRow {
  name: string;
  given: Partial<PodInput>;
  actions: string[];
  /** `reason`, or `reason Ns` when it ends by itself. */
  waits?: string[];
}

export function assertPlan(row: PlanRow): void {
  const plan = planPod(input(row.given));
  assert.deepEqual(plan.actions.map(line), row.actions);
  const waits = plan.waits.map((wait) =>
    wait.untilMs === undefined ? wait.reason : `${wait.reason} ${(wait.untilMs - NOW_MS) / 1000}s`,
  );
  assert.deepEqual(waits, row.waits ?? []);
}
