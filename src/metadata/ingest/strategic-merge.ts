/**
 * Strategic merge patches as kubectl applies them to the types that Rower reads: lists of named things are merged by their
 * keys (patchMergeKey of k8s.io/api), all other lists replaced. The order is kubectl's too: new items come first.
 *
 * To add a type: a row in TYPES.
 */
import { isRecord, type Json } from './record.ts';
import { Refusal } from './types.ts';

interface Field {
  /** The type of the value, or of the items of a list. */
  type?: string;
  /** Items of the list are merged by this field. */
  mergeKey?: string;
  /** Items of the list are plain values, and merged. */
  primitives?: true;
}

const OBJECT = { metadata: { type: 'ObjectMeta' } };
const WORKLOAD = { ...OBJECT, spec: { type: 'WorkloadSpec' } };
const NAMED = { mergeKey: 'name' };

const TYPES: Readonly<Record<string, Readonly<Record<string, Field>>>> = {
  ConfigMap: OBJECT,
  Secret: OBJECT,
  PersistentVolumeClaim: OBJECT,
  Pod: { ...OBJECT, spec: { type: 'PodSpec' } },
  Deployment: WORKLOAD,
  ReplicaSet: WORKLOAD,
  DaemonSet: WORKLOAD,
  StatefulSet: WORKLOAD,
  Job: WORKLOAD,
  WorkloadSpec: { template: { type: 'PodTemplateSpec' } },
  PodTemplateSpec: { ...OBJECT, spec: { type: 'PodSpec' } },
  ObjectMeta: { finalizers: { primitives: true }, ownerReferences: { mergeKey: 'uid' } },
  PodSpec: {
    containers: { type: 'Container', ...NAMED },
    initContainers: { type: 'Container', ...NAMED },
    ephemeralContainers: { type: 'Container', ...NAMED },
    volumes: NAMED,
    imagePullSecrets: NAMED,
    schedulingGates: NAMED,
    resourceClaims: NAMED,
    hostAliases: { mergeKey: 'ip' },
    topologySpreadConstraints: { mergeKey: 'topologyKey' },
  },
  Container: {
    env: NAMED,
    ports: { mergeKey: 'containerPort' },
    volumeMounts: { mergeKey: 'mountPath' },
    volumeDevices: { mergeKey: 'devicePath' },
  },
};

const PATCH = '$patch';
const RETAIN = '$retainKeys';
const DELETE_PRIMITIVES = /^\$deleteFromPrimitiveList\/(.+)$/s;
const ORDER = /^\$setElementOrder\//;
/** Of one list that is merged, with what is added. */
const MAX_ITEMS = 2000;
const NONE: Readonly<Record<string, Field>> = {};

/** A patched copy; `kind` is that of the document. Throws Refusal. */
export function applyStrategicMerge(document: Json, patch: Json, kind: string): Json {
  return mergeMap(structuredClone(document), structuredClone(patch), kind, 'patch');
}

function fieldsOf(type: string | undefined): Readonly<Record<string, Field>> {
  return type !== undefined && Object.hasOwn(TYPES, type) ? (TYPES[type] ?? NONE) : NONE;
}

function mergeMap(original: Json, patch: Json, type: string | undefined, place: string): Json {
  const directive = patch[PATCH];
  if (directive === 'delete') return {};
  if (directive === 'replace') return cleaned(without(patch, PATCH)) as Json;
  if (directive !== undefined)
    throw new Refusal(`${place}.$patch must be replace or delete here, not ${JSON.stringify(directive)}`.slice(0, 300));
  const result = retained(original, patch, place);
  const fields = fieldsOf(type);
  for (const [key, value] of Object.entries(patch)) {
    if (key === RETAIN || ORDER.test(key)) continue;
    const list = DELETE_PRIMITIVES.exec(key)?.[1];
    if (list !== undefined) deletePrimitives(result, list, value, `${place}.${key}`);
    else if (key.startsWith('$')) throw new Refusal(`${place}.${key} is no directive of a strategic merge patch`);
    else setOwn(result, key, value, fields, place);
  }
  return result;
}

function setOwn(
  result: Json,
  key: string,
  value: unknown,
  fields: Readonly<Record<string, Field>>,
  place: string,
): void {
  const before = Object.hasOwn(result, key) ? result[key] : undefined;
  const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
  const here = `${place}.${key}`;
  if (value === null) {
    delete result[key];
    return;
  }
  let after: unknown;
  if (isRecord(value)) after = mergeMap(isRecord(before) ? before : {}, value, field?.type, here);
  else if (Array.isArray(value) && field) after = mergeList(Array.isArray(before) ? before : [], value, field, here);
  else after = cleaned(value);
  // Plain assignment to `__proto__` would change the object itself.
  Object.defineProperty(result, key, { value: after, enumerable: true, configurable: true, writable: true });
}

