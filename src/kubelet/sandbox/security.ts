import type { LinuxSandboxSecurityContext } from '../../cri/port.ts';
import { allContainers } from '../plan/containers.ts';
import type { Pod } from '../types.ts';
import { ConfigError } from './config-error.ts';
import { namespaceOptions } from './namespaces.ts';
import type { UserNamespace } from './user-namespace.ts';

/** Security of the pause container (pkg/kubelet/kuberuntime/kuberuntime_sandbox.go). */
export function sandboxSecurity(pod: Pod, ids?: UserNamespace): LinuxSandboxSecurityContext {
  const { runAsUser, runAsGroup, seLinuxOptions } = pod.spec.securityContext ?? {};
  return {
    namespaceOptions: namespaceOptions(pod, ids),
    readonlyRootfs: false,
    privileged: allContainers(pod.spec).some((container) => container.securityContext?.privileged === true),
    seccomp: { profileType: 'RuntimeDefault' },
    ...groups(pod),
    ...(seLinuxOptions && { selinuxOptions: { ...seLinuxOptions } }),
    ...(runAsUser !== undefined && { runAsUser: { value: runAsUser } }),
    // containerd refuses a group without a user.
    ...(runAsUser !== undefined && runAsGroup !== undefined && { runAsGroup: { value: runAsGroup } }),
  };
}

/** Supplemental groups of the pause container and of every other one: `fsGroup` first, then the listed ones. */
export function groups(pod: Pod): Pick<LinuxSandboxSecurityContext, 'supplementalGroups' | 'supplementalGroupsPolicy'> {
  const { fsGroup, supplementalGroups = [], supplementalGroupsPolicy } = pod.spec.securityContext ?? {};
  return {
    supplementalGroups: [...(fsGroup === undefined ? [] : [fsGroup]), ...supplementalGroups],
    ...(supplementalGroupsPolicy && {
      supplementalGroupsPolicy: supplementalGroupsPolicy === 'Strict' ? 'Strict' : 'Merge',
    }),
  };
}

/**
 * Throws ConfigError where the runtime would give the groups of the image's files all the same, without a word
 * (pkg/kubelet/lifecycle/predicate.go).
 */
export function checkGroupsPolicy(pod: Pod, supported: boolean, runtime: string): void {
  if (supported || pod.spec.securityContext?.supplementalGroupsPolicy !== 'Strict') return;
  throw new ConfigError(
    `SupplementalGroupsPolicy=Strict is not supported in this node: ${runtime} does not say that it can, containerd 2.0 or CRI-O 1.32 can`,
  );
}
