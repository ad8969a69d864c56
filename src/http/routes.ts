/**
 * Every path of the endpoint. All are GET (and so HEAD) but for the few that say POST; other methods never get here.
 *
 * To add one: a handler `(request, view) → reply` and a row in ROUTES; the first row that matches wins. `:name` stands
 * for one segment. The path list at `/` and the metric label come from the pattern.
 */
import { GIT_VERSION, KUBERNETES_MINOR } from '../version.ts';
import { get, list, type Scope } from './collection.ts';
import { coreResources, coreVersions, groups, metricsResources } from './discovery.ts';
import { explain } from './explain.ts';
import { metricsReply } from './exposition.ts';
import { kubeState } from './kube-state.ts';
import { type Check, health, podList, problemList, readiness } from './kubelet-api.ts';
import { nodeLease } from './lease.ts';
import { containerLog, podLog } from './logs.ts';
import { isTrue, json, type Reply, type Request, type StreamReply, text } from './message.ts';
import { METRICS_GROUP, METRICS_VERSION, nodeMetrics, podMetrics } from './metrics-api.ts';
import { openApiCore, openApiIndex, openApiV2 } from './openapi/routes.ts';
import { live } from './page/live.ts';
import { page, SCRIPT_PATH, STYLE_PATH, script, style, wantsPage } from './page/page.ts';
import { prometheusTargets } from './prometheus-targets.ts';
import { refuse, refuseSubresource } from './refuse.ts';
import { findResource } from './resources.ts';
import { accessReview, rulesReview, selfReview } from './reviews.ts';
import { agentReply, cadvisorReply, resourceReply, runningPods, slisReply, statsSummary } from './stats-routes.ts';
import { notFound, unknownPath } from './status.ts';
import type { FullView, View } from './view.ts';
import { controllers, workloads } from './workloads.ts';

const AUTHORIZATION = '/apis/authorization.k8s.io/:version';
const METRICS = `/apis/${METRICS_GROUP}/${METRICS_VERSION}`;

type Answer = Reply | StreamReply | Promise<Reply | StreamReply>;
type Handler = (request: Request, view: View) => Answer;

export interface Route {
  readonly pattern: string;
  readonly method?: 'POST';
  readonly handle: Handler;
}

