import { type DocumentKey, type Documents, documentKey } from '../documents.ts';
import { contentHash } from '../identity.ts';
import type { Pod, Volume } from '../types.ts';
import { allContainers } from './containers.ts';

/** What of the documents a Pod depends on. */
export interface References {
  /** Changes whenever a document that the Pod names comes, goes or changes, or what its downwardAPI files show. */
  readonly digest: string;
  /** Some of its volumes follow such changes. */
  readonly followed: boolean;
}

/** Undefined for a Pod that depends on none. Pure. */
export function references(pod: Pod, documents: Documents): References | undefined {
  const keys = new Set(documentKeys(pod, documents));
  const volumes = pod.spec.volumes ?? [];
  const downward = volumes.some((volume) => volume.downwardAPI || volume.projected);
  if (keys.size === 0 && !downward) return undefined;
  const { labels, annotations } = pod.metadata;
  const seen = [...keys].sort().map((key) => [key, documents.get(key)?.hash ?? 'absent']);
  const digest = contentHash(JSON.stringify([seen, downward ? [labels, annotations] : []])).slice(0, 32);
  return { digest, followed: volumes.some((volume) => volume.configMap || volume.secret) || downward };
}

/** The documents that a Pod names, whether or not they are there. */
export function documentKeys(pod: Pod, documents: Documents): DocumentKey[] {
  const { namespace } = pod.metadata;
  const configMap = (reference: { name?: string } | undefined) =>
    reference?.name ? [documentKey('ConfigMap', namespace, reference.name)] : [];
  const secret = (name: string | undefined) => (name ? [documentKey('Secret', namespace, name)] : []);
  const ofEnv = allContainers(pod.spec).flatMap(({ env = [], envFrom = [] }) => [
    ...env.flatMap(({ valueFrom }) => [
      ...configMap(valueFrom?.configMapKeyRef),
      ...secret(valueFrom?.secretKeyRef?.name),
    ]),
    ...envFrom.flatMap((source) => [...configMap(source.configMapRef), ...secret(source.secretRef?.name)]),
  ]);
  const ofVolume = (volume: Volume) => [
    ...configMap(volume.configMap),
    ...secret(volume.secret?.secretName),
    ...(volume.projected?.sources ?? []).flatMap((source) => [
      ...configMap(source.configMap),
      ...secret(source.secret?.name),
    ]),
    ...claim(volume.persistentVolumeClaim?.claimName),
  ];
  function claim(name: string | undefined): DocumentKey[] {
    if (!name) return [];
    const key = documentKey('PersistentVolumeClaim', namespace, name);
    const volumeName = documents.get(key)?.volumeName;
    return [key, ...(volumeName ? [documentKey('PersistentVolume', '', volumeName)] : [])];
  }
  const ofPulls = (pod.spec.imagePullSecrets ?? []).flatMap(({ name }) => secret(name));
  return [...ofEnv, ...(pod.spec.volumes ?? []).flatMap(ofVolume), ...ofPulls];
}
