/**
 * The kubelet's own read-only paths, and ours beside them. Source of the former: pkg/kubelet/server/server.go and
 * apiserver pkg/server/healthz.
 */
import type { MetadataView } from '../kubelet/metadata-view.ts';
import type { Published, SourceProblem } from '../kubelet/published.ts';
import { isTrue, json, type Reply, type Request, text } from './message.ts';
import { redactUrls } from './redact.ts';
import type { KubeObject } from './resources.ts';
import type { Store } from './store.ts';

export interface ProblemEntry {
  readonly source: { readonly kind: string; readonly location: string };
  readonly severity: string;
  readonly field: string;
  readonly line?: number;
  readonly column?: number;
  readonly message: string;
}

const MAX_PROBLEMS = 1000;
const MAX_MESSAGE_CHARS = 1024;

/** `/pods`: every Pod, as the kubelet lists them: items without kind, no version of the list. */
export function podList(store: Store): Reply {
  const items = store.list('pods').map(({ object }) => {
    const { kind: _kind, apiVersion: _apiVersion, ...rest } = object;
    return rest;
  });
  return json({ kind: 'PodList', apiVersion: 'v1', metadata: {}, items } satisfies KubeObject & { items: object[] });
}

/** A named check: what is wrong, empty when nothing is. */
export type Check = readonly [name: string, problems: readonly string[]];

/** `ok`, or 500 with one line per check. `?verbose` tells all, `?exclude=NAME` leaves a check out. */
export function health(request: Request, title: string, checks: readonly Check[]): Reply {
  const excluded = new Set(request.query.getAll('exclude'));
  const considered = checks.filter(([name]) => !excluded.has(name));
  const failed = considered.some(([, problems]) => problems.length > 0);
  const verbose = request.query.has('verbose') && isTrue(request.query.get('verbose'));
  if (!failed && !verbose) return text('ok');
  const lines = considered.map(([name, problems]) =>
    problems.length > 0 ? `[-]${name} failed: ${problems.join('; ')}` : `[+]${name} ok`,
  );
  return text([...lines, `${title} check ${failed ? 'failed' : 'passed'}`, ''].join('\n'), failed ? 500 : 200);
}

/** What `/readyz` asks beside `/healthz`. */
export function readiness({ runtime, sourcesKnown, metadata }: Published): Check[] {
  const unknown = metadata && !metadata.known;
  return [
    ...(metadata ? [['metadata', unknown ? [metadataText(metadata)] : []] satisfies Check] : []),
    ['runtime', runtime.ready ? [] : [runtime.message || 'the container runtime has not answered yet']],
    ['network', runtime.networkReady ? [] : [runtime.message || 'the network of the container runtime is not ready']],
    ['sources', sourcesKnown ? [] : ['not every source of manifests has been read']],
  ];
}

/** Why it is not known what this machine is to run. */
function metadataText({ provider, error, state }: MetadataView): string {
  if (error) return `${provider} has not given what this machine is to run: ${oneLine(error.message)}`;
  return state === 'looking' ? 'the metadata provider is looked for' : `${provider} has not answered yet`;
}

/** `/rower/v1/problems`: what is wrong with the manifests. Excerpts stay out: they may hold secrets. */
export function problemList({ problems, pods, metadata }: Published): Reply {
  return json({
    problems: [...metadataProblems(metadata), ...problems.map(problemEntry)].slice(0, MAX_PROBLEMS),
    held: pods
      .filter(({ held }) => held !== undefined)
      .map(({ pod, origin, held }) => ({
        namespace: pod.metadata.namespace,
        name: pod.metadata.name,
        source: { kind: origin.kind, location: redactUrls(origin.location) },
        message: oneLine(held ?? ''),
      })),
  });
}

function problemEntry({ origin, problem }: SourceProblem): ProblemEntry {
  const { severity, field, message, line, column } = problem;
  return {
    source: { kind: origin.kind, location: redactUrls(origin.location) },
    severity,
    field,
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
    message: oneLine(message),
  };
}

/** What is wrong with user-data, and why there is none; in the form of the others. */
export function metadataProblems(metadata: MetadataView | undefined): ProblemEntry[] {
  const { provider = '', error, problems = [] } = metadata ?? {};
  const entry = (location: string, rest: Omit<ProblemEntry, 'source'>) => ({
    source: { kind: 'metadata', location },
    ...rest,
    message: oneLine(rest.message),
  });
  return [
    ...(error ? [entry(`provider ${provider}`, { severity: 'error', field: '', message: error.message })] : []),
    ...problems.map(({ place, ...rest }) => entry(place, rest)),
  ];
}

/** A parser's message may go on with lines of the source. */
export function oneLine(message: string): string {
  return redactUrls(message.split('\n', 1)[0] ?? '').slice(0, MAX_MESSAGE_CHARS);
}