export const ROUTES: readonly Route[] = [
  { pattern: '/', handle: (request, view) => (wantsPage(request.accept) ? page(request, view) : pathList()) },
  { pattern: STYLE_PATH, handle: () => style() },
  { pattern: SCRIPT_PATH, handle: () => script() },
  { pattern: '/rower/v1/live', handle: (_, view) => live(view) },
  { pattern: '/healthz', handle: (request, view) => health(request, 'healthz', syncChecks(view)) },
  { pattern: '/healthz/ping', handle: (request) => health(request, 'healthz', [['ping', []]]) },
  { pattern: '/healthz/log', handle: (request) => health(request, 'healthz', [['log', []]]) },
  {
    pattern: '/healthz/syncloop',
    handle: (request, view) => health(request, 'healthz', [['syncloop', view.healthz()]]),
  },
  { pattern: '/livez', handle: (request, view) => health(request, 'livez', syncChecks(view)) },
  {
    pattern: '/readyz',
    handle: (request, view) => health(request, 'readyz', [...syncChecks(view), ...readiness(view.published)]),
  },
  { pattern: '/metrics', handle: agentReply },
  { pattern: '/metrics/slis', handle: (_, view) => slisReply(syncChecks(view)) },
  { pattern: '/metrics/cadvisor', handle: cadvisorReply },
  { pattern: '/metrics/probes', handle: async (_, view) => metricsReply(await view.probeMetrics()) },
  { pattern: '/metrics/resource', handle: resourceReply },
  { pattern: '/metrics/state', handle: (_, view) => metricsReply(kubeState(view.published, view.nowMs, view.machine)) },
  { pattern: '/sd/prometheus', handle: (_, view) => prometheusTargets(view.published) },
  { pattern: '/stats/summary', handle: statsSummary },
  { pattern: '/pods', handle: (_, view) => podList(view.store) },
  { pattern: '/rower/v1/problems', handle: (_, view) => problemList(view.published) },
  { pattern: '/rower/v1/explain', handle: explain },
  { pattern: '/rower/v1/explain/:namespace/:name', handle: explain },

  { pattern: '/version', handle: (_, view) => version(view) },
  { pattern: '/api', handle: coreVersions },
  { pattern: '/apis', handle: groups },
  { pattern: '/api/v1', handle: (_, view) => coreResources(view) },
  { pattern: METRICS, handle: (_, view) => metricsResources(view) },
  { pattern: `${METRICS}/nodes`, handle: nodeMetrics },
  { pattern: `${METRICS}/nodes/:name`, handle: nodeMetrics },
  { pattern: `${METRICS}/pods`, handle: podMetrics },
  { pattern: `${METRICS}/namespaces/:namespace/pods`, handle: podMetrics },
  { pattern: `${METRICS}/namespaces/:namespace/pods/:name`, handle: podMetrics },
  {
    pattern: `${AUTHORIZATION}/selfsubjectaccessreviews`,
    method: 'POST',
    handle: (request, view) => accessReview(request, view, isPath),
  },
  {
    pattern: `${AUTHORIZATION}/selfsubjectrulesreviews`,
    method: 'POST',
    handle: (request, view) => rulesReview(request, view, paths()),
  },
  { pattern: '/apis/authentication.k8s.io/:version/selfsubjectreviews', method: 'POST', handle: selfReview },
  { pattern: '/apis/coordination.k8s.io/v1/namespaces/:namespace/leases/:name', handle: nodeLease },
  { pattern: '/openapi/v2', handle: openApiV2 },
  { pattern: '/openapi/v3', handle: () => openApiIndex() },
  { pattern: '/openapi/v3/api/v1', handle: () => openApiCore() },
  {
    pattern: '/api/v1/namespaces/:name/status',
    handle: (request, view) => one({ ...request, params: { ...request.params, resource: 'namespaces' } }, view),
  },
  { pattern: '/api/v1/namespaces/:namespace/replicationcontrollers', handle: () => controllers() },
  { pattern: '/apis/apps/v1/namespaces/:namespace/:resource', handle: workloads },
  { pattern: '/api/v1/namespaces/:namespace/:resource', handle: many },
  { pattern: '/api/v1/namespaces/:namespace/:resource/:name', handle: one },
  { pattern: '/api/v1/namespaces/:namespace/:resource/:name/status', handle: one },
  { pattern: '/api/v1/namespaces/:namespace/pods/:name/:subresource', handle: subresource },
  { pattern: '/api/v1/:resource', handle: many },
  { pattern: '/api/v1/:resource/:name', handle: one },
  { pattern: '/api/v1/:resource/:name/status', handle: one },

  { pattern: '/configz', handle: onlyFull((_, __, full) => json({ kubeletconfig: full.configz() }), pageNotFound) },
  { pattern: '/containerLogs/:namespace/:name/:container', handle: onlyFull(containerLog, refuseHere) },

  { pattern: '/runningpods', handle: onlyFull(runningPods, refuseHere) },

  // The kubelet's debugging paths that are not served.
  ...['/containerLogs', '/logs', '/exec', '/attach', '/portForward', '/run', '/debug', '/checkpoint'].map((prefix) => ({
    pattern: `${prefix}/*`,
    handle: refuseHere,
  })),
];

/** What the port without login answers with `otherwise`. */
function onlyFull(handle: (request: Request, view: View, full: FullView) => Answer, otherwise: Handler): Handler {
  return (request, view) => (view.full ? handle(request, view, view.full) : otherwise(request, view));
}

