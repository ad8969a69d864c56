import type { ContainerStatus } from '../types.ts';

/** The instance whose log is meant, or why there is none, in the kubelet's words. */
export type LogChoice = { readonly containerId: string } | { readonly problem: string };

/**
 * Which instance `logs` shows: the running one, else the last that ran; with `previous` the one before the current
 * (pkg/kubelet/kubelet_pods.go validateContainerLogStatus). `pod` is the Pod's name. Pure.
 */
export function chooseLog(pod: string, status: ContainerStatus, previous: boolean): LogChoice {
  const { name, state, lastState } = status;
  const of = `container "${name}" in pod "${pod}"`;
  const former = lastState?.terminated?.containerID;
  if (previous) return chosen(former, `previous terminated ${of} not found`);
  if (state?.running) return chosen(status.containerID, `${of} is waiting to start - no logs yet`);
  if (state?.terminated) return chosen(state.terminated.containerID || former, `${of} is terminated`);
  if (lastState?.terminated) return chosen(former, `${of} is terminated`);
  return { problem: `${of} is waiting to start${why(state?.waiting?.reason)}` };
}

function why(reason: string | undefined): string {
  if (reason === undefined) return ' - no logs yet';
  if (reason === 'ErrImagePull') return ": image can't be pulled";
  return `: ${reason === 'ImagePullBackOff' ? 'trying and failing to pull image' : reason}`;
}

/** Without the runtime's name in front. */
function chosen(fullId: string | undefined, otherwise: string): LogChoice {
  return fullId ? { containerId: fullId.replace(/^.*:\/\//, '') } : { problem: otherwise };
}
