/** Prometheus' text format 0.0.4, for numbers that are read at scrape time and carry their own time. */
import type { Reply } from './message.ts';

/** The format that every Prometheus takes. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  /** Not sent when there is none. */
  readonly value: number | undefined;
  /** When it was measured, ms since the epoch. */
  readonly atMs?: number | undefined;
}

export interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export function metricsReply(body: string): Reply {
  return { status: 200, headers: { 'Content-Type': METRICS_TYPE }, body };
}

/** Families without samples are left out. */
export function exposition(families: readonly Family[]): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of families) {
    const told = samples.filter(({ value }) => value !== undefined);
    if (told.length === 0) continue;
    lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`);
    for (const { labels, value, atMs } of told) {
      const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
      const where = pairs.length > 0 ? `{${pairs.join(',')}}` : '';
      lines.push(`${name}${where} ${value}${atMs === undefined ? '' : ` ${Math.round(atMs)}`}`);
    }
  }
  return lines.length > 0 ? `${lines.join('\n')}\n` : '';
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
