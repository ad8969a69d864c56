/** The types that this endpoint describes, from the manifest's own tables and the sentences beside this. */
import type { Field } from '../../kubelet/manifest/field.ts';
import { TYPES } from '../../kubelet/manifest/fields.ts';
import { RESOURCES } from '../resources.ts';
import { SERVED_TYPES } from './served-types.ts';
import { TEXTS } from './texts.ts';

export interface FieldType {
  readonly name: string;
  /** In the notation of the manifest's tables; `time` besides. */
  readonly type: string;
  readonly description: string;
}

export interface ObjectType {
  /** Kubernetes' name of the type. */
  readonly name: string;
  readonly description: string;
  readonly fields: readonly FieldType[];
  readonly required: readonly string[];
  /** It is a kind of its own, under this plural. */
  readonly isKind: boolean;
}

/** What `kubectl explain` marks; the manifest's rules check these and more. */
const REQUIRED: Readonly<Record<string, readonly string[]>> = {
  AppArmorProfile: ['type'],
  ConfigMapKeySelector: ['key'],
  Container: ['name'],
  ContainerPort: ['containerPort'],
  ContainerResizePolicy: ['resourceName', 'restartPolicy'],
  ContainerRestartRule: ['action'],
  ContainerRestartRuleOnExitCodes: ['operator'],
  DownwardAPIVolumeFile: ['path'],
  EnvVar: ['name'],
  FileKeySelector: ['key', 'path', 'volumeName'],
  GRPCAction: ['port'],
  HTTPGetAction: ['port'],
  HTTPHeader: ['name', 'value'],
  HostAlias: ['ip'],
  HostPathVolumeSource: ['path'],
  KeyToPath: ['key', 'path'],
  NFSVolumeSource: ['path', 'server'],
  ObjectFieldSelector: ['fieldPath'],
  PersistentVolumeClaimVolumeSource: ['claimName'],
  PodOS: ['name'],
  PodReadinessGate: ['conditionType'],
  PodSpec: ['containers'],
  ResourceFieldSelector: ['resource'],
  SeccompProfile: ['type'],
  SecretKeySelector: ['key'],
  SleepAction: ['seconds'],
  Sysctl: ['name', 'value'],
  TCPSocketAction: ['port'],
  Volume: ['name'],
  VolumeDevice: ['devicePath', 'name'],
  VolumeMount: ['mountPath', 'name'],
};

/** Every kind that is served, and all that they are made of; in alphabetical order. */
export function objectTypes(): ObjectType[] {
  const kinds = new Set(Object.values(RESOURCES).map(({ kind }) => kind));
  const found = new Map<string, ObjectType>();
  const todo = [...kinds];
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (found.has(name)) continue;
    const type = objectType(name, kinds.has(name));
    if (!type) continue;
    found.set(name, type);
    todo.push(...type.fields.map((field) => elementOf(field.type)));
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The type of one of a list or map. */
export function elementOf(type: string): string {
  return type.replace(/(?:\[\]|\{\}|\?)$/, '');
}

function objectType(name: string, isKind: boolean): ObjectType | undefined {
  const served = SERVED_TYPES[name];
  const required = REQUIRED[name] ?? [];
  if (served) {
    const [description, fields] = served;
    const list = Object.entries(fields).map(([field, [type, text]]) => ({ name: field, type, description: text }));
    return { name, description, fields: list, required, isKind };
  }
  const table = TYPES[name];
  if (!table) return undefined;
  const [description, texts] = TEXTS[name] ?? ['', {}];
  const fields = Object.entries(table)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([field, row]) => ({
      name: field,
      type: typeOf(name, field, row),
      description: `${texts[field] ?? ''}${name === 'ObjectMeta' ? '' : effect(row)}`.trim(),
    }));
  return { name, description, fields, required, isKind };
}

/** What a manifest cannot set is served all the same. */
function typeOf(type: string, field: string, row: Field): string {
  if (type === 'Pod' && field === 'status') return 'PodStatus';
  if (type === 'ObjectMeta') return META_TYPES[field] ?? row.type;
  return type === 'PodSpec' && field === 'nodeName' ? 'string' : row.type;
}

const META_TYPES: Readonly<Record<string, string>> = {
  creationTimestamp: 'time',
  deletionGracePeriodSeconds: 'int64',
  deletionTimestamp: 'time',
  finalizers: 'string[]',
  generateName: 'string',
  generation: 'int64',
  managedFields: 'any[]',
  ownerReferences: 'any[]',
  resourceVersion: 'string',
  selfLink: 'string',
};

/** What this agent makes of the field, in a sentence of its own. */
function effect({ support, note, default: value }: Field): string {
  switch (support) {
    case 'yes':
      return value === undefined || value === '' || typeof value === 'object' ? '' : ` Absent: ${value}.`;
    case 'ignored':
      return ` On this node: ${note ?? 'ignored'}.`;
    case 'dropped':
      return ' A manifest cannot set it.';
    case 'later':
      return ' On this node: not supported yet, a Pod that sets it is refused.';
    case 'never':
      return ` On this node: refused, ${note}.`;
  }
}
