/**
 * What must be true once nothing goes wrong any more: every wanted Pod runs, is over, or waits for a reason that holds;
 * nothing unwanted is left; and what is published agrees with the truth.
 */
import type { Wait } from '../../src/kubelet/plan/types.ts';
import type { PodView } from '../../src/kubelet/published.ts';
import type { Container, ContainerStatus, Pod } from '../../src/kubelet/types.ts';
import { amountProblems, mayLackRoom, overbooked } from './amounts.ts';
import { attemptOf, hostPorts, isOurs, podOf, podSpec, uidOf } from './checkers.ts';
import type { Desire } from './desire.ts';
import type { ContainerEntry } from './runtime-state.ts';
import { containerState, isRunning } from './runtime-state.ts';
import type { World } from './world.ts';

/** Beside the newest instance of a container, the one before it is kept for `lastState`. */
const KEPT_INSTANCES = 2;
/** The longest relist period, and the time a round takes. */
const NOTICED_MS = 12_000;

export function unsettled(world: World, desire: Desire): string[] {
  const published = world.agent?.kubelet.published();
  if (!published) return ['no agent runs'];
  const views = new Map(published.pods.map((view) => [view.key as string, view]));
  const problems: string[] = [];
  for (const [key, { revision }] of desire.wishes) {
    if (desire.uncertain.has(key)) continue;
    const view = views.get(key);
    if (!view) problems.push(`${key} is not published`);
    else if (view.pod.metadata.uid !== revision.uid) problems.push(`${key} is published in another revision`);
    else problems.push(...podProblems(world, desire, revision.pod, view).map((problem) => `${key}: ${problem}`));
  }
  for (const key of views.keys())
    if (!desire.wishes.has(key) && !desire.uncertain.has(key)) problems.push(`${key} is published and not wanted`);
  for (const { name, image } of world.storage.archives.values())
    if (!world.runtime.images.resolve(image)) problems.push(`image ${image} of ${name} is not there`);
  return [...problems, ...leftovers(world, desire), ...overbooked(world, desire)];
}

/** Another Pod's sandbox holds a host port that this one asks for. */
export function isRejected(world: World, desire: Desire, key: string): boolean {
  const ports = hostPorts(desire.wishes.get(key)?.revision.pod.spec);
  return [...world.runtime.state.sandboxes.values()].some(
    (sandbox) =>
      sandbox.alive &&
      isOurs(sandbox) &&
      podOf(sandbox) !== key &&
      hostPorts(podSpec(sandbox)).some((port) => ports.includes(port)),
  );
}

/**
 * What is published although it has not been true for a while. `quietSinceMs` tells when anything last happened to a
 * Pod for real.
 */
export function contradictions(world: World, desire: Desire, quietSinceMs: (key: string) => number): string[] {
  const now = world.clock.elapsedMs;
  return (world.agent?.kubelet.published().pods ?? []).flatMap((view) => {
    const key = view.key as string;
    const { uid } = view.pod.metadata;
    if (now - quietSinceMs(key) < NOTICED_MS || desire.wishes.get(key)?.revision.uid !== uid) return [];
    return (view.pod.status?.containerStatuses ?? []).flatMap(({ name, state, containerID }) => {
      const running = instancesOf(world, uid, name).find(isRunning);
      const shown = state?.running ? containerID : undefined;
      const real = running && `containerd://${running.id}`;
      return shown === real ? [] : [`${key} ${name} runs as ${real ?? 'nothing'} and shows ${shown ?? 'nothing'}`];
    });
  });
}

/** An init container is not through, and may never be. */
function initIsUnfinished(world: World, pod: Pod): boolean {
  return (pod.spec.initContainers ?? []).some(({ name, restartPolicy }) => {
    const newest = instancesOf(world, pod.metadata.uid, name)[0];
    if (restartPolicy === 'Always') return !newest || !isRunning(newest);
    return !newest || containerState(newest) !== 'exited' || newest.exitCode !== 0;
  });
}

/** Every wanted container of it runs. */
export function atRest(world: World, pod: Pod): boolean {
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === 'Always');
  const mayEnd = [...sidecars, ...pod.spec.containers].some(
    ({ livenessProbe, startupProbe, lifecycle }) => livenessProbe ?? startupProbe ?? lifecycle,
  );
  if (mayEnd) return false;
  return [...sidecars, ...pod.spec.containers].every(({ name }) =>
    instancesOf(world, pod.metadata.uid, name).some(isRunning),
  );
}

function podProblems(world: World, desire: Desire, pod: Pod, view: PodView): string[] {
  const key = view.key as string;
  if (!hasSandbox(world, key) && view.pod.status?.reason === 'OutOfcpu')
    return mayLackRoom(world, desire, key) ? [] : [`is rejected although there is room: ${view.pod.status.message}`];
  if (!hasSandbox(world, key) && isRejected(world, desire, key) && !isOver(world, pod)) {
    const rejected = view.pod.status?.phase === 'Failed' && view.pod.status.reason === 'NodePorts';
    return rejected
      ? []
      : [`it loses its host port but shows ${JSON.stringify(view.pod.status)} and waits ${JSON.stringify(view.waits)}`];
  }
  const amounts = amountProblems(world, desire, pod, view);
  if (amounts.length > 0) return amounts;
  return pod.spec.containers.flatMap((container) => {
    const instances = instancesOf(world, pod.metadata.uid, container.name);
    const status = view.pod.status?.containerStatuses?.find(({ name }) => name === container.name);
    if (!status) return [`${container.name} has no status in ${JSON.stringify(view.pod.status)}`];
    const { waiting, terminated } = status.state ?? {};
    const held =
      waiting?.reason === 'PodInitializing' || terminated !== undefined || view.pod.status?.phase === 'Failed';
    if (held && initIsUnfinished(world, pod)) return [];
    const problem = containerProblem(world, pod, container, instances[0], status, view.waits);
    const surplus =
      instances.length > KEPT_INSTANCES
        ? [
            `instances of ${container.name} are kept: ${instances.map((each) => `${each.id} ${containerState(each)}`).join(', ')}`,
          ]
        : [];
    return problem ? [`${container.name} ${problem}`, ...surplus] : surplus;
  });
}

