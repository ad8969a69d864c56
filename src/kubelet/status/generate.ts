import { EVICTED } from '../host.ts';
import type { Node } from '../node.ts';
import type { ObservedContainer, ObservedPod, ObservedSandbox } from '../observed.ts';
import type { Admission } from '../plan/admission.ts';
import { amountsNow } from '../plan/allocated.ts';
import { allContainers, byName, isReady, isSidecar, isStarted, newestByName } from '../plan/containers.ts';
import { deadlineMs, failed, failedInit, isOver } from '../plan/over.ts';
import { REJECTED, TERMINATED } from '../plan/shutdown.ts';
import type { Plan, Wait } from '../plan/types.ts';
import { qosClass } from '../sandbox/qos.ts';
import type { Container, ContainerStatus, Pod, PodStatus } from '../types.ts';
import type { Verdict } from '../verdict.ts';
import { podConditions } from './conditions.ts';
import { containerStatus } from './container.ts';
import { podPhase } from './phase.ts';
import { kubeTime } from './time.ts';

/** Of the termination messages of all containers of a Pod (pkg/kubelet/status/status_manager.go normalizeStatus). */
const MAX_POD_MESSAGE_BYTES = 12 * 1024;

/** Reason of a Pod that outlived its deadline, and of the event. */
export const DEADLINE_EXCEEDED = 'DeadlineExceeded';

export interface StatusInput {
  readonly pod: Pod;
  readonly observed: ObservedPod | undefined;
  readonly waits: readonly Wait[];
  readonly admission: Admission;
  /** The machine goes down, and with it this Pod, or it is evicted: reason and message. */
  readonly down?: { readonly reason: string; readonly message: string } | undefined;
  readonly verdicts: ReadonlyMap<string, Verdict>;
  readonly startTimeMs: number;
  readonly nowMs: number;
  /** Addresses of the machine, the preferred one first. */
  readonly hostIps: readonly string[];
  readonly node: Node;
  /** What the plan says of a resize under way, see plan/types.ts. */
  readonly resizing?: Plan['resizing'];
  /** Prefix of container ids, e.g. `containerd`. */
  readonly runtimeName: string;
  /** The status generated before, for transition times. */
  readonly before: PodStatus | undefined;
}

/**
 * The status of one revision, from what the runtime shows and what the planner waits for (kubelet_pods.go
 * generateAPIPodStatus). Pure.
 *
 * Beyond the kubelet without an API server: `hostIP(s)` is filled, and `podIP` of a host-network Pod is the host's.
 */
export function generateStatus(input: StatusInput): PodStatus {
  const { pod, startTimeMs, hostIps } = input;
  const { uid } = pod.metadata;
  const containers = (input.observed?.containers ?? []).filter((container) => container.uid === uid);
  const sandboxes = (input.observed?.sandboxes ?? []).filter((sandbox) => sandbox.uid === uid);
  const [sandbox] = sandboxes;
  const start = { startTime: kubeTime(startTimeMs) };
  const qos = { qosClass: qosClass(pod) };
  const refused = refusal(input, sandbox);
  if (refused) {
    const { reason, message } = refused;
    return { phase: 'Failed', reason, message, ...hostAddresses(hostIps), ...start, ...qos };
  }
  const newest = newestByName(containers);
  const ran = { newest, sandboxes };
  const uninitialised = pending(input, newest, sandbox);
  const expired = expiry(input, ran);
  const over = expired !== undefined || isOver(pod, ran);
  const facts = {
    newest,
    over,
    initialised: uninitialised.length === 0,
    failedInit: failedInit(pod, newest, sandbox?.id),
  };
  const ending = expired ?? input.down;
  const phase = ending ? 'Failed' : podPhase(pod, facts);
  const addresses = { ...hostAddresses(hostIps), ...podAddresses(pod, sandbox?.ips ?? [], hostIps) };
  return {
    phase,
    ...ending,
    conditions: podConditions({
      pending: input.admission.verdict === 'admit' ? input.admission.pending : undefined,
      resizing: input.resizing,
      nowMs: input.nowMs,
      phase,
      startTimeMs,
      sandboxReadySinceMs: sandbox?.state === 'ready' ? sandbox.createdAtMs : undefined,
      containers: counted(pod).map((container) => readiness(input, container, newest.get(container.name))),
      initialisedAtMs: initialisedAt(pod, newest, startTimeMs),
      uninitialised: uninitialised.map((container) => container.name),
      disrupted: disruption(input, newest),
      readinessGates: (pod.spec.readinessGates ?? []).map((gate) => gate.conditionType),
      before: input.before?.conditions,
    }),
    ...addresses,
    ...start,
    ...statuses(input, containers),
    ...qos,
  };
}

/** Why the Pod is not taken (pkg/kubelet/kubelet.go rejectPod); undefined: it is, or it runs already. */
function refusal({ admission, down }: StatusInput, sandbox: ObservedSandbox | undefined) {
  if (down?.reason === REJECTED.reason) return down;
  return admission.verdict === 'reject' && sandbox?.state !== 'ready' ? admission : undefined;
}

