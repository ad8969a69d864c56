/**
 * What the planner's actions are, in words. Pure.
 *
 * To add one: a row in TEXTS; without it this file does not compile.
 */
import type { LinuxContainerResources } from '../../cri/port.ts';
import type { Action, ActionKind } from './types.ts';

type Of<K extends ActionKind> = Extract<Action, { kind: K }>;

const ID_CHARS = 12;

const TEXTS: { readonly [K in ActionKind]: (action: Of<K>) => string } = {
  'prepare-pod': () => 'prepare its directories and volumes',
  'run-sandbox': ({ attempt }) =>
    attempt === 0 ? 'make its sandbox and network' : `make a new sandbox and network, attempt ${attempt}`,
  'check-image': ({ image }) => `look whether image ${image} is here`,
  'pull-image': ({ image, containerName }) => `pull image ${image} for container ${containerName}`,
  'create-container': ({ containerName, restartCount }) =>
    `create container ${containerName}${restartCount === 0 ? '' : `, restart ${restartCount}`}`,
  'start-container': ({ containerName }) => `start container ${containerName}`,
  'size-pod': () => "set the limits of the Pod's cgroup",
  'resize-container': ({ containerName, resources }) =>
    `give container ${containerName} ${amountsText(resources)} while it runs`,
  'run-hook': ({ hook, containerName, timeoutMs }) =>
    `run the ${hook} hook of container ${containerName}${timeoutMs === undefined ? '' : `, at most ${Math.round(timeoutMs / 1000)} s`}`,
  'stop-container': ({ containerName, graceSeconds }) =>
    `stop container ${containerName} within ${graceSeconds} s, then kill it`,
  'stop-sandbox': ({ sandboxId }) => `take down sandbox ${shortId(sandboxId)} and its network`,
  'remove-sandbox': ({ sandboxId }) => `remove sandbox ${shortId(sandboxId)}`,
  'remove-container': ({ containerName, attempt }) =>
    `remove the ended container ${containerName}, attempt ${attempt}, with its log`,
  'release-pod': () => 'remove its directories, volumes and logs',
};

/** One action, as something that is done or going to be done. */
export function explainAction(action: Action): string {
  return (TEXTS[action.kind] as (action: Action) => string)(action);
}

function amountsText({ cpuQuota, cpuPeriod, cpuShares, memoryLimitInBytes }: LinuxContainerResources): string {
  return [
    cpuShares !== undefined && `${cpuShares} cpu shares`,
    cpuQuota !== undefined && cpuPeriod !== undefined && `at most ${cpuQuota / cpuPeriod} cpus`,
    memoryLimitInBytes !== undefined && `at most ${memoryLimitInBytes} bytes of memory`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}

function shortId(id: string): string {
  return id.slice(0, ID_CHARS);
}
