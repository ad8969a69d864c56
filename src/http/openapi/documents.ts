/**
 * The OpenAPI documents, versions 3 and 2, as far as kubectl uses them: the types behind `kubectl explain`, and what it
 * wants to see before it sends a manifest. Made when they are asked for: they are large and seldom wanted.
 */
import { GIT_VERSION } from '../../version.ts';
import { RESOURCES } from '../resources.ts';
import { elementOf, type FieldType, type ObjectType, objectTypes } from './types.ts';

/** JSON schema as both versions have it. */
export interface Schema {
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  type?: string;
  format?: string;
  description?: string;
  required?: readonly string[];
  properties?: Record<string, Schema>;
  additionalProperties?: Schema;
  items?: Schema;
  'x-kubernetes-group-version-kind'?: readonly GroupVersionKind[];
}

export interface GroupVersionKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1';
const NAMED: Readonly<Record<string, string>> = {
  quantity: 'io.k8s.apimachinery.pkg.api.resource.Quantity',
  intOrString: 'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  time: `${META}.Time`,
  ObjectMeta: `${META}.ObjectMeta`,
};
const PRIMITIVES: Readonly<Record<string, Schema>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
};
const QUANTITY: Schema = { type: 'string', description: 'A number with a unit, e.g. 500m, 1.5 or 64Mi.' };
const TIME: Schema = { type: 'string', format: 'date-time', description: 'An instant, RFC 3339.' };
const NUMBER_OR_NAME = 'A number or a text.';

interface Dialect {
  /** What a reference begins with. */
  readonly definitions: string;
  /** Something that may be anything. */
  readonly any: Schema;
  readonly intOrString: Schema;
  /** A reference that has a description of its own. */
  refer(ref: string, description: string): Schema;
}

const V3: Dialect = {
  definitions: '#/components/schemas/',
  any: { type: 'object' },
  intOrString: {
    format: 'int-or-string',
    oneOf: [{ type: 'integer' }, { type: 'string' }],
    description: NUMBER_OR_NAME,
  },
  refer: ($ref, description) => ({ allOf: [{ $ref }], description }),
};

const V2: Dialect = {
  definitions: '#/definitions/',
  any: {},
  intOrString: { type: 'string', format: 'int-or-string', description: NUMBER_OR_NAME },
  refer: ($ref, description) => ({ $ref, description }),
};

export interface DocumentV2 {
  readonly swagger: '2.0';
  readonly info: Info;
  readonly paths: Record<string, never>;
  readonly definitions: Record<string, Schema>;
}

interface Info {
  readonly title: string;
  readonly version: string;
}

const INFO: Info = { title: 'Rower', version: GIT_VERSION };

/** `/openapi/v3/api/v1`. */
export function documentV3(): object {
  return { openapi: '3.0.0', info: INFO, paths: paths(), components: { schemas: definitions(V3) } };
}

/** `/openapi/v2`. */
export function documentV2(): DocumentV2 {
  return { swagger: '2.0', info: INFO, paths: {}, definitions: definitions(V2) };
}

/** Where kubectl looks up the kind of a resource, and that a PATCH of a Pod takes `fieldValidation`: it sends none without. */
function paths(): Record<string, object> {
  const gvk = (kind: string): GroupVersionKind => ({ group: '', version: 'v1', kind });
  const lists = Object.values(RESOURCES).flatMap(({ name, kind, namespaced }) => {
    const get = { 'x-kubernetes-action': 'list', 'x-kubernetes-group-version-kind': gvk(kind) };
    const all: [string, object] = [`/api/v1/${name}`, { get }];
    return namespaced ? [all, [`/api/v1/namespaces/{namespace}/${name}`, { get }] as [string, object]] : [all];
  });
  const patch = {
    parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
    'x-kubernetes-action': 'patch',
    'x-kubernetes-group-version-kind': gvk('Pod'),
  };
  return { ...Object.fromEntries(lists), '/api/v1/namespaces/{namespace}/pods/{name}': { patch } };
}

function definitions(dialect: Dialect): Record<string, Schema> {
  const types = objectTypes();
  const known = new Set(types.map(({ name }) => name));
  return Object.fromEntries([
    ...types.map((type) => [definitionName(type.name), definition(type, known, dialect)]),
    [NAMED.quantity, QUANTITY],
    [NAMED.intOrString, dialect.intOrString],
    [NAMED.time, TIME],
  ]);
}

function definitionName(type: string): string {
  return NAMED[type] ?? `io.k8s.api.core.v1.${type}`;
}

function definition(type: ObjectType, known: ReadonlySet<string>, dialect: Dialect): Schema {
  const { name, description, fields, required, isKind } = type;
  const properties = fields.map((field) => [field.name, property(field, known, dialect)] as const);
  return {
    description,
    type: 'object',
    ...(required.length > 0 && { required }),
    properties: Object.fromEntries(properties),
    ...(isKind && { 'x-kubernetes-group-version-kind': [{ group: '', version: 'v1', kind: name }] }),
  };
}

function property({ type, description }: FieldType, known: ReadonlySet<string>, dialect: Dialect): Schema {
  const element = elementOf(type);
  const isReference = known.has(element) || element in NAMED;
  const ref = `${dialect.definitions}${definitionName(element)}`;
  const plain = isReference ? { $ref: ref } : (PRIMITIVES[element] ?? dialect.any);
  if (type.endsWith('[]')) return { description, type: 'array', items: plain };
  if (type.endsWith('{}')) return { description, type: 'object', additionalProperties: plain };
  return isReference ? dialect.refer(ref, description) : { description, ...plain };
}
