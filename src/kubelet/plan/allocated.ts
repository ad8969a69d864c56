/**
 * Which amounts a running Pod has been given, read back from the runtime: what an agent needs to know that did not give
 * them itself. (The kubelet keeps a file: pkg/kubelet/allocation/state.) Pure.
 */
import type { AppliedResources } from '../../cri/port.ts';
import { containerResources } from '../container/resources.ts';
import type { Node } from '../node.ts';
import type { ObservedContainer, ObservedPod } from '../observed.ts';
import { CPU_PERIOD_US, SHARES_PER_CPU } from '../sandbox/cpu.ts';
import type { Container, Pod, Revision } from '../types.ts';
import { allContainers, newestByName } from './containers.ts';

type Resources = Container['resources'];

/** The Pod of `revision` with the amounts that its containers have now; the very Pod when they are those. */
export function allocatedPod({ pod, uid }: Revision, observed: ObservedPod | undefined, node: Node): Pod {
  const newest = newestByName((observed?.containers ?? []).filter((container) => container.uid === uid));
  const made = observed?.sandboxes.find((sandbox) => sandbox.uid === uid)?.record.revision?.pod;
  const ofPod = made ? made.spec.resources : pod.spec.resources;
  const before: Pod = made ? withAmountsOf(pod, made) : pod;
  const amounts = new Map(
    allContainers(before.spec).map((container) => [
      container.name,
      ofContainer(pod, before, container, newest.get(container.name), node),
    ]),
  );
  return withAmounts(pod, (container) => amounts.get(container.name), ofPod);
}

/** The Pod with the amounts of another one, which may have other containers. */
export function withAmountsOf(pod: Pod, other: Pod): Pod {
  const amounts = new Map(allContainers(other.spec).map((container) => [container.name, container.resources]));
  return withAmounts(pod, (container) => amounts.get(container.name) ?? container.resources, other.spec.resources);
}

/** The Pod with these memory requests, by name of the container, where it has one at all. */
export function withMemoryRequests(pod: Pod, requests: Readonly<Record<string, string>>): Pod {
  const change = ({ name, resources }: Container): Resources => {
    const memory = Object.hasOwn(requests, name) ? requests[name] : undefined;
    if (memory === undefined || resources?.requests?.memory === undefined) return resources;
    return { ...resources, requests: { ...resources.requests, memory } };
  };
  return withAmounts(pod, change, pod.spec.resources);
}

function withAmounts(pod: Pod, amountsOf: (container: Container) => Resources, ofPod: Pod['spec']['resources']): Pod {
  const change = (container: Container): Container => {
    const resources = amountsOf(container);
    return resources && !same(resources, container.resources) ? { ...container, resources } : container;
  };
  const containers = pod.spec.containers.map(change);
  const initContainers = pod.spec.initContainers?.map(change);
  const isSame =
    same(ofPod, pod.spec.resources) &&
    allContainers(pod.spec).every(
      (container, index) => container === [...(initContainers ?? []), ...containers][index],
    );
  if (isSame) return pod;
  const { resources: _, ...spec } = pod.spec;
  return {
    ...pod,
    spec: { ...spec, ...(ofPod && { resources: ofPod }), ...(initContainers && { initContainers }), containers },
  };
}

/**
 * What the runtime shows is either what the manifest says now, or what the container was made with, or comes from a
 * manifest in between: then what can be seen is taken from there. A memory request shows nowhere.
 */
function ofContainer(
  wanted: Pod,
  made: Pod,
  container: Container,
  instance: ObservedContainer | undefined,
  node: Node,
): Resources {
  const before = instance?.record.resources ?? container.resources;
  const now = instance?.state === 'running' ? instance.resources : undefined;
  if (!now) return before;
  const wish = allContainers(wanted.spec).find(({ name }) => name === container.name) ?? container;
  if (shows(now, made, { ...container, ...(before && { resources: before }) }, node)) return before;
  if (shows(now, wanted, wish, node)) return wish.resources;
  return between(before, now);
}

/** What a container of this Pod is held to now, in the words of its manifest where they fit. */
export function amountsNow(
  pod: Pod,
  container: Container,
  instance: ObservedContainer | undefined,
  node: Node,
): Resources {
  const now = instance?.state === 'running' ? instance.resources : undefined;
  if (!instance || !now || shows(now, pod, container, node)) return container.resources;
  return ofContainer(pod, pod, container, instance, node);
}

function shows(now: AppliedResources, pod: Pod, container: Container, node: Node): boolean {
  const { cpuShares, cpuQuota, memoryLimitInBytes } = containerResources(pod, container, node);
  return cpuShares === now.cpuShares && cpuQuota === now.cpuQuota && memoryLimitInBytes === now.memoryLimitInBytes;
}

function between(before: Resources, now: AppliedResources): Resources {
  const { cpuShares, cpuQuota, cpuPeriod = CPU_PERIOD_US, memoryLimitInBytes } = now;
  const seen = (list: Record<string, string>, resource: string, amount: number | undefined, unit: string) =>
    list[resource] === undefined || amount === undefined ? {} : { [resource]: `${amount}${unit}` };
  const { requests, limits } = before ?? {};
  const requestMilli = cpuShares === undefined ? undefined : Math.ceil((cpuShares * 1000) / SHARES_PER_CPU);
  const limitMilli = cpuQuota === undefined ? undefined : Math.round((cpuQuota * 1000) / cpuPeriod);
  return {
    ...(requests && { requests: { ...requests, ...seen(requests, 'cpu', requestMilli, 'm') } }),
    ...(limits && {
      limits: {
        ...limits,
        ...seen(limits, 'cpu', limitMilli, 'm'),
        ...seen(limits, 'memory', memoryLimitInBytes, ''),
      },
    }),
  };
}

function same(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}
