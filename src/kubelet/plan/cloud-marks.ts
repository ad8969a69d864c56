import type { CloudMarks } from '../node.ts';
import type { Revision } from '../types.ts';

/**
 * A Pod with what the cloud says of its machine, for the downward API (`metadata.annotations['rower.dev/zone']`). The uid
 * stays: neither another tag nor a late answer makes another Pod of it. Pure.
 */
export function withCloudMarks(revision: Revision, { labels, annotations }: CloudMarks): Revision {
  const { metadata } = revision.pod;
  return {
    ...revision,
    pod: {
      ...revision.pod,
      metadata: {
        ...metadata,
        ...(Object.keys(labels).length > 0 && { labels: { ...metadata.labels, ...labels } }),
        annotations: { ...metadata.annotations, ...annotations },
      },
    },
  };
}
