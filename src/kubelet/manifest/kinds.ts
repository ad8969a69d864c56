/**
 * What is done with a document, by its apiVersion and kind.
 *
 * To add a kind: 1. change or add its row; 2. handle a new treatment in `parse.ts`.
 */

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
    Service: 'ignored',
    ServiceAccount: 'ignored',
    Namespace: 'ignored',
    Endpoints: 'ignored',
    LimitRange: 'ignored',
    ResourceQuota: 'ignored',
  },
  'apps/v1': { Deployment: 'workload', DaemonSet: 'workload', ReplicaSet: 'workload', StatefulSet: 'workload' },
  'batch/v1': { Job: 'workload', CronJob: 'later' },
  'networking.k8s.io/v1': { Ingress: 'ignored', IngressClass: 'ignored', NetworkPolicy: 'ignored' },
  'discovery.k8s.io/v1': { EndpointSlice: 'ignored' },
  'policy/v1': { PodDisruptionBudget: 'ignored' },
  'autoscaling/v2': { HorizontalPodAutoscaler: 'ignored' },
  'scheduling.k8s.io/v1': { PriorityClass: 'ignored' },
  'storage.k8s.io/v1': { StorageClass: 'ignored' },
  'rbac.authorization.k8s.io/v1': {
    ClusterRole: 'ignored',
    ClusterRoleBinding: 'ignored',
    Role: 'ignored',
    RoleBinding: 'ignored',
  },
  'apiextensions.k8s.io/v1': { CustomResourceDefinition: 'ignored' },
};

export function treatmentOf(apiVersion: string, kind: string): Treatment | undefined {
  const kinds = Object.hasOwn(KINDS, apiVersion) ? KINDS[apiVersion] : undefined;
  return kinds && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
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
