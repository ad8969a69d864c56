/** Figures as people read them: a table on the terminal, a table in docs/specification.md. */

export interface Promised {
  text: string;
  held: boolean;
}

/** One row. */
export interface Figure {
  what: string;
  /** With its unit; what it was measured against and how it spread in brackets. */
  measured: string;
  /** Absent: nothing is promised, the figure is only told. */
  promise?: Promised;
}

/** Where and when the figures were measured. */
export interface Occasion {
  /** As typed. */
  command: string;
  /** Cores, memory, kernel, versions. */
  machine: string;
  /** ISO 8601, the day. */
  date: string;
  /** How busy the machine was otherwise; empty when it was not. */
  remark: string;
}

const BEGIN = '<!-- bench: what follows is written by npm run bench -->';
const END = '<!-- bench: end -->';

/** A promise that a number stays at or below another. */
export function atMost(value: number, limit: number, text: string): Promised {
  return { text, held: value <= limit };
}

/** A promise that a number stays below another. */
export function below(value: number, limit: number, text: string): Promised {
  return { text, held: value < limit };
}

/** Columns in line, for a terminal. */
export function plainTable(figures: readonly Figure[]): string {
  const rows = figures.map((figure) => [figure.what, verdict(figure), figure.measured]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map(([what = '', held = '', measured = '']) =>
      `${what.padEnd(widths[0] ?? 0)}  ${held.padEnd(widths[1] ?? 0)}  ${measured}`.trimEnd(),
    )
    .join('\n');
}

/** The part of the document that is written by the benchmark, markers included. */
export function markdown(figures: readonly Figure[], { command, machine, date, remark }: Occasion): string {
  const rows = figures.map((figure) =>
    `| ${figure.what} | ${figure.promise?.text ?? ''} | ${figure.measured} | ${verdict(figure)} |`.replaceAll(
      / +/g,
      ' ',
    ),
  );
  return [
    BEGIN,
    '',
    `\`${command}\` on ${date}: ${machine}.${remark && ` ${remark}`}`,
    '',
    '| | promised | measured | |',
    '|---|---|---|---|',
    ...rows,
    '',
    END,
  ].join('\n');
}

/** The document with its measured part replaced. Throws when it has no markers. */
export function withMeasured(document: string, part: string): string {
  const from = document.indexOf(BEGIN);
  const to = document.indexOf(END);
  if (from < 0 || to < from) throw new Error(`the document lacks the lines "${BEGIN}" and "${END}"`);
  return document.slice(0, from) + part + document.slice(to + END.length);
}

function verdict({ promise }: Figure): string {
  if (!promise) return '';
  return promise.held ? 'held' : 'NOT held';
}
