/** What this endpoint does not do, said so that a person knows where to do it instead. */
import { type ApiError, methodNotAllowed } from './status.ts';
import type { View } from './view.ts';

const STREAMS: ReadonlySet<string> = new Set(['exec', 'attach', 'portforward', 'proxy']);

/** The answer to anything but reading. `segments`: of the path, decoded. */
export function refuse(segments: readonly string[], view: View): ApiError {
  const [api, version, namespaces, namespace, resource, name, subresource] = segments;
  const isNamed = api === 'api' && version === 'v1' && namespaces === 'namespaces' && name !== undefined;
  if (isNamed && resource === 'pods') return refuseSubresource(namespace ?? '', name, subresource ?? '', view);
  if (namespaces === 'nodes') {
    return methodNotAllowed(
      `this node endpoint is read-only: a node cannot be changed, and the manifests in ${view.manifests} decide what it runs`,
    );
  }
  return methodNotAllowed(`this node endpoint is read-only: change the manifest in ${view.manifests}`);
}

/** Of one Pod: the manifest it came from is known. */
export function refuseSubresource(namespace: string, name: string, subresource: string, view: View): ApiError {
  if (STREAMS.has(subresource)) {
    return methodNotAllowed(`this node endpoint is read-only: ${subresource} is not served; use crictl on the machine`);
  }
  const { pods, node } = view.published;
  const found = pods.find(({ pod }) => pod.metadata.namespace === namespace && pod.metadata.name === name);
  if (subresource === 'log') {
    const directory = found ? `${namespace}_${name}_${found.pod.metadata.uid}` : '';
    const other = view.kubeconfig ? `use kubectl --kubeconfig ${view.kubeconfig}, or ` : '';
    return methodNotAllowed(
      `this port serves no logs: ${other}read them on the machine in ${node.podLogsDir}/${directory}`,
    );
  }
  const place = found?.origin.kind === 'file' ? found.origin.location : `in ${view.manifests}`;
  return methodNotAllowed(`this node endpoint is read-only: change the manifest ${place}`);
}
