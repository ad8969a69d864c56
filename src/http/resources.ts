/**
 * The kinds of object that the Kubernetes API of this endpoint serves, read-only.
 *
 * To add one: 1. a builder in `objects.ts` and a line in `Store.refresh`; 2. cells in `printer.ts`; 3. a row in RESOURCES.
 */
import type { Pod } from '../kubelet/types.ts';
import {
  type Cell,
  type Event,
  eventCells,
  type Namespace,
  type Node,
  namespaceCells,
  nodeCells,
  podCells,
} from './printer.ts';

export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata?: {
    name?: string;
    namespace?: string;
    resourceVersion?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
}

/** Priority 1 columns show with `-o wide` only. */
export interface Column {
  readonly name: string;
  readonly type: 'string' | 'integer';
  readonly format: '' | 'name';
  readonly description: string;
  readonly priority: 0 | 1;
}

export interface RowCondition {
  readonly type: 'Completed';
  readonly status: 'True';
  readonly reason: string;
  readonly message: string;
}

export interface Resource<T extends KubeObject = KubeObject> {
  /** Plural, as in paths. */
  readonly name: ResourceName;
  readonly singular: string;
  readonly kind: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly columns: readonly Column[];
  cells(object: T, nowMs: number): Cell[];
  rowConditions(object: T): RowCondition[];
  /** Labels that a field selector may use. */
  readonly fieldLabels: readonly string[];
  field(object: T, label: string): string;
}

export type ResourceName = 'pods' | 'nodes' | 'namespaces' | 'events' | 'services';

function column(
  name: string,
  description: string,
  options: Partial<Pick<Column, 'type' | 'format' | 'priority'>> = {},
): Column {
  return { name, type: 'string', format: '', description, priority: 0, ...options };
}

const WIDE = { priority: 1 } as const;
const NAME = column('Name', 'Name of the object, unique in its namespace.', { format: 'name' });
const AGE = column('Age', 'Time since the object was created.');
const none = () => [];

const pods: Resource<Pod> = {
  name: 'pods',
  singular: 'pod',
  kind: 'Pod',
  shortNames: ['po'],
  categories: ['all'],
  namespaced: true,
  columns: [
    NAME,
    column('Ready', 'Containers that are ready, of all that should run.'),
    column('Status', 'The state of the Pod in one word.'),
    column('Restarts', 'How often containers were restarted, and when last.'),
    AGE,
    column('IP', 'First address of the Pod.', WIDE),
    column('Node', 'The machine that runs the Pod.', WIDE),
    column('Nominated Node', 'The machine that the Pod is meant to move to.', WIDE),
    column('Readiness Gates', 'Readiness gates that are true, of all.', WIDE),
  ],
  cells: podCells,
  rowConditions({ status }) {
    const reason = status?.phase ?? '';
    if (reason === 'Succeeded') return [completed(reason, 'The pod has completed successfully.')];
    return reason === 'Failed' ? [completed(reason, 'The pod failed.')] : [];
  },
  fieldLabels: [
    'metadata.name',
    'metadata.namespace',
    'spec.hostNetwork',
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.nominatedNodeName',
    'status.phase',
    'status.podIP',
  ],
  field: readPath,
};

function completed(reason: string, message: string): RowCondition {
  return { type: 'Completed', status: 'True', reason, message };
}

const nodes: Resource<Node> = {
  name: 'nodes',
  singular: 'node',
  kind: 'Node',
  shortNames: ['no'],
  categories: [],
  namespaced: false,
  columns: [
    NAME,
    column('Status', 'Whether the machine can run Pods.'),
    column('Roles', 'Roles given by labels.'),
    AGE,
    column('Version', 'The Kubernetes version that this agent speaks.'),
    column('Internal-IP', 'First internal address of the machine.', WIDE),
    column('External-IP', 'First external address of the machine.', WIDE),
    column('OS-Image', 'The operating system.', WIDE),
    column('Kernel-Version', 'The kernel.', WIDE),
    column('Container-Runtime', 'The container runtime and its version.', WIDE),
  ],
  cells: nodeCells,
  rowConditions: none,
  fieldLabels: ['metadata.name', 'spec.unschedulable'],
  field: readPath,
};

const namespaces: Resource<Namespace> = {
  name: 'namespaces',
  singular: 'namespace',
  kind: 'Namespace',
  shortNames: ['ns'],
  categories: [],
  namespaced: false,
  columns: [NAME, column('Status', 'Phase of the namespace.'), AGE],
  cells: namespaceCells,
  rowConditions: none,
  fieldLabels: ['metadata.name', 'status.phase'],
  field: readPath,
};

const events: Resource<Event> = {
  name: 'events',
  singular: 'event',
  kind: 'Event',
  shortNames: ['ev'],
  categories: [],
  namespaced: true,
  columns: [
    column('Last Seen', 'Time since it last happened.'),
    column('Type', 'Normal or Warning.'),
    column('Reason', 'The kind of event in one word.'),
    column('Object', 'What it happened to.'),
    column('Subobject', 'The part of the object it happened to.', WIDE),
    column('Source', 'Who tells.', WIDE),
    column('Message', 'What happened.'),
    column('First Seen', 'Time since it first happened.', WIDE),
    column('Count', 'How often it happened.', { ...WIDE, type: 'integer' }),
    { ...NAME, priority: 1 },
  ],
  cells: eventCells,
  rowConditions: none,
  fieldLabels: [
    'involvedObject.apiVersion',
    'involvedObject.fieldPath',
    'involvedObject.kind',
    'involvedObject.name',
    'involvedObject.namespace',
    'involvedObject.resourceVersion',
    'involvedObject.uid',
    'metadata.name',
    'metadata.namespace',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  field: (event, label) => (label === 'source' ? (event.source?.component ?? '') : readPath(event, label)),
};

/** Always empty: there is no service network, but `kubectl cluster-info` asks. */
const services: Resource = {
  name: 'services',
  singular: 'service',
  kind: 'Service',
  shortNames: ['svc'],
  categories: [],
  namespaced: true,
  columns: [NAME, AGE],
  cells: (service) => [service.metadata?.name ?? '', ''],
  rowConditions: none,
  fieldLabels: ['metadata.name', 'metadata.namespace'],
  field: readPath,
};

// Methods are bivariant: each row is only ever given objects of its own kind, which the store makes.
export const RESOURCES: Readonly<Record<ResourceName, Resource>> = {
  pods,
  nodes,
  namespaces,
  events,
  services,
} as Record<ResourceName, Resource>;

export function findResource(name: string | undefined): Resource | undefined {
  return name !== undefined && Object.hasOwn(RESOURCES, name) ? RESOURCES[name as ResourceName] : undefined;
}

/** False when absent. */
const BOOLEAN_FIELDS: ReadonlySet<string> = new Set(['spec.hostNetwork', 'spec.unschedulable']);

/** The value at a dotted path as text; empty when there is none. */
function readPath(object: object, path: string): string {
  let value: unknown = object;
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined)?.[part];
  if (BOOLEAN_FIELDS.has(path)) return String(value === true);
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}
