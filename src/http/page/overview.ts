/** The parts of the page about the machine, its Pods, its manifests and what happened. */
import { VERSION } from '../../version.ts';
import { age, humanDuration } from '../duration.ts';
import { metadataProblems, readiness } from '../kubelet-api.ts';
import { nodeReadiness } from '../objects.ts';
import type { Event } from '../printer.ts';
import { redactUrls } from '../redact.ts';
import { RESOURCES } from '../resources.ts';
import type { Usage } from '../stats.ts';
import type { Item } from '../store.ts';
import type { View } from '../view.ts';
import { type Html, html } from './html.ts';

const MAX_EVENTS = 50;
const MAX_PROBLEMS = 100;
const GIBIBYTE = 2 ** 30;
/** Where the column is in `kubectl get pods -o wide`. */
const STATUS_COLUMN = 2;
const READY_COLUMN = 1;

export function machine(view: View, usage: Usage | undefined): Html {
  const { published, nowMs, manifests } = view;
  const { node, runtime } = published;
  const checks = [['syncloop', view.healthz()] as const, ...readiness(published)];
  const wrong = checks.flatMap(([, problems]) => problems);
  const facts: [string, Html | string][] = [
    ['Agent', `rower ${VERSION}, up ${humanDuration(nowMs - published.startedAtMs)}`],
    ['Runtime', runtime.name ? `${runtime.name} ${runtime.version}` : 'no answer yet'],
    ['System', `${node.osImage}, Linux ${node.kernelVersion}, ${node.architecture}`],
    ['Addresses', node.ips.join(', ') || 'none'],
    ['Manifests', sourceText(view, manifests)],
  ];
  const { ready, message } = nodeReadiness(published);
  const pressures = view.machine.conditions.filter(({ status }) => status === 'True');
  return html`<h1>${node.name}</h1>
<p>${wrong.length === 0 ? html`<strong class="good">Healthy</strong>` : html`<strong class="bad">Not healthy</strong>: ${redactUrls(wrong.join('; '))}`}${!ready && wrong.length === 0 && html` <span class="bad">${message}</span>`}</p>
${pressures.map(({ type, message: why }) => html`<p><strong class="wait">${type}</strong>: ${why}</p>`)}
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}${usage && meters(usage, view)}</dl>`;
}

function sourceText({ published }: View, manifests: string): string {
  const { problems, sourcesKnown } = published;
  if (!sourcesKnown) return `${manifests}: not read yet`;
  const errors = problems.filter(({ problem }) => problem.severity === 'error').length;
  return `${manifests}: ${errors === 0 ? 'read, no errors' : `${errors} ${errors === 1 ? 'error' : 'errors'}`}`;
}

function meters({ node, fs }: Usage, { published }: View): Html[] {
  const cores = published.node.cpuMillis / 1000;
  const used = (node.cpu?.usageNanoCores ?? 0) / 1e9;
  const memory = node.memory?.workingSetBytes ?? 0;
  const total = published.node.memoryBytes;
  return [
    meter('CPU', used / cores, `${used.toFixed(2)} of ${cores} cores`),
    meter('Memory', memory / total, `${gibibytes(memory)} of ${gibibytes(total)}`),
    ...(fs
      ? [
          meter(
            'Disk',
            1 - fs.availableBytes / fs.capacityBytes,
            `${gibibytes(fs.capacityBytes - fs.availableBytes)} of ${gibibytes(fs.capacityBytes)}`,
          ),
        ]
      : []),
  ];
}

function meter(name: string, share: number, words: string): Html {
  const value = Math.min(1, Math.max(0, share)).toFixed(3);
  return html`<div><dt>${name}</dt><dd><meter value="${value}" high="0.9" aria-label="${name}">${words}</meter><br>${words}</dd></div>`;
}

