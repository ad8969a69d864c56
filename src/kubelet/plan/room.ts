/**
 * What Pods ask of the machine and what it has for them (staging/src/k8s.io/component-helpers/resource/helpers.go
 * PodRequests; pkg/scheduler/framework/plugins/noderesources/fit.go for the order). Pure.
 */
import type { NodeAmounts } from '../node.ts';
import { podBytes, podMilliCpu } from '../sandbox/resources.ts';
import type { Pod } from '../types.ts';
import { allContainers } from './containers.ts';

/** By resource name: `cpu` in millicores, everything else in bytes. */
export type Amounts = ReadonlyMap<string, number>;

/** A resource of which there is not enough. */
export interface Lack {
  readonly resource: string;
  readonly requested: number;
  readonly used: number;
  readonly capacity: number;
}

const HUGE_PAGES = 'hugepages-';
const ALWAYS = ['cpu', 'memory', 'ephemeral-storage'];

/** Pods are frozen, and asked every round. */
const known = new WeakMap<Pod, Amounts>();

/** What the Pod requests as a whole, overhead included; in the order in which a lack is looked for. */
export function podRequests(pod: Pod): Amounts {
  const found = known.get(pod) ?? computeRequests(pod);
  known.set(pod, found);
  return found;
}

function computeRequests(pod: Pod): Amounts {
  const lists = [pod.spec, ...allContainers(pod.spec)].map((one) => one.resources?.requests);
  const pages = [...lists, pod.spec.overhead].flatMap((list) => Object.keys(list ?? {}).filter(isHugePages));
  const names = [...ALWAYS, ...new Set(pages.sort())];
  return new Map(
    names.map((name) => [name, name === 'cpu' ? podMilliCpu(pod, 'requests') : podBytes(pod, 'requests', name)]),
  );
}

/** What the machine has for Pods. A resource that is not in it is not counted. */
export function nodeRoom(node: NodeAmounts & { allocatable?: NodeAmounts }): Amounts {
  const { cpuMillis, memoryBytes, ephemeralStorageBytes, hugePages } = node.allocatable ?? node;
  return new Map([
    ['cpu', cpuMillis],
    ['memory', memoryBytes],
    ...(ephemeralStorageBytes === undefined ? [] : [['ephemeral-storage', ephemeralStorageBytes] as const]),
    ...Object.entries(hugePages ?? {}),
  ]);
}

/** The first resource that does not suffice beside what is used. Who requests nothing of it always fits. */
export function lackOf(requests: Amounts, used: Amounts, room: Amounts): Lack | undefined {
  for (const [resource, requested] of requests) {
    const capacity = room.get(resource) ?? (isHugePages(resource) ? 0 : undefined);
    const others = used.get(resource) ?? 0;
    if (requested > 0 && capacity !== undefined && requested > capacity - others)
      return { resource, requested, used: others, capacity };
  }
  return undefined;
}

export function add(a: Amounts, b: Amounts): Amounts {
  const sum = new Map(a);
  for (const [resource, amount] of b) sum.set(resource, (sum.get(resource) ?? 0) + amount);
  return sum;
}

export function subtract(a: Amounts, b: Amounts): Amounts {
  return add(a, new Map([...b].map(([resource, amount]) => [resource, -amount])));
}

const isHugePages = (resource: string) => resource.startsWith(HUGE_PAGES);
