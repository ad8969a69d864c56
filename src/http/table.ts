/** `meta.k8s.io` Tables: what kubectl prints as columns. Source: apimachinery pkg/apis/meta/v1/types.go. */
import type { KubeObject, Resource } from './resources.ts';
import { badRequest } from './status.ts';

/** What each row carries of its object besides the cells. */
export type IncludeObject = 'None' | 'Metadata' | 'Object';

export interface ListMeta {
  resourceVersion: string;
  continue?: string;
  remainingItemCount?: number;
}

export function parseIncludeObject(text: string | null): IncludeObject {
  switch (text) {
    case null:
    case '':
    case 'Metadata':
      return 'Metadata';
    case 'None':
    case 'Object':
      return text;
    default:
      throw badRequest(`unrecognized includeObject value: ${JSON.stringify(text)}`);
  }
}

/** `version`: of `meta.k8s.io`, as the client asked for it. */
export function table(
  resource: Resource,
  objects: readonly KubeObject[],
  options: { version: string; includeObject: IncludeObject; metadata: ListMeta; nowMs: number },
) {
  const { version, includeObject, metadata, nowMs } = options;
  const apiVersion = `meta.k8s.io/${version}`;
  return {
    kind: 'Table',
    apiVersion,
    metadata,
    columnDefinitions: resource.columns,
    rows: objects.map((object) => {
      const conditions = resource.rowConditions(object);
      return {
        cells: resource.cells(object, nowMs),
        ...(conditions.length > 0 && { conditions }),
        object: rowObject(object, includeObject, apiVersion),
      };
    }),
  };
}

function rowObject(object: KubeObject, include: IncludeObject, apiVersion: string): KubeObject | null {
  if (include === 'None') return null;
  return include === 'Object' ? object : { kind: 'PartialObjectMetadata', apiVersion, metadata: object.metadata ?? {} };
}