function refuseHere(_: Request, view: View): never {
  throw refuse([], view);
}

export function pageNotFound(): Reply {
  return text('404 page not found\n', 404);
}

export interface Match {
  readonly route: Route;
  readonly params: Record<string, string>;
}

/**
 * `/api/v1/nodes/NAME/proxy/…` is this node's own path: the API server leads there, and scrape configurations and
 * `kubectl get --raw` ask for it. NAME may be `https:NAME:10250` as there. Throws 404 for another node.
 */
export function resolveProxy(segments: readonly string[], { published: { node } }: View): readonly string[] {
  const [api, version, nodes, target = '', proxy, ...rest] = segments;
  if (api !== 'api' || version !== 'v1' || nodes !== 'nodes' || proxy !== 'proxy') return segments;
  const name = /^(?:https?:)?([^:]+)(?::\d*)?$/.exec(target)?.[1] ?? target;
  if (name !== node.name) throw notFound('nodes', name);
  return rest;
}

/** `segments`: of the path, decoded, without a trailing empty one. */
export function matchRoute(segments: readonly string[], method: string): Match | undefined {
  const wanted = method === 'HEAD' ? 'GET' : method;
  for (const { route, parts } of COMPILED) {
    if ((route.method ?? 'GET') !== wanted) continue;
    const params = matchParts(parts, segments);
    if (params) return { route, params };
  }
  return undefined;
}

const COMPILED = ROUTES.map((route) => ({ route, parts: route.pattern.split('/').slice(1).filter(Boolean) }));

function matchParts(parts: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const open = parts.at(-1) === '*';
  const fixed = open ? parts.slice(0, -1) : parts;
  if (open ? segments.length < fixed.length : segments.length !== fixed.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of fixed.entries()) {
    const segment = segments[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = segment;
    else if (part !== segment) return undefined;
  }
  return params;
}

/** A list or a watch of a kind, in one namespace or in all. */
function many(request: Request, view: View): Reply | StreamReply {
  const scope = scopeOf(request);
  if (request.query.has('watch') && isTrue(request.query.get('watch'))) return view.watches.reply(request, scope);
  return list(request, scope, view.store, view.nowMs);
}

function one(request: Request, view: View): Reply {
  const scope = scopeOf(request);
  if (scope.resource.namespaced && scope.namespace === '') throw unknownPath();
  return get(request, scope, request.params.name ?? '', view.store, view.nowMs);
}

function subresource(request: Request, view: View): Answer {
  const { namespace = '', name = '', subresource: what = '' } = request.params;
  if (what === 'log' && view.full) return podLog(request, view, view.full);
  if (!['exec', 'attach', 'portforward', 'log', 'proxy'].includes(what)) throw unknownPath();
  throw refuseSubresource(namespace, name, what, view);
}

function scopeOf({ params }: Request): Scope {
  const resource = findResource(params.resource);
  const { namespace = '' } = params;
  if (!resource || (namespace !== '' && !resource.namespaced)) throw unknownPath();
  return { resource, namespace };
}

function syncChecks(view: View): Check[] {
  return [
    ['ping', []],
    ['log', []],
    ['syncloop', view.healthz()],
  ];
}

function version({ published }: View): Reply {
  return json({
    major: '1',
    minor: KUBERNETES_MINOR,
    gitVersion: GIT_VERSION,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '',
    goVersion: '',
    compiler: '',
    platform: `linux/${published.node.architecture}`,
  });
}

function pathList(): Reply {
  return text(`${paths().join('\n')}\n`);
}

/** What a GET may ask for. */
function paths(): string[] {
  return ROUTES.filter(({ method, pattern }) => method === undefined && !pattern.endsWith('/*')).map(
    ({ pattern }) => pattern,
  );
}

function isPath(path: string): boolean {
  const match = matchRoute(path.split('/').filter(Boolean), 'GET');
  return match !== undefined && !match.route.pattern.endsWith('/*');
}
