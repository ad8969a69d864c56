import type { NamespaceOption } from '../../cri/port.ts';
import type { Pod } from '../types.ts';
import { idMappings, type UserNamespace } from './user-namespace.ts';

/** Which namespaces the Pod's processes share with whom (pkg/kubelet/kuberuntime/util/util.go NamespacesForPod). */
export function namespaceOptions(pod: Pod, ids?: UserNamespace): NamespaceOption {
  const { hostNetwork, hostPID, hostIPC, shareProcessNamespace } = pod.spec;
  return {
    network: hostNetwork ? 'NODE' : 'POD',
    pid: hostPID ? 'NODE' : shareProcessNamespace ? 'POD' : 'CONTAINER',
    ipc: hostIPC ? 'NODE' : 'POD',
    ...(ids && { usernsOptions: { mode: 'POD', uids: idMappings(ids), gids: idMappings(ids) } }),
  };
}
