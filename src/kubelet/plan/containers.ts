import type { ObservedContainer, ObservedPod } from '../observed.ts';
import type { Container, PodSpec } from '../types.ts';
import type { Verdict } from '../verdict.ts';

/** An init container that keeps running beside the others (KEP-753). */
export function isSidecar(container: Container): boolean {
  return container.restartPolicy === 'Always';
}

/** Init containers in their order, then the regular ones. */
export function allContainers(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers];
}

/** Sidecars in the order in which they start. */
export function sidecars(spec: PodSpec): Container[] {
  return (spec.initContainers ?? []).filter(isSidecar);
}

/** Running, and its startup probe succeeded when it has one. */
export function isStarted(
  container: Container,
  instance: ObservedContainer | undefined,
  verdict: Verdict | undefined,
): boolean {
  return instance?.state === 'running' && (verdict?.started ?? !container.startupProbe);
}

/** Started, and its readiness probe succeeded when it has one. */
export function isReady(
  container: Container,
  instance: ObservedContainer | undefined,
  verdict: Verdict | undefined,
): boolean {
  return isStarted(container, instance, verdict) && (verdict?.ready ?? !container.readinessProbe);
}

/** Address of the sandbox that an instance is in. */
export function podIp(
  { observed }: { readonly observed: ObservedPod | undefined },
  instance: ObservedContainer,
): string | undefined {
  return observed?.sandboxes.find((sandbox) => sandbox.id === instance.sandboxId)?.ips[0];
}

/**
 * Instances of each name, newest first as they came; but one that runs comes before a newer one that was only created:
 * that one is a creation which came through late, and nothing that runs is stopped for it.
 */
export function byName(containers: readonly ObservedContainer[]): Map<string, ObservedContainer[]> {
  const map = new Map<string, ObservedContainer[]>();
  for (const container of containers) {
    const instances = map.get(container.name) ?? [];
    map.set(container.name, instances);
    const late = instances.findIndex(
      (other) => other.state === 'created' && other.record.epoch <= container.record.epoch,
    );
    if (container.state === 'running' && late >= 0) instances.splice(late, 0, container);
    else instances.push(container);
  }
  return map;
}

/** The newest instance of each name. */
export function newestByName(containers: readonly ObservedContainer[]): Map<string, ObservedContainer> {
  return new Map([...byName(containers)].flatMap(([name, [newest]]) => (newest ? [[name, newest] as const] : [])));
}
