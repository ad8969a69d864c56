/** The part of the page about one Pod. */
import { stringify } from 'yaml';
import type { Wait } from '../../kubelet/plan/types.ts';
import type { Container, ContainerState, ContainerStatus, Pod } from '../../kubelet/types.ts';
import { podKey } from '../../kubelet/types.ts';
import { age, humanDuration } from '../duration.ts';
import { redactUrls } from '../redact.ts';
import { RESOURCES } from '../resources.ts';
import type { Usage } from '../stats.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';
import { eventTable, severity } from './overview.ts';
import { probeList } from './probes.ts';

/** Lines of a log that are shown. */
export const TAIL_LINES = 200;

/** `undefined`: there is no such Pod. `key`: `namespace/name`. */
export function podDetails(view: View, key: string, usage?: Usage, log?: LogShown): Html | undefined {
  const [namespace = '', name = ''] = key.split('/');
  const pod = view.store.get('pods', namespace, name)?.object as Pod | undefined;
  const known = view.published.pods.find((one) => one.key === key);
  if (!pod || !known) return undefined;
  const { status, spec, metadata } = pod;
  const cells = RESOURCES.pods.cells(pod, view.nowMs);
  const facts: [string, string | undefined][] = [
    ['Namespace', namespace],
    ['From', redactUrls(known.origin.location)],
    ['Age', age(metadata.creationTimestamp, view.nowMs)],
    ['IP', status?.podIPs?.map(({ ip }) => ip).join(', ')],
    ['QoS class', status?.qosClass],
    ['Restart policy', spec.restartPolicy],
    ['UID', metadata.uid],
  ];
  return html`<p><a href="/">All Pods</a></p>
<h1>${name}</h1>
<p><strong class="${severity(cells)}">${cells[2]}</strong>${status?.message && html`: ${status.message}`}</p>
<dl class="facts">${facts.map(([label, value]) => value && html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>
${waitList(known.waits, view.nowMs)}
${containersOf(pod).map(([container, state, kind]) => containerCard(pod, container, state, kind, { view, usage }))}
${log && logSection(log)}
<h2>Conditions</h2>
<div class="scroll"><table><thead><tr>${['Condition', 'Status', 'Since', 'Reason'].map((label) => html`<th scope="col">${label}</th>`)}</tr></thead><tbody>
${(status?.conditions ?? []).map((one) => html`<tr><td data-label="Condition">${one.type}</td><td data-label="Status" class="${one.status === 'True' ? 'good' : 'wait'}">${one.status}</td><td data-label="Since">${age(one.lastTransitionTime, view.nowMs)}</td><td data-label="Reason">${[one.reason, one.message].filter(Boolean).join(': ')}</td></tr>\n`)}</tbody></table></div>
<h2>Events</h2>${eventTable(view, { namespace, name })}
<h2>As YAML</h2><details id="yaml"><summary>Manifest and status${view.full ? '' : ', values of the environment left out'}</summary><pre>${stringify(pod)}</pre></details>
<h2>Commands</h2>${commands(view, namespace, name)}`;
}

function waitList(waits: readonly Wait[], nowMs: number): Html[] {
  return waits.map(({ container, reason, message, untilMs }) => {
    const rest = untilMs === undefined || untilMs <= nowMs ? '' : `, ${humanDuration(untilMs - nowMs)} left`;
    return html`<div class="card"><strong class="wait">${reason}</strong>${container && html` ${container}`}${rest}<br>${redactUrls(message)}</div>`;
  });
}

function containersOf({ spec, status }: Pod): [Container, ContainerStatus | undefined, string][] {
  const find = (list: readonly ContainerStatus[] | undefined, name: string) => list?.find((one) => one.name === name);
  return [
    ...(spec.initContainers ?? []).map((one): [Container, ContainerStatus | undefined, string] => [
      one,
      find(status?.initContainerStatuses, one.name),
      one.restartPolicy === 'Always' ? 'Sidecar' : 'Init container',
    ]),
    ...spec.containers.map((one): [Container, ContainerStatus | undefined, string] => [
      one,
      find(status?.containerStatuses, one.name),
      'Container',
    ]),
  ];
}

