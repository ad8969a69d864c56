import type { LinuxSandboxSecurityContext } from '../../cri/port.ts';
import { allContainers } from '../plan/containers.ts';
import type { Pod } from '../types.ts';
import { namespaceOptions } from './namespaces.ts';

/** Security of the pause container (pkg/kubelet/kuberuntime/kuberuntime_sandbox.go). */
export function sandboxSecurity(pod: Pod): LinuxSandboxSecurityContext {
  const { runAsUser, runAsGroup, seLinuxOptions } = pod.spec.securityContext ?? {};
  return {
    namespaceOptions: namespaceOptions(pod),
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
