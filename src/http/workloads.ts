/**
 * Kinds that a cluster makes Pods from. This machine has none and discovery does not name them, so that `kubectl get
 * deployments` says so; but `kubectl cluster-info dump` lists them unasked and gives up at the first that is not there.
 */
import { json, type Reply, type Request } from './message.ts';
import { unknownPath } from './status.ts';

const APPS = { daemonsets: 'DaemonSet', deployments: 'Deployment', replicasets: 'ReplicaSet' };

/** `/api/v1/namespaces/NAMESPACE/replicationcontrollers`: an empty list. */
export function controllers(): Reply {
  return empty('v1', 'ReplicationController');
}

/** `/apis/apps/v1/namespaces/NAMESPACE/RESOURCE`: an empty list. Throws 404 for what no dump asks for. */
export function workloads({ params: { resource = '' } }: Request): Reply {
  const kind = Object.hasOwn(APPS, resource) ? APPS[resource as keyof typeof APPS] : undefined;
  if (kind === undefined) throw unknownPath();
  return empty('apps/v1', kind);
}

function empty(apiVersion: string, kind: string): Reply {
  return json({ kind: `${kind}List`, apiVersion, metadata: { resourceVersion: '1' }, items: [] });
}
