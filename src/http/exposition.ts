/**
 * Prometheus' text format 0.0.4, for numbers that are read at scrape time and carry their own time. Thousands of samples
 * are written at once, so that labels become text once for each thing that is told of.
 */
import type { Reply } from './message.ts';

/** The format that every Prometheus takes. */
const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

export interface Sample {
  /** Of `labelText`. */
  readonly labels: string;
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
  const writer = new Exposition();
  for (const { name, type, help, samples } of families) {
    writer.family(name, type, help);
    for (const { labels, value, atMs } of samples) writer.sample(labels, value, atMs);
  }
  return writer.text();
}

/** Writes families one after the other; one without samples leaves nothing. */
export class Exposition {
  #lines = '';
  #name = '';
  #head = '';

  /** What follows are its samples. */
  family(name: string, type: Family['type'], help: string): void {
    this.#name = name;
    this.#head = `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n`;
  }

  /** `labels`: of `labelText`. A sample without a value is left out. */
  sample(labels: string, value: number | undefined, atMs?: number): void {
    if (value === undefined) return;
    const where = labels === '' ? '' : `{${labels}}`;
    const when = atMs === undefined ? '' : ` ${Math.round(atMs)}`;
    this.#lines += `${this.#head}${this.#name}${where} ${value}${when}\n`;
    this.#head = '';
  }

  text(): string {
    return this.#lines;
  }
}

/** `a="b",c="d"`: what stands between the braces. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  let text = '';
  for (const name in labels) text += `${text === '' ? '' : ','}${name}="${escapeLabel(labels[name] ?? '')}"`;
  return text;
}

/** Two texts of labels as one; either may be empty. */
export function joinLabels(one: string, other: string): string {
  return one === '' || other === '' ? one + other : `${one},${other}`;
}

function escapeLabel(text: string): string {
  if (!/[\\"\n]/.test(text)) return text;
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
