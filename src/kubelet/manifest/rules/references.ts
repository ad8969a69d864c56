/**
 * ConfigMaps, Secrets and claims that a Pod names and that are not there, in the words of the agent when it waits for
 * them. Warnings: they may come from elsewhere, and may come later.
 */
import { type DocumentKind, type Documents, documentKey, notFoundText } from '../../documents.ts';
import { DEFAULT_NAMESPACE } from '../default.ts';
import type { Path, Problems } from '../problems.ts';
import type { ContainerManifest, PodSpecManifest } from './containers.ts';

interface Named {
  readonly kind: DocumentKind;
  readonly name: string;
  /** A place of the name. */
  readonly path: Path;
  readonly optional: boolean;
  /** What is wanted of it, each where it is named; only files can have what is binary. */
  readonly keys: readonly { readonly key: string; readonly path: Path; readonly files: boolean }[];
}

type Reference = { name?: string; optional?: boolean; key?: string; items?: readonly { key: string }[] };

export function checkReferences(
  spec: PodSpecManifest,
  namespace: string | undefined,
  documents: Documents,
  path: Path,
  problems: Problems,
): void {
  const home = namespace || DEFAULT_NAMESPACE;
  for (const { kind, name, path: at, optional, keys } of named(spec, path)) {
    const document = documents.get(documentKey(kind, home, name));
    if (!document && !optional) problems.warn(at, notFoundText(kind, name));
    if (!document) continue;
    for (const { key, path: place, files } of keys) {
      if (optional || document.data.has(key) || (files && document.binaryData.has(key))) continue;
      problems.warn(place, `couldn't find key ${key} in ${kind} ${home}/${name}`);
    }
    const { volumeName } = document;
    if (volumeName !== undefined && !documents.has(documentKey('PersistentVolume', '', volumeName)))
      problems.warn(at, `${kind} ${home}/${name}: ${notFoundText('PersistentVolume', volumeName)}`);
  }
}

function named(spec: PodSpecManifest, path: Path): Named[] {
  const containers = (['initContainers', 'containers'] as const).flatMap((list) =>
    (spec[list] ?? []).flatMap((container, index) => ofContainer(container, [...path, list, index])),
  );
  const volumes = (spec.volumes ?? []).flatMap((volume, index) => {
    const at = [...path, 'volumes', index];
    const claim = volume.persistentVolumeClaim?.claimName;
    return [
      ...one('ConfigMap', volume.configMap, [...at, 'configMap']),
      ...one('Secret', volume.secret, [...at, 'secret'], 'secretName', volume.secret?.secretName),
      ...one('PersistentVolumeClaim', claim ? {} : undefined, [...at, 'persistentVolumeClaim'], 'claimName', claim),
      ...(volume.projected?.sources ?? []).flatMap((source, position) => {
        const place = [...at, 'projected', 'sources', position];
        return [
          ...one('ConfigMap', source.configMap, [...place, 'configMap']),
          ...one('Secret', source.secret, [...place, 'secret']),
        ];
      }),
    ];
  });
  const pulls = (spec.imagePullSecrets ?? []).flatMap((reference, index) =>
    one('Secret', reference, [...path, 'imagePullSecrets', index]),
  );
  return [...containers, ...volumes, ...pulls];
}

function ofContainer({ env = [], envFrom = [] }: ContainerManifest, path: Path): Named[] {
  return [
    ...env.flatMap(({ valueFrom }, index) => {
      const at = [...path, 'env', index, 'valueFrom'];
      return [
        ...one('ConfigMap', valueFrom?.configMapKeyRef, [...at, 'configMapKeyRef']),
        ...one('Secret', valueFrom?.secretKeyRef, [...at, 'secretKeyRef']),
      ];
    }),
    ...envFrom.flatMap(({ configMapRef, secretRef }, index) => {
      const at = [...path, 'envFrom', index];
      return [
        ...one('ConfigMap', configMapRef, [...at, 'configMapRef']),
        ...one('Secret', secretRef, [...at, 'secretRef']),
      ];
    }),
  ];
}

function one(
  kind: DocumentKind,
  reference: Reference | undefined,
  path: Path,
  field = 'name',
  name = reference?.name,
): Named[] {
  if (!reference || !name) return [];
  const { key, items = [], optional = false } = reference;
  const keys = [
    ...(key ? [{ key, path: [...path, 'key'], files: false }] : []),
    ...items.map((item, index) => ({ key: item.key, path: [...path, 'items', index, 'key'], files: true })),
  ];
  return [{ kind, name, path: [...path, field], optional, keys }];
}
