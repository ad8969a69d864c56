/**
 * What of a manifest makes it another Pod. Amounts of cpu and memory do not, where they can be changed while the Pod
 * runs: regular containers, sidecars, and the Pod as a whole. Which amounts there are at all does, and the class of
 * service that follows from them: both are fixed for the life of a Pod (pkg/apis/core/validation ValidatePodResize).
 */
import { qosClass } from '../sandbox/qos.ts';
import type { Pod, PodManifest } from '../types.ts';
import { parseQuantity } from './quantity.ts';

const RESIZABLE = ['cpu', 'memory'];

type Spec = NonNullable<PodManifest['spec']>;
type Resources = Spec['resources'];

/** `written` for the uid; `defaulted` is the same with its defaults. The very object when it has no such amounts. */
export function identityOf(written: PodManifest, defaulted: PodManifest): object {
  const { spec } = written;
  const filled = defaulted.spec;
  if (!spec || !filled || !amountsOf(filled).some(hasAmount)) return written;
  const blank = <T extends { resources?: Resources }>(one: T, full: { resources?: Resources } | undefined): T =>
    full?.resources && hasAmount(full.resources) ? { ...one, resources: withoutAmounts(full.resources) } : one;
  const each = (containers: Spec['containers'], full: Spec['containers'] | undefined, all: boolean) =>
    containers.map((one, index) => (all || one.restartPolicy === 'Always' ? blank(one, full?.[index]) : one));
  return {
    ...written,
    spec: {
      ...blank(spec, filled),
      containers: each(spec.containers, filled.containers, true),
      ...(spec.initContainers && { initContainers: each(spec.initContainers, filled.initContainers, false) }),
    },
    qosClass: qosClass({ ...defaulted, spec: { ...filled, containers: filled.containers ?? [] } } as Pod),
  };
}

function amountsOf(spec: Spec): Resources[] {
  const sidecars = (spec.initContainers ?? []).filter((container) => container.restartPolicy === 'Always');
  return [spec, ...(spec.containers ?? []), ...sidecars].map((one) => one.resources);
}

function hasAmount(resources: Resources): boolean {
  return RESIZABLE.some((name) => isSet(resources?.requests?.[name]) || isSet(resources?.limits?.[name]));
}

/** As in Kubernetes an amount of zero is none. */
function isSet(text: string | undefined): boolean {
  return text !== undefined && parseQuantity(text) !== 0n;
}

function withoutAmounts(resources: NonNullable<Resources>): NonNullable<Resources> {
  const blank = (list: Record<string, string> | undefined) =>
    Object.fromEntries(
      Object.entries(list ?? {}).flatMap(([name, amount]) => {
        if (!RESIZABLE.includes(name)) return [[name, amount]];
        return isSet(amount) ? [[name, 'any']] : [];
      }),
    );
  return { ...resources, limits: blank(resources.limits), requests: blank(resources.requests) };
}
