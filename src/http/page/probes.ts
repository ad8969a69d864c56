/** What the probes of a container have come to, for the page. */
import type { Container, ContainerStatus, Probe } from '../../kubelet/types.ts';
import type { ProbeReport } from '../../probes/types.ts';
import { humanDuration } from '../duration.ts';
import { redactUrls } from '../redact.ts';
import { type Html, html } from './html.ts';

const MAX_OUTPUT_CHARS = 200;
const KINDS = ['exec', 'httpGet', 'tcpSocket', 'grpc'] as const;

/** `reports`: of this container. Undefined when it has no probes. */
export function probeList(
  container: Container,
  status: ContainerStatus | undefined,
  reports: readonly ProbeReport[],
  nowMs: number,
): Html | undefined {
  const probes: [ProbeReport['type'], Probe | undefined][] = [
    ['startup', container.startupProbe],
    ['readiness', container.readinessProbe],
    ['liveness', container.livenessProbe],
  ];
  const rows = probes.flatMap(([type, probe]) => {
    if (!probe) return [];
    const kind = KINDS.find((one) => probe[one]) ?? '';
    const report = reports.find((one) => one.type === type);
    return [html`<li>${type}, ${kind}: ${report ? reportText(report, nowMs) : unasked(type, status)}</li>`];
  });
  return rows.length > 0 ? html`<ul>${rows}</ul>` : undefined;
}

function unasked(type: ProbeReport['type'], status: ContainerStatus | undefined): Html {
  const passed = type === 'startup' ? status?.started : type === 'readiness' ? status?.ready : undefined;
  return passed ? html`<span class="good">passed</span>` : html`<span class="dim">not asked yet</span>`;
}

function reportText({ result, run, threshold, atMs, output }: ProbeReport, nowMs: number): Html {
  const isWell = result === 'success' || result === 'warning';
  const counted = run < threshold ? ` (${run} of ${threshold} in a row)` : '';
  // What a probe says when all is well is nobody's business; a failure is told in an event, too.
  const why = isWell || !output ? '' : `: ${redactUrls(output.split('\n', 1)[0] ?? '').slice(0, MAX_OUTPUT_CHARS)}`;
  return html`<span class="${isWell ? 'good' : 'bad'}">${result}</span>${counted}, ${humanDuration(Math.max(0, nowMs - atMs))} ago${why}`;
}
