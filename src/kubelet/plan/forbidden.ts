import { APPARMOR_ANNOTATION } from '../container/apparmor.ts';
import { policyViolation } from '../manifest/rules/policy.ts';
import { forbiddenSysctl } from '../manifest/rules/sysctls.ts';
import type { Node } from '../node.ts';
import { ALL_ALLOWED } from '../policy.ts';
import type { Pod } from '../types.ts';
import type { Refusal } from './admission.ts';
import { allContainers } from './containers.ts';

type Facts = Pick<Node, 'policy' | 'appArmor'>;

/**
 * Why a Pod may not run on this machine at all: its owner does not allow it, or it cannot enforce what the Pod asks for.
 * Reasons and words are the kubelet's where it has the rule (pkg/kubelet/sysctl, pkg/security/apparmor). Pure.
 */
export function forbidden(pod: Pod, node: Facts): Refusal | undefined {
  const [reason, why] = violation(pod, node) ?? [];
  if (reason === undefined) return undefined;
  return { verdict: 'reject', forbidden: true, reason, message: `Pod was rejected: ${why}` };
}

/** The same as one text. */
export function forbiddenText(pod: Pod, node: Facts): string | undefined {
  return violation(pod, node)?.[1];
}

function violation(
  pod: Pod,
  { policy = ALL_ALLOWED, appArmor }: Facts,
): readonly [reason: string, why: string] | undefined {
  const againstPolicy = policyViolation(pod, policy);
  if (againstPolicy !== undefined) return ['PolicyForbidden', againstPolicy];
  for (const { name } of pod.spec.securityContext?.sysctls ?? []) {
    const why = forbiddenSysctl(name, pod.spec, policy.allowedUnsafeSysctls);
    if (why !== undefined) return ['SysctlForbidden', why];
  }
  if (appArmor === false && wantsAppArmor(pod))
    return ['AppArmor', 'Cannot enforce AppArmor: AppArmor is not enabled on the host'];
  return undefined;
}

/** Some profile other than none (pkg/security/apparmor/helpers.go isRequired). */
function wantsAppArmor({ metadata, spec }: Pod): boolean {
  const profiles = [spec, ...allContainers(spec)].map(({ securityContext }) => securityContext?.appArmorProfile?.type);
  if (profiles.some((type) => type !== undefined && type !== 'Unconfined')) return true;
  return Object.entries(metadata.annotations ?? {}).some(
    ([key, profile]) => key.startsWith(APPARMOR_ANNOTATION) && profile !== 'unconfined',
  );
}