function containerCard(
  pod: Pod,
  container: Container,
  status: ContainerStatus | undefined,
  kind: string,
  { view, usage }: { view: View; usage: Usage | undefined },
): Html {
  const { uid } = pod.metadata;
  const used = usage?.pods.find((one) => one.uid === uid)?.containers.find(({ name }) => name === container.name);
  const key = podKey(pod.metadata.namespace, pod.metadata.name);
  const reports = (view.probes?.() ?? []).filter((one) => one.key === key && one.container === container.name);
  const ports = (container.ports ?? []).map(
    ({ containerPort, hostPort, hostIP, protocol }) =>
      `${hostPort ? `${hostIP ? `${hostIP}:` : ''}${hostPort} → ` : ''}${containerPort}/${protocol}`,
  );
  const mounts = (container.volumeMounts ?? []).map(
    ({ mountPath, name, readOnly }) => `${mountPath} (${name}${readOnly ? ', read-only' : ''})`,
  );
  const facts: [string, Html | string | false | undefined][] = [
    ['State', stateText(status?.state, view.nowMs)],
    ['Before', status?.lastState?.terminated && stateText(status.lastState, view.nowMs)],
    ['Restarts', status && String(status.restartCount)],
    ['Ready', status && (status.ready ? 'yes' : 'no')],
    ['CPU', used?.cpu?.usageNanoCores !== undefined && `${(used.cpu.usageNanoCores / 1e9).toFixed(2)} cores`],
    ['Memory', used?.memory?.workingSetBytes !== undefined && mebibytes(used.memory.workingSetBytes)],
    ['Probes', probeList(container, status, reports, view.nowMs)],
    ['Image', container.image],
    ['Digest', status?.imageID],
    ['Ports', ports.join(', ')],
    ['Mounts', mounts.join(', ')],
    ['Log', view.full && logLinks(pod, container.name)],
  ];
  return html`<h2>${kind} ${container.name}</h2><dl class="facts">${facts.map(([label, value]) => value && html`<div><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function stateText(state: ContainerState | undefined, nowMs: number): string {
  if (state?.running) return `running for ${age(state.running.startedAt, nowMs)}`;
  if (state?.terminated) {
    const { exitCode, signal, reason, finishedAt, message } = state.terminated;
    const how = signal ? `signal ${signal}` : `exit code ${exitCode}`;
    return `ended ${age(finishedAt, nowMs)} ago, ${how}${reason ? ` (${reason})` : ''}${message ? `: ${message}` : ''}`;
  }
  const { reason, message } = state?.waiting ?? {};
  return [reason ?? 'waiting', message].filter(Boolean).join(': ');
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

/** The end of a log, shown on the page. */
export interface LogShown {
  readonly container: string;
  readonly isPrevious: boolean;
  /** Why there is none, else its last lines. */
  readonly problem?: string;
  readonly text: string;
}

function logSection({ container, isPrevious, problem, text }: LogShown): Html {
  const title = `Log of ${container}${isPrevious ? ', the run before' : ''}`;
  if (problem !== undefined) return html`<h2 id="log">${title}</h2><p class="bad">${problem}</p>`;
  return html`<h2 id="log">${title}</h2><pre class="log" role="log" tabindex="0" aria-label="${title}">${text || 'It is empty.'}</pre>`;
}

function logLinks({ metadata: { namespace, name } }: Pod, container: string): Html {
  const key = encodeURIComponent(`${namespace}/${name}`);
  const here = (label: string, more: string) =>
    html`<a href="/?pod=${key}&log=${encodeURIComponent(container)}${more}#log">${label}</a>`;
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`;
  const raw = html`<a href="${path}?container=${encodeURIComponent(container)}&tailLines=${TAIL_LINES}&follow=true">follow</a>`;
  return html`${here(`last ${TAIL_LINES} lines`, '')}, ${here('the run before', '&previous=1')}, ${raw}`;
}

/** As kubectl reaches this very listener. */
function commands({ full, kubeconfig, origin }: View, namespace: string, name: string): Html {
  const kubectl = `kubectl ${full && kubeconfig ? `--kubeconfig ${kubeconfig}` : `-s ${origin}`} -n ${namespace}`;
  const last = full ? `${kubectl} logs -f ${name}` : `curl ${origin}/api/v1/namespaces/${namespace}/pods/${name}`;
  return html`<pre>${kubectl} get pod ${name} -o yaml
${kubectl} describe pod ${name}
${last}</pre>`;
}
