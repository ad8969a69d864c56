/**
 * What the containers of a Pod ask for together, as text (staging/src/k8s.io/component-helpers/resource/helpers.go
 * AggregateContainerRequests): regular containers run together with all sidecars; an init container runs with the
 * sidecars started before it; the larger counts. A request that is not written is the container's limit.
 */
import type { PodManifest } from '../types.ts';
import { addQuantities, parseQuantity } from './quantity.ts';

type Spec = NonNullable<PodManifest['spec']>;
type Side = 'requests' | 'limits';

export function aggregate(spec: Spec, side: Side): Map<string, string> {
  const init = spec.initContainers ?? [];
  const names = new Set([...(spec.containers ?? []), ...init].flatMap((one) => Object.keys(listOf(one, side))));
  return new Map([...names].sort().map((name) => [name, sumOf(spec, side, name)]));
}

function sumOf(spec: Spec, side: Side, name: string): string {
  const amount = (of: Spec['containers'][number]) => listOf(of, side)[name] ?? '0';
  const sidecars: string[] = [];
  let initialising = '0';
  for (const container of spec.initContainers ?? []) {
    const sum = addQuantities([...sidecars, amount(container)]);
    if (container.restartPolicy === 'Always') sidecars.push(amount(container));
    initialising = larger(initialising, sum);
  }
  return larger(addQuantities([...(spec.containers ?? []).map(amount), ...sidecars]), initialising);
}

function listOf({ resources }: Spec['containers'][number], side: Side): Record<string, string> {
  return side === 'limits' ? (resources?.limits ?? {}) : { ...resources?.limits, ...resources?.requests };
}

function larger(a: string, b: string): string {
  return (parseQuantity(b) ?? 0n) > (parseQuantity(a) ?? 0n) ? b : a;
}