/** With `$retainKeys` only those of the original stay. */
function retained(original: Json, patch: Json, place: string): Json {
  const keys = patch[RETAIN];
  if (keys === undefined) return { ...original };
  if (!Array.isArray(keys)) throw new Refusal(`${place}.${RETAIN} must be a list of keys`);
  const lost = Object.keys(patch).find((key) => !key.startsWith('$') && !keys.includes(key));
  if (lost !== undefined) throw new Refusal(`${place}.${RETAIN} must name ${lost} too, which the patch sets`);
  return Object.fromEntries(Object.entries(original).filter(([key]) => keys.includes(key)));
}

function deletePrimitives(result: Json, key: string, values: unknown, place: string): void {
  if (!Array.isArray(values)) throw new Refusal(`${place} must be a list`);
  const before = Object.hasOwn(result, key) ? result[key] : undefined;
  if (Array.isArray(before)) result[key] = before.filter((one) => !values.includes(one));
}

function mergeList(original: readonly unknown[], patch: readonly unknown[], field: Field, place: string): unknown[] {
  const { mergeKey, primitives, type } = field;
  if (original.length + patch.length > MAX_ITEMS) throw new Refusal(`${place} would have more than ${MAX_ITEMS} items`);
  if (primitives) return ordered([...new Set([...original, ...patch])], original, patch, (item) => item);
  if (mergeKey === undefined) return [...(cleaned(patch) as unknown[])];
  const items = patch.map((item, index) => {
    if (!isRecord(item)) throw new Refusal(`${place}[${index}] must be a mapping with ${mergeKey}`);
    return item;
  });
  if (items.some((item) => item[PATCH] === 'replace'))
    return items.filter((item) => item[PATCH] !== 'replace').map((item) => cleaned(item));
  const keyOf = (item: unknown) => (isRecord(item) ? item[mergeKey] : undefined);
  for (const [index, item] of items.entries()) {
    if (keyOf(item) === undefined)
      throw new Refusal(`${place}[${index}] must have ${mergeKey}: items of this list are told apart by it`);
    const directive = item[PATCH];
    if (directive !== undefined && directive !== 'delete')
      throw new Refusal(`${place}[${index}].$patch must be delete or replace, not ${JSON.stringify(directive)}`);
  }
  const deleted = items.filter((item) => item[PATCH] === 'delete').map(keyOf);
  const kept = original.filter((item) => !deleted.includes(keyOf(item)));
  const wanted = items.filter((item) => item[PATCH] === undefined);
  const merged = [...kept];
  for (const item of wanted) {
    const at = merged.findIndex((one) => keyOf(one) === keyOf(item));
    const before = at < 0 ? {} : (merged[at] as Json);
    const after = mergeMap(before, item, type, `${place}[${mergeKey}=${String(keyOf(item)).slice(0, 60)}]`);
    if (at < 0) merged.push(after);
    else merged[at] = after;
  }
  return ordered(merged, kept, wanted.map(keyOf), keyOf);
}

/**
 * Items of the patch in its order, the others in theirs; of two that both were there before, the first goes first
 * (strategicpatch normalizeElementOrder, mergeSortedSlice).
 */
function ordered(
  merged: readonly unknown[],
  before: readonly unknown[],
  patchKeys: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): unknown[] {
  const position = new Map(before.map((item, index) => [keyOf(item), index]));
  const others = merged.filter((item) => !patchKeys.includes(keyOf(item)));
  const patched = [...new Set(patchKeys)].flatMap((key) => merged.filter((item) => keyOf(item) === key));
  const result: unknown[] = [];
  while (others.length > 0 && patched.length > 0) {
    const [a, b] = [position.get(keyOf(others[0])), position.get(keyOf(patched[0]))];
    const otherFirst = a !== undefined && b !== undefined && a < b;
    result.push(otherFirst ? others.shift() : patched.shift());
  }
  return [...result, ...others, ...patched];
}

/** What is taken as a whole has no directives and no nulls. */
function cleaned(value: unknown): unknown {
  if (Array.isArray(value)) return value.filter((item) => !(isRecord(item) && item[PATCH] !== undefined)).map(cleaned);
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).filter(([key, item]) => item !== null && !key.startsWith('$'));
  return Object.fromEntries(entries.map(([key, item]) => [key, cleaned(item)]));
}

function without(value: Json, key: string): Json {
  return Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
}
