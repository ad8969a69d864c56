import type { ObservedContainer } from '../observed.ts';
import type { Wait } from '../plan/types.ts';
import type { Container, ContainerState, ContainerStatus } from '../types.ts';
import { kubeTime } from './time.ts';

type Resources = Container['resources'];

export interface ContainerView {
  readonly container: Container;
  /** Instances of this revision, newest first. */
  readonly instances: readonly ObservedContainer[];
  readonly wait: Wait | undefined;
  readonly started: boolean;
  readonly ready: boolean;
  /** Waits before its first run: the kubelet's word for that. */
  readonly defaultReason: string;
  /** Prefix of full ids, e.g. `containerd`. */
  readonly runtimeName: string;
  /** What it has been given, and what it is held to now; absent: it asks for nothing. */
  readonly amounts?: { readonly allocated: Resources; readonly now: Resources } | undefined;
  /** Of a termination message: its share of what the whole Pod may have. */
  readonly messageLimitBytes: number;
}

/** Of a container whose state the runtime does not know any more (kubelet_pods.go convertToAPIContainerStatuses). */
const LOST = {
  reason: 'ContainerStatusUnknown',
  message: 'The container could not be located when the pod was terminated',
  exitCode: 137,
};

/** One entry of containerStatuses (kubelet_pods.go convertToAPIContainerStatuses). Pure. */
export function containerStatus({
  container,
  instances,
  wait,
  started,
  ready,
  defaultReason,
  runtimeName,
  amounts,
  messageLimitBytes,
}: ContainerView): ContainerStatus {
  const [newest] = instances;
  const running = newest?.state === 'running';
  const lost = newest?.state === 'unknown' && newest.startedAtMs !== undefined;
  const waits = !running && !lost && (newest?.state !== 'exited' || wait !== undefined);
  const former =
    waits && newest?.state === 'exited'
      ? newest
      : instances.find((instance) => instance !== newest && instance.state === 'exited');
  const shown = (instance: ObservedContainer) => stateOf(instance, runtimeName, messageLimitBytes);
  return {
    name: container.name,
    state: waits ? { waiting: waitingState(wait, defaultReason) } : shown(newest as ObservedContainer),
    lastState: former ? shown(former) : {},
    ready,
    restartCount: newest?.record.restartCount ?? 0,
    image: newest?.image || container.image,
    imageID: newest?.imageRef ?? '',
    ...(newest && { containerID: fullId(newest, runtimeName) }),
    started,
    ...(amounts?.allocated?.requests && { allocatedResources: amounts.allocated.requests }),
    ...(amounts?.now && { resources: amounts.now }),
    ...(newest?.user && { user: { linux: newest.user } }),
    ...volumeMounts(container),
  };
}

function waitingState(wait: Wait | undefined, defaultReason: string): NonNullable<ContainerState['waiting']> {
  const reason = wait?.reason ?? defaultReason;
  // The kubelet gives these two no message; what they wait for is in `explain`.
  const plain = reason === 'ContainerCreating' || reason === 'PodInitializing';
  return { reason, ...(wait?.message && !plain && { message: wait.message }) };
}

function stateOf(instance: ObservedContainer, runtimeName: string, messageLimitBytes: number): ContainerState {
  const started = instance.startedAtMs === undefined ? undefined : { startedAt: kubeTime(instance.startedAtMs) };
  if (instance.state === 'running') return { running: started ?? {} };
  if (instance.state === 'unknown')
    return { terminated: { ...LOST, ...started, containerID: fullId(instance, runtimeName) } };
  const message = Buffer.from(instance.message).subarray(0, messageLimitBytes).toString();
  return {
    terminated: {
      exitCode: instance.exitCode,
      ...(instance.reason && { reason: instance.reason }),
      ...(message && { message }),
      ...started,
      ...(instance.finishedAtMs !== undefined && { finishedAt: kubeTime(instance.finishedAtMs) }),
      containerID: fullId(instance, runtimeName),
    },
  };
}

function fullId(instance: ObservedContainer, runtimeName: string): string {
  return `${runtimeName}://${instance.id}`;
}

function volumeMounts(container: Container): Pick<ContainerStatus, 'volumeMounts'> | undefined {
  if (!container.volumeMounts?.length) return undefined;
  return {
    volumeMounts: container.volumeMounts.map(({ name, mountPath, readOnly, recursiveReadOnly }) => ({
      name,
      mountPath,
      ...(readOnly && { readOnly, recursiveReadOnly: recursiveReadOnly === 'Enabled' ? 'Enabled' : 'Disabled' }),
    })),
  };
}
