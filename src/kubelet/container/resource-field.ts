import type { Node } from '../node.ts';
import { allContainers } from '../plan/containers.ts';
import { ConfigError } from '../sandbox/config-error.ts';
import { bytesOf, milliOf, type ResourceList } from '../sandbox/quantities.ts';
import type { Container, Pod } from '../types.ts';

export interface ResourceFieldRef {
  containerName?: string;
  resource: string;
  divisor?: string;
}

/**
 * `resourceFieldRef` as text: the amount in units of the divisor (default 1), rounded up. A limit that is not set is the
 * Pod's, else what the machine has for Pods; a request that is not set is 0 (pkg/api/v1/resource/helpers.go).
 * Throws ConfigError.
 */
export function containerResource(
  ref: ResourceFieldRef,
  input: { pod: Pod; container: Container; node: Node },
): string {
  const container = findContainer(ref.containerName, input);
  const [side, resource] = splitResource(ref.resource);
  const amountOf = resource === 'cpu' ? milliOf : bytesOf;
  const amount =
    amountOf(container.resources?.[side], resource) ||
    (side === 'limits' ? defaultLimit(resource, amountOf, input) : 0);
  const divisor = { divisor: ref.divisor ?? '0' };
  const one = { divisor: '1' };
  return String(Math.ceil(amount / (amountOf(divisor, 'divisor') || amountOf(one, 'divisor'))));
}

function findContainer(name: string | undefined, { pod, container }: { pod: Pod; container: Container }): Container {
  if (!name || name === container.name) return container;
  const found = allContainers(pod.spec).find((one) => one.name === name);
  if (!found) throw new ConfigError(`container ${name} not found`);
  return found;
}

function splitResource(text: string): ['limits' | 'requests', string] {
  const [, side, resource] = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/.exec(text) ?? [];
  if (side === undefined || resource === undefined) throw new ConfigError(`unsupported container resource : ${text}`);
  return [side as 'limits' | 'requests', resource];
}

function defaultLimit(
  resource: string,
  amountOf: (list: ResourceList, resource: string) => number,
  { pod, node }: { pod: Pod; node: Node },
): number {
  const ofPod = amountOf(pod.spec.resources?.limits, resource);
  if (ofPod > 0) return ofPod;
  const { cpuMillis, memoryBytes } = node.allocatable ?? node;
  return resource === 'cpu' ? cpuMillis : resource === 'memory' ? memoryBytes : 0;
}
