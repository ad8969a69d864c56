/**
 * What is done with a document, by its apiVersion and kind.
 *
 * To add a kind: 1. change or add its row; 2. handle a new treatment in `parse.ts`.
 */

import { closest } from '../../config/closest.ts';

/**
 * `pod`, `list`, `document`, `workload`: read. `ignored`: has no meaning on one machine, a warning is given. `later`: this
 * version cannot do it.
 */
export type Treatment = 'pod' | 'list' | 'document' | 'workload' | 'ignored' | 'later';

const READ: readonly Treatment[] = ['pod', 'list', 'document', 'workload'];

const KINDS: Readonly<Record<string, Readonly<Record<string, Treatment>>>> = {
  v1: {
    Pod: 'pod',
    PodList: 'list',
    List: 'list',
    ConfigMap: 'document',
    ConfigMapList: 'list',
    Secret: 'document',
    SecretList: 'list',
    PersistentVolumeClaim: 'document',
    PersistentVolume: 'document',
    ReplicationController: 'workload',
    Service: 'ignored',
    ServiceAccount: 'ignored',
    Namespace: 'ignored',
    Endpoints: 'ignored',
    LimitRange: 'ignored',
    ResourceQuota: 'ignored',
    Node: 'ignored',
    Event: 'ignored',
    PodTemplate: 'ignored',
  },
  'apps/v1': {
    Deployment: 'workload',
    DaemonSet: 'workload',
    ReplicaSet: 'workload',
    StatefulSet: 'workload',
    ControllerRevision: 'ignored',
  },
  'batch/v1': { Job: 'workload', CronJob: 'later' },
  'networking.k8s.io/v1': { Ingress: 'ignored', IngressClass: 'ignored', NetworkPolicy: 'ignored' },
  'discovery.k8s.io/v1': { EndpointSlice: 'ignored' },
  'policy/v1': { PodDisruptionBudget: 'ignored' },
  'autoscaling/v2': { HorizontalPodAutoscaler: 'ignored' },
  'scheduling.k8s.io/v1': { PriorityClass: 'ignored' },
  'storage.k8s.io/v1': {
    StorageClass: 'ignored',
    CSIDriver: 'ignored',
    CSINode: 'ignored',
    VolumeAttachment: 'ignored',
  },
  'snapshot.storage.k8s.io/v1': { VolumeSnapshot: 'ignored', VolumeSnapshotClass: 'ignored' },
  'gateway.networking.k8s.io/v1': {
    Gateway: 'ignored',
    GatewayClass: 'ignored',
    HTTPRoute: 'ignored',
    GRPCRoute: 'ignored',
  },
  'coordination.k8s.io/v1': { Lease: 'ignored' },
  'apiregistration.k8s.io/v1': { APIService: 'ignored' },
  'admissionregistration.k8s.io/v1': {
    MutatingWebhookConfiguration: 'ignored',
    ValidatingWebhookConfiguration: 'ignored',
  },
  'monitoring.coreos.com/v1': { ServiceMonitor: 'ignored', PodMonitor: 'ignored', PrometheusRule: 'ignored' },
  'node.k8s.io/v1': { RuntimeClass: 'ignored' },
  'rbac.authorization.k8s.io/v1': {
    ClusterRole: 'ignored',
    ClusterRoleBinding: 'ignored',
    Role: 'ignored',
    RoleBinding: 'ignored',
  },
  'apiextensions.k8s.io/v1': { CustomResourceDefinition: 'ignored' },
};

/** Why a kind is ignored, where there is more to say than that there is no cluster. */
const IGNORED_BECAUSE: Readonly<Record<string, string>> = {
  RuntimeClass: "runtime classes are set in the agent's configuration (runtimeClasses)",
};

export function ignoredText(kind: string): string {
  const why = Object.hasOwn(IGNORED_BECAUSE, kind) ? IGNORED_BECAUSE[kind] : undefined;
  return `${kind} is ignored: ${why ?? 'it has no meaning on a machine without a cluster'}`;
}

/** What has no meaning here has none in any version of its group either, and what it has moved from. */
const FORMER_GROUP = 'extensions';

export function treatmentOf(apiVersion: string, kind: string): Treatment | undefined {
  const kinds = Object.hasOwn(KINDS, apiVersion) ? KINDS[apiVersion] : undefined;
  if (kinds && Object.hasOwn(kinds, kind)) return kinds[kind];
  const home = apiVersionOf(kind);
  if (home === undefined || KINDS[home]?.[kind] !== 'ignored') return undefined;
  const group = groupOf(apiVersion);
  return group === groupOf(home) || group === FORMER_GROUP ? 'ignored' : undefined;
}

/** `apps` of `apps/v1`; empty of `v1`. */
const groupOf = (apiVersion: string) => apiVersion.slice(0, Math.max(0, apiVersion.indexOf('/')));

/** The kind that was probably meant. */
export function nearestKind(kind: string): string | undefined {
  return closest(kind, new Set(Object.values(KINDS).flatMap((kinds) => Object.keys(kinds))));
}

/** The apiVersion under which a kind is in the table, for hints. */
export function apiVersionOf(kind: string): string | undefined {
  return Object.keys(KINDS).find((apiVersion) => Object.hasOwn(KINDS[apiVersion] ?? {}, kind));
}

/** `Pod, PodList, … (v1), Deployment, … (apps/v1)` */
export function readKinds(): string {
  const groups = Object.entries(KINDS).map(([apiVersion, kinds]) => {
    const read = Object.keys(kinds).filter((kind) => READ.includes(kinds[kind] as Treatment));
    return read.length > 0 ? `${read.join(', ')} (${apiVersion})` : '';
  });
  return groups.filter((group) => group !== '').join(', ');
}

/** Every kind with its treatment, for the documentation. */
export function allKinds(): { apiVersion: string; kind: string; treatment: Treatment }[] {
  return Object.entries(KINDS).flatMap(([apiVersion, kinds]) =>
    Object.entries(kinds).map(([kind, treatment]) => ({ apiVersion, kind, treatment })),
  );
}
