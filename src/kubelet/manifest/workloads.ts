/**
 * Deployment, ReplicaSet (and its forerunner), DaemonSet, StatefulSet and Job → the one Pod of them that this machine runs: their template,
 * under their own name. Nothing else of them happens here: no rolling update, no retries of a Job, no selectors.
 *
 * To add a kind: 1. its table in `fields-workloads.ts`; 2. a row here; 3. its treatment in `kinds.ts`.
 */
import type { PodManifest } from '../types.ts';
import { decodeObject, type Fields } from './decode.ts';
import { dnsLabel } from './names.ts';
import { forbidden, type Path, type Problems, required, unsupported } from './problems.ts';
import { checkName, checkNotNegative, checkOneOf } from './rules/check.ts';

export const WORKLOAD_KINDS = [
  'Deployment',
  'ReplicaSet',
  'ReplicationController',
  'DaemonSet',
  'StatefulSet',
  'Job',
] as const;
export type WorkloadKind = (typeof WORKLOAD_KINDS)[number];

/** On Pods that were made of another object: its kind and name. */
const OWNER_ANNOTATION = 'rower.dev/owner';
const ONE_MACHINE = 'this is one machine, which runs one Pod of it';

interface Spec {
  template?: { metadata?: NonNullable<PodManifest['metadata']>; spec?: PodManifest['spec'] };
  replicas?: number;
  completions?: number;
  parallelism?: number;
  completionMode?: string;
  suspend?: boolean;
  activeDeadlineSeconds?: number;
  volumeClaimTemplates?: { metadata?: { name?: string } }[];
}

export interface Workload {
  /** As if it had been written so. */
  pod: PodManifest;
  /** False with `replicas: 0` and the like. */
  wanted: boolean;
  /** Where the Pod's metadata and spec are. */
  path: Path;
  /** Documents of claims that it asks for, with their places. */
  claims: { document: Fields; path: Path }[];
}

/** Undefined when there is nothing to read. Everything wrong with it beside the Pod itself goes to `problems`. */
export function readWorkload(kind: WorkloadKind, value: unknown, path: Path, problems: Problems): Workload | undefined {
  const fields = decodeObject(kind, value, path, problems);
  const { name, namespace } = (fields.metadata ?? {}) as { name?: string; namespace?: string };
  if (!name) problems.error([...path, 'metadata', 'name'], required());
  const spec = (fields.spec ?? {}) as Spec;
  const at = [...path, 'spec'];
  const { template } = spec;
  if (!template) problems.error([...at, 'template'], required());
  const wanted = kind === 'Job' ? checkJob(spec, at, problems) : checkReplicas(kind, spec, at, problems);
  if (!template || !name) return undefined;
  const { labels, annotations } = template.metadata ?? {};
  const podSpec = { ...(template.spec ?? { containers: [] }) };
  if (kind === 'Job' && podSpec.activeDeadlineSeconds === undefined && spec.activeDeadlineSeconds !== undefined)
    podSpec.activeDeadlineSeconds = spec.activeDeadlineSeconds;
  const claims = claimsOf(spec, name, namespace, at, problems);
  const claimed = new Set(claims.map((claim) => claim.volume.name));
  if (claims.length > 0)
    podSpec.volumes = [
      ...(podSpec.volumes ?? []).filter((volume) => !claimed.has(volume.name)),
      ...claims.map((claim) => claim.volume),
    ];
  const pod: PodManifest = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(labels && { labels }),
      annotations: { ...annotations, [OWNER_ANNOTATION]: `${kind}/${name}` },
    },
    spec: podSpec,
  };
  return { pod, wanted, path: [...at, 'template'], claims };
}

/** Says whether a Pod is wanted. */
function checkReplicas(kind: WorkloadKind, spec: Spec, path: Path, problems: Problems): boolean {
  const { replicas = 1, template } = spec;
  checkNotNegative(spec.replicas, [...path, 'replicas'], problems);
  if (replicas > 1) problems.error([...path, 'replicas'], tooMany(replicas));
  const at = [...path, 'template', 'spec'];
  const { restartPolicy, activeDeadlineSeconds } = template?.spec ?? {};
  checkOneOf(restartPolicy, ['Always'], [...at, 'restartPolicy'], problems);
  if (activeDeadlineSeconds !== undefined)
    problems.error([...at, 'activeDeadlineSeconds'], forbidden(`activeDeadlineSeconds in ${kind} is not Supported`));
  return replicas > 0;
}

function checkJob(spec: Spec, path: Path, problems: Problems): boolean {
  for (const field of ['completions', 'parallelism'] as const) {
    const count = spec[field];
    checkNotNegative(count, [...path, field], problems);
    if (count !== undefined && count > 1) problems.error([...path, field], tooMany(count));
  }
  checkOneOf(spec.completionMode, ['NonIndexed'], [...path, 'completionMode'], problems);
  const { restartPolicy = 'Always' } = spec.template?.spec ?? {};
  const at = [...path, 'template', 'spec', 'restartPolicy'];
  if (spec.template && restartPolicy === 'Always') problems.error(at, required('valid values: "OnFailure", "Never"'));
  else if (!['OnFailure', 'Never', 'Always'].includes(restartPolicy))
    problems.error(at, unsupported(restartPolicy, ['OnFailure', 'Never']));
  return spec.suspend !== true && spec.completions !== 0 && spec.parallelism !== 0;
}

const tooMany = (count: number) => `Invalid value: ${count}: must be 0 or 1: ${ONE_MACHINE}`;

/** Named as the StatefulSet controller names those of its first Pod, so that data moves with the manifest. */
function claimsOf(spec: Spec, name: string, namespace: string | undefined, path: Path, problems: Problems) {
  return (spec.volumeClaimTemplates ?? []).flatMap((template, index) => {
    const volume = template.metadata?.name;
    const at = [...path, 'volumeClaimTemplates', index];
    checkName(volume, dnsLabel, [...at, 'metadata', 'name'], problems);
    if (!volume) return [];
    const claimName = `${volume}-${name}-0`;
    const metadata = { name: claimName, ...(namespace !== undefined && { namespace }) };
    const document: Fields = { ...template, apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
    return [{ document, path: at, volume: { name: volume, persistentVolumeClaim: { claimName } } }];
  });
}
