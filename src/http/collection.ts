/** Lists and single objects of the Kubernetes API: selectors, pages, Table or plain. Rules: Kubernetes API concepts. */
import { json, jsonText, negotiate, type Reply, type Request, TABLE } from './message.ts';
import type { Resource } from './resources.ts';
import { type FieldSelector, type LabelSelector, parseFieldSelector, parseLabelSelector } from './selectors.ts';
import { badRequest, notFound } from './status.ts';
import type { Item, Store } from './store.ts';
import { type ListMeta, parseIncludeObject, table } from './table.ts';

export interface Scope {
  readonly resource: Resource;
  /** Empty: all namespaces. */
  readonly namespace: string;
}

/** Whether an item is in the scope and matches the request's selectors. Throws 400 for a bad selector. */
export function parseFilter(request: Request, { resource, namespace }: Scope): (item: Item) => boolean {
  const labels: LabelSelector = parseLabelSelector(request.query.get('labelSelector') ?? '');
  const fields: FieldSelector = parseFieldSelector(request.query.get('fieldSelector') ?? '', resource.fieldLabels);
  return ({ namespace: itemNamespace, object }) =>
    (namespace === '' || itemNamespace === namespace) &&
    labels(object.metadata?.labels ?? {}) &&
    fields((label) => resource.field(object, label));
}

/** A decimal resource version; `undefined` for none and for 0, which both mean "any". */
export function parseResourceVersion(text: string | null): number | undefined {
  if (text === null || text === '' || text === '0') return undefined;
  if (!/^\d{1,20}$/.test(text))
    throw badRequest(`resourceVersion: Invalid value: ${JSON.stringify(text)}: must be a decimal number`);
  return Number(text);
}

/** The current state, whatever resource version was asked for. */
export function list(request: Request, scope: Scope, store: Store, nowMs: number): Reply {
  const { resource } = scope;
  const version = negotiate(request.accept, TABLE);
  parseResourceVersion(request.query.get('resourceVersion'));
  const matching = store.list(resource.name).filter(parseFilter(request, scope));
  const { items, metadata } = page(matching, request.query, String(store.resourceVersion));
  const objects = items.map(({ object }) => object);
  if (version === undefined) {
    const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion: 'v1', metadata });
    return jsonText(`${head.slice(0, -1)},"items":[${objects.map((object) => store.listText(object)).join(',')}]}`);
  }
  const includeObject = parseIncludeObject(request.query.get('includeObject'));
  return json(table(resource, objects, { version, includeObject, metadata, nowMs }));
}

/** One object. Throws 404. */
export function get(request: Request, scope: Scope, name: string, store: Store, nowMs: number): Reply {
  const { resource, namespace } = scope;
  const version = negotiate(request.accept, TABLE);
  const item = store.get(resource.name, namespace, name);
  if (!item) throw notFound(resource.name, name);
  if (version === undefined) return json(item.object);
  const includeObject = parseIncludeObject(request.query.get('includeObject'));
  const metadata = { resourceVersion: item.object.metadata?.resourceVersion ?? '' };
  return json(table(resource, [item.object], { version, includeObject, metadata, nowMs }));
}

/** `limit` and `continue`: the token names the last key given out, so a page goes on over the state of its own time. */
function page(items: Item[], query: URLSearchParams, resourceVersion: string): { items: Item[]; metadata: ListMeta } {
  const limit = parseLimit(query.get('limit'));
  const after = parseToken(query.get('continue'));
  const rest = after === undefined ? items : items.filter(({ key }) => key > after);
  const last = rest[limit - 1];
  if (!last || rest.length <= limit) return { items: rest, metadata: { resourceVersion } };
  const selected = Boolean(query.get('labelSelector') || query.get('fieldSelector'));
  return {
    items: rest.slice(0, limit),
    metadata: {
      resourceVersion,
      continue: Buffer.from(JSON.stringify({ after: last.key })).toString('base64url'),
      // With a selector the API server does not tell how many are left.
      ...(!selected && { remainingItemCount: rest.length - limit }),
    },
  };
}

function parseLimit(text: string | null): number {
  if (text === null || text === '') return Number.POSITIVE_INFINITY;
  if (!/^-?\d{1,18}$/.test(text))
    throw badRequest(`limit: Invalid value: ${JSON.stringify(text)}: must be a whole number`);
  const limit = Number(text);
  return limit > 0 ? limit : Number.POSITIVE_INFINITY;
}

function parseToken(text: string | null): string | undefined {
  if (!text) return undefined;
  try {
    const token: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    if (typeof token === 'object' && token !== null && 'after' in token && typeof token.after === 'string')
      return token.after;
  } catch {
    // Said below.
  }
  throw badRequest('continue key is not valid: start the list again without it');
}
