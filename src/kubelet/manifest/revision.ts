/** A checked manifest → the Pod as it runs here (pkg/kubelet/config/common.go applyDefaults). */
import { isDeepStrictEqual } from 'node:util';
import { podUid, staticPodName } from '../identity.ts';
import { type Pod, type PodManifest, type PodOrigin, podKey, type Revision } from '../types.ts';
import { DEFAULT_NAMESPACE, stripDefaults } from './default.ts';
import { identityOf } from './resizable.ts';

/** Annotations of the agent; what a manifest says of them (one pasted from a cluster does) is not its business. */
const OWN_ANNOTATIONS = 'kubernetes.io/config.';
const NO_EXECUTE = { operator: 'Exists', effect: 'NoExecute' };

/** Without the agent's own annotations, so that they neither count for the uid nor survive. */
export function dropOwnAnnotations(pod: PodManifest): PodManifest {
  const annotations = Object.entries(pod.metadata?.annotations ?? {});
  const kept = annotations.filter(([key]) => !key.startsWith(OWN_ANNOTATIONS));
  if (kept.length === annotations.length) return pod;
  const { annotations: _, ...metadata } = pod.metadata ?? {};
  return { ...pod, metadata: { ...metadata, ...(kept.length > 0 && { annotations: Object.fromEntries(kept) }) } };
}

/**
 * `written` is the Pod as in the manifest, `defaulted` the same after `applyDefaults` and `validatePod` without problems.
 * Times (`config.seen`, creationTimestamp) come later: equal content must give an equal Revision.
 */
export function toRevision(
  written: PodManifest,
  defaulted: PodManifest,
  origin: PodOrigin,
  nodeName: string,
): Revision {
  const metadata = defaulted.metadata ?? {};
  const uid = metadata.uid ?? podUid(stripDefaults(identityOf(written, defaulted)), nodeName, origin);
  const name = staticPodName(metadata.name ?? '', nodeName);
  const namespace = metadata.namespace ?? DEFAULT_NAMESPACE;
  const tolerations = defaulted.spec?.tolerations ?? [];
  const tolerated = origin.kind !== 'file' || tolerations.some((one) => isDeepStrictEqual(one, NO_EXECUTE));
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...metadata,
      name,
      namespace,
      uid,
      annotations: {
        ...metadata.annotations,
        [`${OWN_ANNOTATIONS}hash`]: uid,
        [`${OWN_ANNOTATIONS}source`]: origin.kind,
      },
    },
    spec: {
      ...defaulted.spec,
      nodeName,
      ...(!tolerated && { tolerations: [...tolerations, NO_EXECUTE] }),
    },
  } as Pod;
  return { key: podKey(namespace, name), uid, pod, origin };
}
