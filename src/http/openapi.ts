/**
 * Just enough OpenAPI v3 that `kubectl apply` and `kubectl create` go on to their request, and so show our answer to it.
 * It declares one thing: that a PATCH of a Pod takes `fieldValidation`.
 */
import { json, type Reply } from './message.ts';

const PATH = 'api/v1';

export function openApiIndex(): Reply {
  return json({ paths: { [PATH]: { serverRelativeURL: `/openapi/v3/${PATH}?hash=1` } } });
}

export function openApiCore(): Reply {
  return json({
    openapi: '3.0.0',
    info: { title: 'Rower', version: 'v1' },
    paths: {
      [`/${PATH}/namespaces/{namespace}/pods/{name}`]: {
        patch: {
          parameters: [{ name: 'fieldValidation', in: 'query', schema: { type: 'string' } }],
          'x-kubernetes-action': 'patch',
          'x-kubernetes-group-version-kind': { group: '', version: 'v1', kind: 'Pod' },
        },
      },
    },
  });
}
