import type { ObservedContainer, ObservedSandbox } from '../observed.ts';
import type { Revision } from '../types.ts';
import { type ContainerPlan, type Place, planContainer } from './container.ts';
import { isSidecar, isStarted } from './containers.ts';
import { asHistory } from './epoch.ts';
import type { PodInput } from './input.ts';
import { failed } from './over.ts';

export interface InitPlan {
  readonly plans: readonly ContainerPlan[];
  /** The regular containers may start. */
  readonly initialised: boolean;
}

/**
 * Init containers one after another, each until it ended well; sidecars are started in their place and kept running.
 * (kuberuntime_container.go computeInitContainerActions) Pure.
 *
 * Progress is read from the instances of the current sandbox and round only, so that everything is run again in a new
 * one. What comes before the last one that has an instance there is done, even when the runtime lost its record; and a regular
 * container in this sandbox proves that all are.
 */
export function planInit(
  input: PodInput,
  revision: Revision,
  newest: ReadonlyMap<string, ObservedContainer>,
  usable: ObservedSandbox | undefined,
  place: Place,
): InitPlan {
  const { spec } = revision.pod;
  const list = spec.initContainers ?? [];
  const here = (name: string) => {
    const instance = newest.get(name);
    return usable && instance?.sandboxId === usable.id && instance.record.epoch === place.epoch ? instance : undefined;
  };
  const begun = spec.containers.some((container) => here(container.name) !== undefined);
  const reached = begun
    ? list.length
    : list.reduce((last, container, index) => (here(container.name) ? index : last), 0);
  const plans: ContainerPlan[] = [];
  for (const [index, container] of list.entries()) {
    const instance = here(container.name);
    const past = index < reached;
    if (isSidecar(container)) {
      const plan = planContainer(
        input,
        revision,
        container,
        instance ?? sidecarHistory(newest.get(container.name), place),
        place,
      );
      plans.push(plan);
      const ready = isStarted(container, instance, instance && input.verdicts.get(instance.id)) && plan.settled;
      if (!past && !ready) return { plans, initialised: false };
      continue;
    }
    if (past || (instance?.state === 'exited' && !failed(instance))) continue;
    // A successful run in a former sandbox does not count here: it is run again, whatever the policy.
    plans.push(planContainer(input, revision, container, instance ?? asHistory(newest.get(container.name)), place));
    return { plans, initialised: false };
  }
  return { plans, initialised: true };
}

/** In a new sandbox a sidecar keeps its back-off: it restarts like any container. In a new round it does not. */
function sidecarHistory(instance: ObservedContainer | undefined, place: Place): ObservedContainer | undefined {
  return instance && instance.record.epoch < place.epoch ? asHistory(instance) : instance;
}
