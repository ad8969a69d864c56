import { allContainers } from '../plan/containers.ts';
import type { Pod } from '../types.ts';
import { milliOf, type ResourceList } from './quantities.ts';

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

const COMPUTE = ['cpu', 'memory'] as const;

/**
 * Quality of service class (pkg/apis/core/v1/helper/qos/qos.go): BestEffort asks for nothing, Guaranteed limits cpu and
 * memory of every container (init ones too) to exactly what it requests. Zero amounts count as absent. Resources of the
 * Pod as a whole, when set, decide alone.
 */
export function qosClass(pod: Pod): QosClass {
  const { resources } = pod.spec;
  const asked = asksForCompute(resources) ? [resources] : allContainers(pod.spec).map((one) => one.resources);
  if (!asked.some(asksForCompute)) return 'BestEffort';
  return asked.every(isGuaranteed) ? 'Guaranteed' : 'Burstable';
}

interface Resources {
  requests?: ResourceList;
  limits?: ResourceList;
}

function asksForCompute(resources: Resources | undefined): boolean {
  return COMPUTE.some((name) => milliOf(resources?.requests, name) > 0 || milliOf(resources?.limits, name) > 0);
}

function isGuaranteed(resources: Resources | undefined): boolean {
  return COMPUTE.every((name) => {
    const limit = milliOf(resources?.limits, name);
    return limit > 0 && milliOf(resources?.requests, name) === limit;
  });
}
