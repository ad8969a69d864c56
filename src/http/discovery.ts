/**
 * What kinds this endpoint serves, in the legacy form and in the aggregated one that kubectl 1.27 and later ask for.
 * Source: apimachinery pkg/apis/meta/v1, k8s.io/api/apidiscovery.
 */
import { AGGREGATED, json, negotiate, type Reply, type Request } from './message.ts';
import { METRICS_GROUP, METRICS_RESOURCES, METRICS_VERSION } from './metrics-api.ts';
import { RESOURCES, type Resource } from './resources.ts';
import { unknownPath } from './status.ts';
import type { View } from './view.ts';

const VERBS = ['get', 'list', 'watch'];
const METRICS_VERBS = ['get', 'list'];

/** Subresources of a resource; `status` reads the same object, `proxy` the node's own paths. */
function subresourcesOf({ name }: Resource, { full }: View): readonly string[] {
  if (name === 'nodes') return ['proxy', 'status'];
  if (name !== 'pods') return [];
  return full ? ['log', 'status'] : ['status'];
}

/** `/api`: the core group. Under the aggregated form it brings all its resources along. */
export function coreVersions(request: Request, view: View): Reply {
  const version = negotiate(request.accept, AGGREGATED);
  if (version !== undefined) {
    const resources = Object.values(RESOURCES).map((resource) => aggregatedResource(resource, view));
    return aggregated(version, [
      { metadata: { creationTimestamp: null }, versions: [{ version: 'v1', freshness: 'Current', resources }] },
    ]);
  }
  return json({ kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] });
}

/** `/apis`: the group of metrics, where something is measured. It must be there in any case: kubectl gives up without. */
export function groups(request: Request, { stats }: View): Reply {
  const version = negotiate(request.accept, AGGREGATED);
  const groupVersion = { groupVersion: `${METRICS_GROUP}/${METRICS_VERSION}`, version: METRICS_VERSION };
  if (version === undefined) {
    const group = { name: METRICS_GROUP, versions: [groupVersion], preferredVersion: groupVersion };
    return json({ kind: 'APIGroupList', apiVersion: 'v1', groups: stats ? [group] : [] });
  }
  const resources = METRICS_RESOURCES.map(({ name, kind, namespaced }) => ({
    resource: name,
    responseKind: { group: METRICS_GROUP, version: METRICS_VERSION, kind },
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: '',
    verbs: METRICS_VERBS,
  }));
  const group = {
    metadata: { name: METRICS_GROUP, creationTimestamp: null },
    versions: [{ version: METRICS_VERSION, freshness: 'Current', resources }],
  };
  return aggregated(version, stats ? [group] : []);
}

/** `/apis/metrics.k8s.io/v1beta1`. Throws 404 where nothing is measured. */
export function metricsResources({ stats }: View): Reply {
  if (!stats) throw unknownPath();
  return json({
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: `${METRICS_GROUP}/${METRICS_VERSION}`,
    resources: METRICS_RESOURCES.map((resource) => ({ ...resource, singularName: '', verbs: METRICS_VERBS })),
  });
}

/** `/api/v1`. */
export function coreResources(view: View): Reply {
  const resources = Object.values(RESOURCES).flatMap((resource) => [
    {
      name: resource.name,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: VERBS,
      shortNames: resource.shortNames,
      ...(resource.categories.length > 0 && { categories: resource.categories }),
    },
    ...subresourcesOf(resource, view).map((subresource) => ({
      name: `${resource.name}/${subresource}`,
      singularName: '',
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: ['get'],
    })),
  ]);
  return json({ kind: 'APIResourceList', groupVersion: 'v1', resources });
}

/** Clients take the form from the content type; without its parameters they see no resources at all. */
function aggregated(version: string, items: readonly object[]): Reply {
  const body = { kind: AGGREGATED.as, apiVersion: `${AGGREGATED.group}/${version}`, metadata: {}, items };
  return json(body, 200, { 'Content-Type': `application/json;g=${AGGREGATED.group};v=${version};as=${AGGREGATED.as}` });
}

function aggregatedResource(resource: Resource, view: View): object {
  const responseKind = { group: '', version: 'v1', kind: resource.kind };
  const subresources = subresourcesOf(resource, view);
  return {
    resource: resource.name,
    responseKind,
    scope: resource.namespaced ? 'Namespaced' : 'Cluster',
    singularResource: resource.singular,
    verbs: VERBS,
    shortNames: resource.shortNames,
    ...(resource.categories.length > 0 && { categories: resource.categories }),
    ...(subresources.length > 0 && {
      subresources: subresources.map((subresource) => ({ subresource, responseKind, verbs: ['get'] })),
    }),
  };
}