/** The Pod outlived `activeDeadlineSeconds` (pkg/kubelet/active_deadline.go). */
function expiry({ pod, startTimeMs, nowMs }: StatusInput, ran: Parameters<typeof deadlineMs>[2]) {
  const atMs = deadlineMs(pod, startTimeMs, ran);
  if (atMs === undefined || atMs > nowMs) return undefined;
  return { reason: DEADLINE_EXCEEDED, message: 'Pod was active on the node longer than the specified deadline' };
}

/** The Pod was ended for the machine's sake: it goes down, or the Pod is evicted (KEP-3329). */
function disruption({ down, startTimeMs }: StatusInput, newest: ReadonlyMap<string, ObservedContainer>) {
  if (down?.reason !== TERMINATED.reason && down?.reason !== EVICTED) return undefined;
  const ends = [...newest.values()].flatMap(({ finishedAtMs }) => finishedAtMs ?? []);
  return { message: down.message, sinceMs: Math.max(startTimeMs, ...ends) };
}

/** Containers whose readiness counts: regular ones, and sidecars. */
function counted(pod: Pod): Container[] {
  return [...(pod.spec.initContainers ?? []).filter(isSidecar), ...pod.spec.containers];
}

/** Init containers that are not done, and sidecars that have not started, unless a regular container shows that all were. */
function pending(
  { pod, verdicts }: StatusInput,
  newest: ReadonlyMap<string, ObservedContainer>,
  sandbox: ObservedSandbox | undefined,
): Container[] {
  const here = (container: Container) => {
    const instance = newest.get(container.name);
    return instance && instance.sandboxId === sandbox?.id ? instance : undefined;
  };
  if (pod.spec.containers.some((container) => here(container) && here(container)?.state !== 'created')) return [];
  return (pod.spec.initContainers ?? []).filter((container) => {
    const instance = here(container);
    if (isSidecar(container)) return !isStarted(container, instance, instance && verdicts.get(instance.id));
    return !(instance?.state === 'exited' && !failed(instance));
  });
}

function initialisedAt(pod: Pod, newest: ReadonlyMap<string, ObservedContainer>, startTimeMs: number): number {
  const times = (pod.spec.initContainers ?? []).map((container) => {
    const instance = newest.get(container.name);
    return (isSidecar(container) ? instance?.startedAtMs : instance?.finishedAtMs) ?? startTimeMs;
  });
  return Math.max(startTimeMs, ...times);
}

function readiness(
  { verdicts, startTimeMs }: StatusInput,
  container: Container,
  newest: ObservedContainer | undefined,
) {
  const verdict = newest && verdicts.get(newest.id);
  const ready = isReady(container, newest, verdict);
  const changedMs = newest?.state === 'running' ? (verdict?.readySinceMs ?? newest.startedAtMs) : newest?.finishedAtMs;
  return { name: container.name, ready, sinceMs: changedMs ?? startTimeMs };
}

function statuses(
  input: StatusInput,
  containers: readonly ObservedContainer[],
): Pick<PodStatus, 'containerStatuses' | 'initContainerStatuses'> {
  const { pod, waits, verdicts, runtimeName } = input;
  const instances = byName(containers);
  const init = pod.spec.initContainers ?? [];
  const allocated = (input.admission.verdict === 'admit' && input.admission.allocated) || pod;
  const given = new Map(allContainers(allocated.spec).map((container) => [container.name, container]));
  const amountsOf = (container: Container) => {
    const instance = instances.get(container.name)?.[0];
    const one = given.get(container.name) ?? container;
    if (Object.keys({ ...one.resources?.requests, ...one.resources?.limits }).length === 0) return undefined;
    return { allocated: one.resources, now: amountsNow(allocated, one, instance, input.node) };
  };
  const status = (container: Container): ContainerStatus => {
    const [newest] = instances.get(container.name) ?? [];
    const verdict = newest && verdicts.get(newest.id);
    // A plain init container is ready when it is done (prober_manager.go UpdatePodStatus).
    const plain = init.includes(container) && !isSidecar(container);
    const finished = newest?.state === 'exited' && !failed(newest);
    return containerStatus({
      container,
      instances: instances.get(container.name) ?? [],
      wait: waits.find((wait) => wait.container === container.name),
      started: isStarted(container, newest, verdict),
      ready: plain ? finished : isReady(container, newest, verdict),
      defaultReason: init.length > 0 ? 'PodInitializing' : 'ContainerCreating',
      runtimeName,
      amounts: amountsOf(container),
      messageLimitBytes: Math.floor(MAX_POD_MESSAGE_BYTES / (init.length + pod.spec.containers.length)),
    });
  };
  return {
    ...(init.length > 0 && { initContainerStatuses: init.map(status) }),
    containerStatuses: pod.spec.containers.map(status).sort((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function hostAddresses(ips: readonly string[]): Pick<PodStatus, 'hostIP' | 'hostIPs'> {
  const [first] = ips;
  return first === undefined ? {} : { hostIP: first, hostIPs: ips.map((ip) => ({ ip })) };
}

function podAddresses(
  pod: Pod,
  ips: readonly string[],
  hostIps: readonly string[],
): Pick<PodStatus, 'podIP' | 'podIPs'> {
  const own = pod.spec.hostNetwork ? hostIps : ips;
  const [first] = own;
  return first === undefined ? {} : { podIP: first, podIPs: own.map((ip) => ({ ip })) };
}
