import type { ObservedContainer } from '../observed.ts';
import type { Pod } from '../types.ts';
import { allContainers } from './containers.ts';
import { matchingRule } from './restart.ts';

/**
 * Which round of the Pod's life this is. It grows when a container ends with an exit code whose rule says
 * RestartAllContainers: instances of an earlier round are history, and everything runs again in the same sandbox.
 * Each instance records its own round, so a crash of the agent in the middle changes nothing. (KEP-5532) Pure.
 */
export function currentEpoch(pod: Pod, newest: ReadonlyMap<string, ObservedContainer>): number {
  let epoch = 0;
  let triggered = false;
  for (const container of allContainers(pod.spec)) {
    const instance = newest.get(container.name);
    if (!instance) continue;
    const triggers = instance.state === 'exited' && matchingRule(container, instance) === 'RestartAllContainers';
    if (instance.record.epoch > epoch) {
      epoch = instance.record.epoch;
      triggered = triggers;
    } else if (instance.record.epoch === epoch) triggered ||= triggers;
  }
  return triggered ? epoch + 1 : epoch;
}

/** An instance of a former round or sandbox, as history only: its successor counts as a restart, without a back-off. */
export function asHistory(instance: ObservedContainer | undefined): ObservedContainer | undefined {
  if (!instance) return undefined;
  const { record, state } = instance;
  return {
    ...instance,
    state: 'created',
    sandboxId: '',
    record: { ...record, restartCount: record.restartCount + (state === 'created' ? 0 : 1) },
  };
}
