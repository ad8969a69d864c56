/** The closing lines of node's test runner (`ℹ tests 12`), and the tests it left out. */

const LINE = /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/gm;
const SKIPPED = /^\s*﹣ (.*?) \([\d.]+ms\)(?: # (.*))?$/gm;

export type Totals = Map<string, number>;

export function readTotals(output: string): Totals {
  return new Map([...output.matchAll(LINE)].map((match) => [match[1] ?? '', Number(match[2])]));
}

export function addTotals(all: readonly Totals[]): Totals {
  const sum: Totals = new Map();
  for (const totals of all) for (const [name, value] of totals) sum.set(name, (sum.get(name) ?? 0) + value);
  return sum;
}

/** As node prints them. */
export function formatTotals(totals: Totals): string {
  return [...totals]
    .map(([name, value]) => `ℹ ${name} ${name === 'duration_ms' ? Math.round(value) : value}\n`)
    .join('');
}

/** `name: reason` of each test that was left out. */
export function skippedTests(output: string): string[] {
  return [...output.matchAll(SKIPPED)].map((match) => `${match[1]}: ${match[2] ?? 'no reason given'}`);
}
