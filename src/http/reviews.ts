/**
 * What may I do, and who am I: the self-reviews that `kubectl auth` and dashboards post. Source: k8s.io/api authorization/
 * v1 and authentication/v1. The bodies are the only ones that this endpoint reads.
 */
import { type Body, json, type Reply, type Request } from './message.ts';
import { readFields, readTexts, unwrap } from './protobuf.ts';
import { RESOURCES } from './resources.ts';
import { badRequest, unsupportedMediaType } from './status.ts';
import type { View } from './view.ts';

const PROTOBUF = 'application/vnd.kubernetes.protobuf';
const JSON_TYPE = 'application/json';

interface Rule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
}

/** What this port serves to whoever asks. */
function rulesOf({ full, stats }: View): Rule[] {
  const core = [''];
  return [
    { verbs: ['get', 'list', 'watch'], apiGroups: core, resources: Object.keys(RESOURCES) },
    {
      verbs: ['get'],
      apiGroups: core,
      resources: ['pods/status', ...(full ? ['pods/log'] : []), 'nodes/status', 'nodes/proxy'],
    },
    ...(stats ? [{ verbs: ['get', 'list'], apiGroups: ['metrics.k8s.io'], resources: ['nodes', 'pods'] }] : []),
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
  ];
}

/** `isPath`: whether a GET of that path means something. */
export function accessReview(request: Request, view: View, isPath: (path: string) => boolean): Reply {
  const spec = readSpec(request.body, accessSpec);
  const { resourceAttributes, nonResourceAttributes } = spec;
  const allowed = resourceAttributes
    ? mayUse(attributes(resourceAttributes), rulesOf(view))
    : mayGet(attributes(nonResourceAttributes), isPath);
  const status = allowed ? { allowed } : { allowed, reason: 'this node endpoint is read-only and serves little else' };
  return review('authorization.k8s.io', 'SelfSubjectAccessReview', request, { spec, status });
}

function mayUse({ verb, group = '', resource, subresource }: Record<string, string>, rules: readonly Rule[]): boolean {
  const name = subresource ? `${resource}/${subresource}` : (resource ?? '');
  return rules.some(
    ({ verbs, apiGroups, resources }) =>
      verbs.includes(verb ?? '') && apiGroups.includes(group) && resources.includes(name),
  );
}

function mayGet({ verb, path }: Record<string, string>, isPath: (path: string) => boolean): boolean {
  return verb === 'get' && path !== undefined && isPath(path);
}

/** `paths`: what a GET may ask for. */
export function rulesReview(request: Request, view: View, paths: readonly string[]): Reply {
  const spec = readSpec(request.body, (bytes) => readTexts(bytes, { 1: 'namespace' }));
  const status = {
    resourceRules: rulesOf(view),
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: paths }],
    incomplete: false,
  };
  return review('authorization.k8s.io', 'SelfSubjectRulesReview', request, { spec, status });
}

export function selfReview(request: Request): Reply {
  readSpec(request.body, () => ({}));
  const { name, groups } = request.user;
  return review('authentication.k8s.io', 'SelfSubjectReview', request, {
    status: { userInfo: { username: name, groups } },
  });
}

function review(group: string, kind: string, { params }: Request, rest: object): Reply {
  const metadata = { creationTimestamp: null };
  return json({ kind, apiVersion: `${group}/${params.version ?? 'v1'}`, metadata, ...rest }, 201);
}

type Spec = Record<string, unknown>;

function accessSpec(bytes: Buffer): Spec {
  const fields = readFields(bytes);
  const [resource, path] = [fields.get(1), fields.get(2)];
  const names = { 1: 'namespace', 2: 'verb', 3: 'group', 4: 'version', 5: 'resource', 6: 'subresource', 7: 'name' };
  return {
    ...(resource && { resourceAttributes: readTexts(resource, names) }),
    ...(path && { nonResourceAttributes: readTexts(path, { 1: 'path', 2: 'verb' }) }),
  };
}

/** The review's `spec`, which is field 2 of every kind here. Throws 400 and 415. */
function readSpec(body: Body | undefined, decode: (bytes: Buffer) => Spec): Spec {
  const type = (body?.type ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  const bytes = body?.bytes ?? Buffer.alloc(0);
  if (type === PROTOBUF) return decode(readFields(unwrap(bytes)).get(2) ?? Buffer.alloc(0));
  if (type !== JSON_TYPE && type !== '') throw unsupportedMediaType(type);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString());
  } catch (error) {
    throw badRequest(`the body is not valid JSON: ${(error as Error).message}`);
  }
  const spec = isMap(value) ? value.spec : undefined;
  return isMap(spec) ? spec : {};
}

function isMap(value: unknown): value is Spec {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What of a map is text. */
function attributes(value: unknown): Record<string, string> {
  const entries = isMap(value) ? Object.entries(value) : [];
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
