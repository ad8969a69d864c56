import { canonicalQuantity } from '../manifest/quantity.ts';
import type { Node } from '../node.ts';
import type { Pod, PodManifest } from '../types.ts';
import { ConfigError } from './config-error.ts';

/**
 * The runtime's handler for this Pod; empty is its default. Throws ConfigError, in the kubelet's words, for a class that
 * the configuration does not have (pkg/kubelet/runtimeclass/runtimeclass_manager.go).
 */
export function runtimeHandler(pod: Pod, { runtimeClasses = {} }: Pick<Node, 'runtimeClasses'>): string {
  const { runtimeClassName } = pod.spec;
  if (!runtimeClassName) return '';
  const found = Object.hasOwn(runtimeClasses, runtimeClassName) ? runtimeClasses[runtimeClassName] : undefined;
  if (!found) throw new ConfigError(unknownRuntimeClass(runtimeClassName, runtimeClasses));
  return found.handler;
}

export function unknownRuntimeClass(name: string, known: NonNullable<Node['runtimeClasses']>): string {
  const names = Object.keys(known);
  const hint = names.length > 0 ? `the configuration has ${names.join(', ')}` : 'the configuration names none';
  return `runtimeclass.node.k8s.io "${name}" not found: ${hint} (runtimeClasses)`;
}

/** A Pod with what its class says that it takes beside its containers; what the Pod says itself stays. */
export function withOverhead(pod: PodManifest, classes: NonNullable<Node['runtimeClasses']>): PodManifest {
  const { spec } = pod;
  const name = spec?.runtimeClassName;
  if (!spec || !name || spec.overhead || !Object.hasOwn(classes, name)) return pod;
  const amounts = Object.entries(classes[name]?.overhead?.podFixed ?? {});
  if (amounts.length === 0) return pod;
  const overhead = amounts.map(([resource, amount]) => [
    resource,
    canonicalQuantity(amount, { resourceList: true }) ?? amount,
  ]);
  return { ...pod, spec: { ...spec, overhead: Object.fromEntries(overhead) } };
}
