/**
 * How `kubectl get` writes what it got. Sources: cli-runtime pkg/printers (tableprinter.go, json.go, yaml.go, name.go);
 * columns as Go's text/tabwriter lays them out.
 */
import { yamlText } from './get-yaml.ts';

export interface Table {
  columnDefinitions: { name: string; priority: number }[];
  rows: { cells: unknown[]; object?: { metadata?: { namespace?: string } } }[];
}

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: { name?: string };
  items?: KubeObject[];
}

const MIN_WIDTH = 6;
const PADDING = 3;

/** Columns padded with blanks, the last one not. `wide` shows the columns of priority 1 too. */
export function tableText(table: Table, options: { wide: boolean; withNamespace: boolean }): string {
  const { wide, withNamespace } = options;
  const shown = table.columnDefinitions.flatMap(({ priority }, index) => (wide || priority === 0 ? [index] : []));
  const header = shown.map((index) => table.columnDefinitions[index]?.name.toUpperCase() ?? '');
  const lines = table.rows.map(({ cells, object }) => [
    ...(withNamespace ? [object?.metadata?.namespace ?? ''] : []),
    ...shown.map((index) => cellText(cells[index])),
  ]);
  return columns([[...(withNamespace ? ['NAMESPACE'] : []), ...header], ...lines]);
}

/** A cell ends where its first line ends. */
function cellText(cell: unknown): string {
  const text = String(cell ?? '');
  const end = text.search(/[\f\n\r]/);
  return end < 0 ? text : `${text.slice(0, end)}...`;
}

function columns(lines: readonly string[][]): string {
  const widths = lines[0]?.map((_, column) => {
    const longest = Math.max(...lines.map((line) => [...(line[column] ?? '')].length));
    return Math.max(MIN_WIDTH, longest + PADDING);
  });
  return lines
    .map((line) => {
      const padded = line.map((cell, column) =>
        column === line.length - 1 ? cell : cell + ' '.repeat((widths?.[column] ?? 0) - [...cell].length),
      );
      return `${padded.join('')}\n`;
    })
    .join('');
}

/** One object, or several as `kind: List`. */
export function objectJson(object: KubeObject): string {
  const text = JSON.stringify(sortKeys(asList(object)), undefined, 4);
  // Go's encoder writes these so that JSON is safe inside HTML.
  const escaped = text.replace(/[<>&\u2028\u2029]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  return `${escaped}\n`;
}

export function objectYaml(object: KubeObject): string {
  return yamlText(asList(object));
}

/** `pod/NAME` per line. */
export function nameText(object: KubeObject, singular: string): string {
  return (object.items ?? [object]).map(({ metadata }) => `${singular}/${metadata?.name ?? ''}\n`).join('');
}

function asList(object: KubeObject): object {
  const { kind = '', apiVersion = 'v1', items } = object;
  if (!items) return object;
  const itemKind = kind.replace(/List$/, '');
  return {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: items.map((item) => ({ ...item, apiVersion, kind: itemKind })),
  };
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sortKeys(part)]));
}
