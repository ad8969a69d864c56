/** What is true of cpu and memory on the machine: nobody has more than there is, and everybody has what he was given. */
import type { LinuxContainerResources } from '../../src/cri/port.ts';
import { containerResources } from '../../src/kubelet/container/resources.ts';
import { podSize } from '../../src/kubelet/plan/resize.ts';
import type { PodView } from '../../src/kubelet/published.ts';
import { SHARES_PER_CPU, sharesToWeight } from '../../src/kubelet/sandbox/cpu.ts';
import { podMilliCpu } from '../../src/kubelet/sandbox/resources.ts';
import type { Container, Pod } from '../../src/kubelet/types.ts';
import { isOurs, podOf, podSpec, uidOf } from './checkers.ts';
import type { Desire } from './desire.ts';
import { type ContainerEntry, isRunning } from './runtime-state.ts';
import { NODE, type World } from './world.ts';

/** Shares are whole numbers. */
const ROUNDING_MILLI = 10;

const milliOf = ({ resources }: ContainerEntry) => ((resources.cpuShares ?? 0) * 1000) / SHARES_PER_CPU;
const asks = (container: ContainerEntry) => container.config.annotations['rower.dev/resources'] !== undefined;

/** What the running containers of other Pods than `key` were given at least, and what their Pods may count for at most. */
function usedByOthers(world: World, desire: Desire, key: string): { least: number; most: number } {
  const used = { least: 0, most: 0 };
  for (const sandbox of world.runtime.state.sandboxes.values()) {
    if (!sandbox.alive || !isOurs(sandbox) || podOf(sandbox) === key) continue;
    const running = world.runtime.state.inSandbox(sandbox.id).filter((one) => isRunning(one) && asks(one));
    const given = running.reduce((sum, one) => sum + milliOf(one), 0);
    const made = { metadata: {}, spec: podSpec(sandbox) } as Pod;
    const wish = desire.wishes.get(podOf(sandbox))?.revision;
    const wanted = wish && wish.uid === uidOf(sandbox) ? podMilliCpu(wish.pod, 'requests') : 0;
    used.least += given;
    used.most += Math.max(given, podMilliCpu(made, 'requests'), wanted);
  }
  return used;
}

/** It may be that this Pod does not fit beside the others. */
export function mayLackRoom(world: World, desire: Desire, key: string): boolean {
  const pod = desire.wishes.get(key)?.revision.pod;
  if (!pod) return false;
  return podMilliCpu(pod, 'requests') + usedByOthers(world, desire, key).most > NODE.cpuMillis - ROUNDING_MILLI;
}

/** The machine is promised more than once. */
export function overbooked(world: World, desire: Desire): string[] {
  const { least } = usedByOthers(world, desire, '');
  return least > NODE.cpuMillis + ROUNDING_MILLI
    ? [`running containers share ${least} of ${NODE.cpuMillis} millicores`]
    : [];
}

/** A Pod whose containers do not have the amounts of its manifest, though nothing keeps them. */
export function amountProblems(world: World, desire: Desire, pod: Pod, view: PodView): string[] {
  const pending = view.pod.status?.conditions?.find(({ type }) => type === 'PodResizePending');
  if (pending) {
    const lacks = mayLackRoom(world, desire, view.key);
    return lacks ? [] : [`shows PodResizePending (${pending.message}) although there is room`];
  }
  const all = [...(pod.spec.initContainers ?? []), ...pod.spec.containers];
  const problems = all.flatMap((container) => {
    const entry = runningOf(world, pod, container);
    if (!entry || same(entry.resources, containerResources(pod, container, NODE))) return [];
    return [`${entry.id} has ${JSON.stringify(entry.resources)}, not ${JSON.stringify(container.resources)}`];
  });
  const size = podSize(pod, NODE);
  const runs = all.some((container) => runningOf(world, pod, container));
  const shown = world.disk.pods.get(pod.metadata.uid)?.size;
  if (runs && size !== undefined && shown !== size) problems.push(`its group has ${shown}, not ${size}`);
  return problems;
}

function runningOf(world: World, pod: Pod, { name }: Container): ContainerEntry | undefined {
  return [...world.runtime.state.containers.values()].find(
    (entry) =>
      isRunning(entry) &&
      entry.config.labels['io.kubernetes.pod.uid'] === pod.metadata.uid &&
      entry.config.metadata.name === name,
  );
}

function same(a: LinuxContainerResources, b: LinuxContainerResources): boolean {
  return (
    sharesToWeight(a.cpuShares ?? 0) === sharesToWeight(b.cpuShares ?? 0) &&
    a.cpuQuota === b.cpuQuota &&
    a.memoryLimitInBytes === b.memoryLimitInBytes
  );
}
