/** An explanation as text for a terminal. Pure. */
import type { ContainerExplanation, Explanation, PodExplanation } from '../http/explain.ts';

/** Containers one to a line, what is done, what waits and what comes next below them. */
export function explanationText(explanation: Explanation): string {
  const { pods } = explanation;
  const blocks = [
    agentLines(explanation),
    metadataLines(explanation),
    ...pods.map((pod) => podLines(pod, explanation.at)),
  ];
  if (pods.length === 0) blocks.push(['No Pods.']);
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Nothing when all is well. */
function agentLines({ runtime, sourcesKnown, problems }: Explanation): string[] {
  const lines: string[] = [];
  if (!runtime.ready || !runtime.networkReady) lines.push(`runtime: ${runtime.message || 'it is not ready'}`);
  if (!sourcesKnown) lines.push('manifests: not every source has been read: nothing unknown is stopped');
  for (const { severity, source, line, field, message } of problems) {
    const place = `${source.location}${line === undefined ? '' : `:${line}`}`;
    lines.push(`${severity}: ${place}: ${field ? `${field}: ` : ''}${message}`);
  }
  return lines;
}

/** What the cloud gave; nothing where metadata is off or no provider fits. */
function metadataLines({ metadata, at }: Explanation): string[] {
  if (metadata?.provider === undefined) return [];
  const { provider, reason, instanceId, state, outcome, payload, pods, documents, attributes } = metadata;
  const { lastSuccess, changed, nextTry, error, userDataSha256: sha256 } = metadata;
  const what = outcome === undefined ? state : `${outcome}${payload === undefined ? '' : ` (${payload})`}`;
  const shown = Object.entries(attributes).filter(([key]) => key !== 'rower.dev/instance-id');
  return [
    `metadata: ${provider}${reason === undefined ? '' : `, ${reason}`}${instanceId === undefined ? '' : `, instance ${instanceId}`}`,
    `  user-data  ${what}${sha256 === undefined ? '' : `, sha256 ${sha256}…`}${changed === undefined ? '' : `, unchanged for ${spanText(changed, at)}`}`,
    `  in use     ${pods} ${pods === 1 ? 'Pod' : 'Pods'}, ${documents} other ${documents === 1 ? 'document' : 'documents'}`,
    ...(lastSuccess === undefined ? [] : [`  taken      ${spanText(lastSuccess, at)} ago`]),
    ...(error === undefined || nextTry === undefined
      ? []
      : [`  failing    ${error.kind}, next try at ${clock(nextTry)}`]),
    ...shown.sort().map(([key, value]) => `  ${key} = ${value}`),
  ];
}

function podLines(pod: PodExplanation, at: string): string[] {
  const { namespace, name, phase, reason, message, held, source, containers, doing, waits, next } = pod;
  const ending = [reason, message].filter(Boolean).join(': ');
  const idle = doing.length === 0 && waits.length === 0 && next.what.length === 0;
  const names = Math.max(...containers.map((container) => container.name.length));
  return [
    `${namespace}/${name}  ${phase}${ending ? `, ${ending}` : ''}`,
    `  from       ${source.location}`,
    ...(held === undefined ? [] : [`  held       ${held}`]),
    ...containers.map(
      (container) => `  ${kindText(container)} ${container.name.padEnd(names)}  ${stateText(container, at)}`,
    ),
    ...doing.map(({ what, since }) => `  doing      ${what}, for ${spanText(since, at)}`),
    ...waits.map(
      ({ container, reason: why, message: more, until }) =>
        `  waits      ${[container, why, more].filter(Boolean).join(': ')}${until === undefined ? '' : `, until ${clock(until)} (in ${spanText(at, until)})`}`,
    ),
    ...next.what.map(
      (what, index) =>
        `  ${index === 0 ? 'next' : '    '}       ${what}${index === 0 && next.at !== undefined ? `, at ${clock(next.at)}` : ''}`,
    ),
    ...(idle ? ['  next       nothing: all is as it should be'] : []),
  ];
}

function kindText({ kind }: ContainerExplanation): string {
  return kind.padEnd(10);
}

function stateText({ state, since, reason, exitCode, ready, restarts }: ContainerExplanation, at: string): string {
  const again = restarts === 0 ? '' : `, ${restarts === 1 ? '1 restart' : `${restarts} restarts`}`;
  const ago = since === undefined ? '' : ` since ${spanText(since, at)}`;
  if (state === 'running') return `running${ago}, ${ready ? 'ready' : 'not ready'}${again}`;
  if (state === 'terminated') return `ended${ago} with ${exitCode}${reason ? ` (${reason})` : ''}${again}`;
  return `not running${reason ? `: ${reason}` : ''}${again}`;
}

/** `3s`, `4m12s`, `5h7m`, `3d4h`. */
function spanText(from: string, to: string): string {
  const seconds = Math.max(0, Math.round((Date.parse(to) - Date.parse(from)) / 1000));
  const units: [size: number, letter: string][] = [
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'm'],
    [1, 's'],
  ];
  const first = Math.max(
    0,
    units.findIndex(([size]) => seconds >= size),
  );
  const [size, letter] = seconds === 0 ? [1, 's'] : (units[first] as [number, string]);
  const [smaller, small] = units[first + 1] ?? [1, ''];
  const rest = small && seconds > 0 ? Math.floor((seconds % size) / smaller) : 0;
  return `${Math.floor(seconds / size)}${letter}${rest > 0 ? `${rest}${small}` : ''}`;
}

/** The time of day in UTC, as logs show it. */
function clock(time: string): string {
  return `${time.slice(11, 19)}Z`;
}
