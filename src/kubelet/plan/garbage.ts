import type { ObservedContainer, ObservedPod } from '../observed.ts';
import { byName } from './containers.ts';
import type { Action } from './types.ts';

/**
 * Dead containers and sandboxes of the wanted revision that nothing needs any more (kuberuntime_gc.go). Pure.
 *
 * Kept, because they are the only copy of their history: the newest container of each name, and beside it the newest
 * dead one (`lastState`). A sandbox goes when nothing is left in it and it is not the newest.
 */
export function collectGarbage(observed: ObservedPod, uid: string, busy: ReadonlySet<string>): Action[] {
  const containers = observed.containers.filter((container) => container.uid === uid);
  const removed = new Set<string>();
  const actions: Action[] = [];
  for (const instances of byName(containers).values()) {
    const newest = instances[0];
    const newestDead = instances.find((container) => container !== newest && container.state === 'exited');
    for (const container of instances) {
      if (container === newest || container === newestDead || container.state === 'running' || busy.has(container.id))
        continue;
      removed.add(container.id);
      actions.push(removeContainer(container));
    }
  }
  const sandboxes = observed.sandboxes.filter((sandbox) => sandbox.uid === uid);
  for (const sandbox of sandboxes.slice(1)) {
    const empty = containers.every((container) => container.sandboxId !== sandbox.id || removed.has(container.id));
    if (sandbox.state === 'notready' && empty) actions.push({ kind: 'remove-sandbox', sandboxId: sandbox.id });
  }
  return actions;
}

export function removeContainer(container: ObservedContainer): Action {
  return {
    kind: 'remove-container',
    containerId: container.id,
    containerName: container.name,
    attempt: container.attempt,
    uid: container.uid,
  };
}
