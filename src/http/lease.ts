/** The Node's lease: `kubectl describe node` shows by it that the agent lives. An agent that answers renews it by that. */
import { rfc3339 } from './duration.ts';
import { json, type Reply, type Request } from './message.ts';
import { notFound } from './status.ts';
import type { View } from './view.ts';

const NAMESPACE = 'kube-node-lease';
/** The kubelet's default (nodeLeaseDurationSeconds). */
const DURATION_SECONDS = 40;

/** `/apis/coordination.k8s.io/v1/namespaces/NAMESPACE/leases/NAME`. Throws 404 for any but this node's. */
export function nodeLease({ params }: Request, { published, nowMs }: View): Reply {
  const { namespace, name = '' } = params;
  const { node, startedAtMs } = published;
  if (namespace !== NAMESPACE || name !== node.name) throw notFound('leases.coordination.k8s.io', name);
  return json({
    kind: 'Lease',
    apiVersion: 'coordination.k8s.io/v1',
    metadata: { name, namespace, uid: `lease-${node.machineId || name}`, creationTimestamp: rfc3339(startedAtMs) },
    spec: {
      holderIdentity: node.name,
      leaseDurationSeconds: DURATION_SECONDS,
      // A time with microseconds, as the API writes it.
      renewTime: new Date(nowMs).toISOString().replace('Z', '000Z'),
    },
  });
}
