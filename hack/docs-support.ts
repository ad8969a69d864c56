/** `docs/kubernetes-support.md`, from the tables of the manifest reader. */
import type { Field } from '../src/kubelet/manifest/field.ts';
import { TYPES } from '../src/kubelet/manifest/fields.ts';
import { allKinds, type Treatment } from '../src/kubelet/manifest/kinds.ts';
import { WORKLOAD_KINDS } from '../src/kubelet/manifest/workloads.ts';
import { KUBELET, KUBELET_KINDS, PODMAN, PODMAN_KINDS, PODMAN_UNLISTED_IS_NO } from './support-others.ts';

/** One field of a type of the Kubernetes API, at the first place where a Pod has it. */
export interface SupportRow {
  type: string;
  field: string;
  /** e.g. `spec.containers[].env[].name`. */
  path: string;
  rower: string;
  kubelet: string;
  podman: string;
}

interface Place {
  type: string;
  path: string;
  /** What holds it. */
  rower: string;
  kubelet: string;
  podman: string;
}

/** Every field below `root`, each type once: where it is met first, and if possible where it can be used. */
export function supportRows(root = 'Pod'): SupportRow[] {
  const rows: SupportRow[] = [];
  const todo: Place[] = [{ type: root, path: '', rower: '', kubelet: 'yes', podman: 'no' }];
  const refused: Place[] = [];
  const seen = new Set<string>();
  for (let place = todo.shift(); place; place = todo.shift() ?? refused.shift()) {
    if (seen.has(place.type)) continue;
    seen.add(place.type);
    for (const [name, field] of Object.entries(TYPES[place.type] ?? {})) {
      const row = rowOf(name, field, place);
      rows.push(row);
      const type = elementType(field);
      if (!(type in TYPES)) continue;
      const list = field.type.endsWith('[]') ? '[]' : '';
      (isRefused(row) ? refused : todo).push({ ...row, type, path: `${row.path}${list}.` });
    }
  }
  return rows;
}

function rowOf(name: string, field: Field, place: Place): SupportRow {
  const key = `${place.type}.${name}`;
  const unlisted = PODMAN_UNLISTED_IS_NO.includes(place.type) ? 'no' : place.podman;
  return {
    type: place.type,
    field: name,
    path: place.path + name,
    rower: isRefused(place) ? place.rower : support(field),
    kubelet: KUBELET[key] ?? place.kubelet,
    podman: PODMAN[key] ?? unlisted,
  };
}

const isRefused = ({ rower }: { rower: string }) => rower.startsWith('refused') || rower === 'not yet';

function support({ support: word, note }: Field): string {
  switch (word) {
    case 'yes':
      return 'yes';
    case 'ignored':
      return note ?? 'ignored';
    case 'dropped':
      return 'ignored: a manifest cannot set it';
    case 'later':
      return 'not yet';
    case 'never':
      return `refused: ${note}`;
  }
}

function elementType(field: Field): string {
  return field.type.replace(/(\[\]|\{\}|\?)$/, '');
}

const TREATMENTS: Readonly<Record<Treatment, string>> = {
  pod: 'yes',
  list: 'yes: its items are read',
  document: 'yes',
  workload: 'yes: the Pod of its template, under its name',
  ignored: 'ignored with a warning',
  later: 'refused by name',
};

const BESIDE = ['ConfigMap', 'Secret', 'PersistentVolumeClaim', 'PersistentVolume'];

/** The text of docs/kubernetes-support.md. */
export function supportDoc(): string {
  const kinds = allKinds().map(({ apiVersion, kind, treatment }) => [
    `\`${apiVersion}\` ${kind}`,
    TREATMENTS[treatment],
    KUBELET_KINDS[kind] ?? 'no',
    PODMAN_KINDS[kind] ?? 'no',
  ]);
  const pod = supportRows().map(({ path, rower, kubelet, podman }) => [`\`${path}\``, rower, kubelet, podman]);
  return `<!-- Made by \`npm run docs\` from src/kubelet/manifest/fields*.ts and kinds.ts. -->
# What of Kubernetes is supported

Every field of a Pod is *supported*, *ignored with a warning that says so* (unless it asks for what is so anyway), or *refused with its reason*: nothing is dropped in silence. A field that no Kubernetes version knows is a warning for the agent and an error for \`rower validate\`. The kubelet's column is about static Pods without an API server, as of Kubernetes 1.35; podman's is about \`podman kube play\`, as its own documentation says.

## Documents

| kind | Rower | kubelet | podman |
|---|---|---|---|
${table(kinds)}

A file may hold several documents, and a Pod finds ConfigMaps, Secrets and claims of its namespace in any file. [What happens when they change, break or go](decisions/0010-documents-beside-pods.md) is written down separately.

## Fields of a Pod

Each type is shown where it is met first: the fields of \`spec.containers[]\` are those of \`spec.initContainers[]\` too, and those of one probe are those of all.

| path | Rower | kubelet | podman |
|---|---|---|---|
${table(pod)}

## Fields of other documents

What is not listed is supported.

| path | Rower |
|---|---|
${table([...WORKLOAD_KINDS, ...BESIDE].flatMap(otherRows))}
`;
}

/** The metadata and templates are as everywhere; what works goes without saying. */
function otherRows(kind: string): string[][] {
  return supportRows(kind)
    .filter((row) => row.type.startsWith(kind) && row.rower !== 'yes' && row.field !== 'status')
    .map((row) => [`${kind} \`${row.path}\``, row.rower]);
}

function table(rows: readonly (readonly string[])[]): string {
  return rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n');
}