/**
 * Nothing of it will run again, so it needs no port: every container has run to its end, or its sandbox is gone and the
 * policy is Never (kuberuntime_manager.go computePodActions).
 */
function isOver(world: World, pod: Pod): boolean {
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const ran = all.some(({ name }) => instancesOf(world, pod.metadata.uid, name)[0]?.finishedAtMs !== undefined);
  const { namespace, name } = pod.metadata;
  if (ran && pod.spec.restartPolicy === 'Never' && !hasSandbox(world, `${namespace}/${name}`)) return true;
  return pod.spec.containers.every(({ name }) => {
    const newest = instancesOf(world, pod.metadata.uid, name)[0];
    return newest !== undefined && containerState(newest) === 'exited' && endsWith(pod, newest.exitCode);
  });
}

function endsWith(pod: Pod, exitCode: number): boolean {
  const policy = pod.spec.restartPolicy;
  return policy === 'Never' || (policy === 'OnFailure' && exitCode === 0);
}

function containerProblem(
  world: World,
  pod: Pod,
  container: Container,
  newest: ContainerEntry | undefined,
  status: ContainerStatus,
  waits: readonly Wait[],
): string | undefined {
  if (newest && isRunning(newest)) {
    const shown = status.state?.running !== undefined && status.containerID === `containerd://${newest.id}`;
    return shown ? undefined : `runs as ${newest.id} but shows ${JSON.stringify(status.state)}`;
  }
  if (status.state?.running) return `does not run but shows running`;
  const exited = newest && containerState(newest) === 'exited';
  if (exited && endsWith(pod, newest.exitCode)) {
    const shown = status.state?.terminated?.exitCode === newest.exitCode;
    return shown ? undefined : `is over with ${newest.exitCode} but shows ${JSON.stringify(status.state)}`;
  }
  // Never means never: without its sandbox nothing of the Pod starts any more (kuberuntime_manager.go computePodActions).
  if (
    pod.spec.restartPolicy === 'Never' &&
    !hasSandbox(world, `${pod.metadata.namespace}/${pod.metadata.name}`) &&
    !exited
  )
    return undefined;
  const reason = status.state?.waiting?.reason;
  const present = world.runtime.images.resolve(container.image) !== undefined;
  const imageReasons = ['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull'];
  if (reason !== undefined && imageReasons.includes(reason)) {
    return present && container.imagePullPolicy !== 'Always' ? `shows ${reason} although its image is here` : undefined;
  }
  if (exited && reason === 'CrashLoopBackOff') return undefined;
  return `is ${newest ? containerState(newest) : 'missing'} and shows ${JSON.stringify(status.state)}, waits ${JSON.stringify(waits)}`;
}

function leftovers(world: World, desire: Desire): string[] {
  const { state } = world.runtime;
  const wanted = new Set([...desire.wishes.values()].map(({ revision }) => revision.uid));
  const sandboxes = [...state.sandboxes.values()].filter(
    (sandbox) => isOurs(sandbox) && !desire.uncertain.has(podOf(sandbox)),
  );
  const problems: string[] = [];
  const ready = new Map<string, number>();
  for (const sandbox of sandboxes) {
    if (!wanted.has(uidOf(sandbox))) problems.push(`${sandbox.id} of ${podOf(sandbox)} is not wanted any more`);
    else if (sandbox.alive) ready.set(uidOf(sandbox), (ready.get(uidOf(sandbox)) ?? 0) + 1);
  }
  for (const [uid, count] of ready) if (count > 1) problems.push(`${count} sandboxes of ${uid} are ready`);
  const uncertain = [...desire.uncertain];
  for (const container of state.containers.values()) {
    const { labels } = container.config;
    const key = `${labels['io.kubernetes.pod.namespace']}/${labels['io.kubernetes.pod.name']}`;
    const ours = labels['io.kubernetes.pod.uid'] !== undefined && !uncertain.includes(key);
    if (ours && !wanted.has(labels['io.kubernetes.pod.uid'] ?? ''))
      problems.push(`${container.id} of ${key} is not wanted any more`);
  }
  for (const { uid, namespace, name } of world.disk.pods.values()) {
    if (!wanted.has(uid) && !uncertain.includes(`${namespace}/${name}`)) problems.push(`files of ${uid} are left`);
  }
  return problems;
}

function hasSandbox(world: World, key: string): boolean {
  return [...world.runtime.state.sandboxes.values()].some(
    (sandbox) => sandbox.alive && isOurs(sandbox) && podOf(sandbox) === key,
  );
}

/** Newest first. */
function instancesOf(world: World, uid: string, name: string): ContainerEntry[] {
  return [...world.runtime.state.containers.values()]
    .filter(({ config }) => config.labels['io.kubernetes.pod.uid'] === uid && config.metadata.name === name)
    .sort((a, b) => attemptOf(b) - attemptOf(a));
}