function gibibytes(bytes: number): string {
  return `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
}

export interface Filter {
  /** In any cell of the row. */
  readonly text: string;
  readonly onlyProblems: boolean;
}

export function filterForm({ text, onlyProblems }: Filter): Html {
  return html`<form method="get" action="/" role="search"><input type="search" name="q" value="${text}" placeholder="Filter Pods" aria-label="Filter Pods"><label><input type="checkbox" name="problems" value="1"${onlyProblems && html` checked`}> only problems</label><button>Filter</button></form>`;
}

export function podTable({ store, nowMs }: View, { text, onlyProblems }: Filter): Html {
  const { columns } = RESOURCES.pods;
  const all = store.list('pods').map((item) => ({ item, cells: RESOURCES.pods.cells(item.object, nowMs) }));
  const rows = all.filter(({ item, cells }) => {
    const shown = [item.namespace, ...cells].join(' ').toLowerCase();
    return shown.includes(text.toLowerCase()) && !(onlyProblems && severity(cells) === 'good');
  });
  if (all.length === 0) return html`<p class="dim">No Pods.</p>`;
  if (rows.length === 0) return html`<p class="dim">None of ${all.length} Pods.</p>`;
  return html`<div class="scroll"><table><thead><tr><th scope="col">Namespace</th>${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${rows.map(({ item, cells }) => html`<tr><td data-label="Namespace">${item.namespace}</td>${cells.map((cell, index) => podCell(item, cell, index, cells))}</tr>\n`)}</tbody></table></div>`;
}

function podCell(item: Item, cell: string | number, index: number, cells: readonly (string | number)[]): Html {
  const label = RESOURCES.pods.columns[index]?.name ?? '';
  if (index === 0) return html`<td data-label="${label}"><a href="${podLink(item)}">${cell}</a></td>`;
  if (index === STATUS_COLUMN) return html`<td data-label="${label}" class="${severity(cells)}">${cell}</td>`;
  return html`<td data-label="${label}"${cell === '<none>' && html` class="empty"`}>${cell}</td>`;
}

export function podLink({ namespace, name }: Pick<Item, 'namespace' | 'name'>): string {
  return `/?pod=${encodeURIComponent(`${namespace}/${name}`)}`;
}

/** By the words of `kubectl get`: ends well or runs with everything ready, is on its way, or neither. */
export function severity(cells: readonly (string | number)[]): 'good' | 'wait' | 'bad' {
  const status = String(cells[STATUS_COLUMN]);
  const [ready, all] = String(cells[READY_COLUMN]).split('/');
  if (status === 'Completed' || status === 'Succeeded') return 'good';
  if (status === 'Running') return ready === all ? 'good' : 'wait';
  const isOnItsWay = /^(?:Pending|ContainerCreating|PodInitializing|Terminating|NotReady|Init:\d+\/\d+)$/.test(status);
  return isOnItsWay ? 'wait' : 'bad';
}

/** What is wrong with manifests, without excerpts: they may hold secrets. */
export function manifestProblems({ published }: View): Html | undefined {
  const { problems, pods, metadata } = published;
  const ofMetadata = metadataProblems(metadata).map(
    ({ source, severity, field, message }) =>
      html`<div class="card"><strong class="${severity === 'error' ? 'bad' : 'wait'}">${severity}</strong> <code>${source.location}</code>${field && html` <code>${field}</code>`}<br>${firstLine(message)}</div>`,
  );
  const held = pods.filter((view) => view.held !== undefined);
  if (problems.length + held.length + ofMetadata.length === 0) return undefined;
  const told = problems.slice(0, MAX_PROBLEMS).map(({ origin, problem }) => {
    const { severity: kind, field, message, line, column } = problem;
    const place = [redactUrls(origin.location), line, column].filter((part) => part !== undefined).join(':');
    return html`<div class="card"><strong class="${kind === 'error' ? 'bad' : 'wait'}">${kind}</strong> <code>${place}</code>${field && html` <code>${field}</code>`}<br>${firstLine(message)}</div>`;
  });
  const kept = held.map(
    ({ pod, origin }) =>
      html`<div class="card"><strong class="wait">held</strong> ${pod.metadata.namespace}/${pod.metadata.name}: <code>${redactUrls(origin.location)}</code> is broken now, its last good version runs on.</div>`,
  );
  return html`<h2>Manifest problems</h2>${ofMetadata}${told}${kept}`;
}

function firstLine(message: string): string {
  return redactUrls(message.split('\n', 1)[0] ?? '');
}

/** The newest first; of one object when `name` is given. */
export function eventTable({ store, nowMs }: View, only?: { namespace: string; name: string }): Html {
  const events = store
    .list('events')
    .map(({ object }) => object as Event)
    .filter(({ involvedObject: { namespace, name } }) => !only || (namespace === only.namespace && name === only.name))
    .sort((a, b) => ((a.lastTimestamp ?? '') < (b.lastTimestamp ?? '') ? 1 : -1))
    .slice(0, MAX_EVENTS);
  if (events.length === 0) return html`<p class="dim">No events since the agent started.</p>`;
  return html`<div class="scroll"><table><thead><tr>${['Last seen', 'Type', 'Reason', 'Object', 'Message'].map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>
${events.map(
  ({ lastTimestamp, type, reason, involvedObject, message, count = 1 }) =>
    html`<tr><td data-label="Last seen">${age(lastTimestamp, nowMs)}${count > 1 && ` (×${count})`}</td><td data-label="Type" class="${type === 'Warning' ? 'wait' : 'dim'}">${type}</td><td data-label="Reason">${reason}</td><td data-label="Object">${(involvedObject.kind ?? '').toLowerCase()}/${involvedObject.name}</td><td data-label="Message">${message}</td></tr>\n`,
)}</tbody></table></div>`;
}
