/** The objects that stand for Pods: what of them is used; see `fields.ts`. */
import { dropped, type FieldTable, ignored, never, yes } from './field.ts';

const OBJECT = { apiVersion: yes('string'), kind: yes('string'), metadata: yes('ObjectMeta'), status: dropped('any') };
const NO_ROLLOUT = 'ignored: an edited Pod is stopped before the new one starts';

export const WORKLOAD_TYPES = {
  PodTemplateSpec: { metadata: yes('ObjectMeta'), spec: yes('PodSpec') },
  Deployment: { ...OBJECT, spec: yes('DeploymentSpec') },
  DeploymentSpec: {
    minReadySeconds: ignored('int32'),
    paused: ignored('bool', 'ignored: changes take effect at once'),
    progressDeadlineSeconds: ignored('int32?'),
    replicas: yes('int32?'),
    revisionHistoryLimit: ignored('int32?'),
    selector: ignored('any'),
    strategy: ignored('any', NO_ROLLOUT),
    template: yes('PodTemplateSpec'),
  },
  ReplicaSet: { ...OBJECT, spec: yes('ReplicaSetSpec') },
  ReplicaSetSpec: {
    minReadySeconds: ignored('int32'),
    replicas: yes('int32?'),
    selector: ignored('any'),
    template: yes('PodTemplateSpec'),
  },
  DaemonSet: { ...OBJECT, spec: yes('DaemonSetSpec') },
  DaemonSetSpec: {
    minReadySeconds: ignored('int32'),
    revisionHistoryLimit: ignored('int32?'),
    selector: ignored('any'),
    template: yes('PodTemplateSpec'),
    updateStrategy: ignored('any', NO_ROLLOUT),
  },
  StatefulSet: { ...OBJECT, spec: yes('StatefulSetSpec') },
  StatefulSetSpec: {
    minReadySeconds: ignored('int32'),
    ordinals: ignored('any', 'ignored: the Pod has the name of the StatefulSet'),
    persistentVolumeClaimRetentionPolicy: ignored('any', 'ignored: directories of claims are never deleted'),
    podManagementPolicy: ignored('string'),
    replicas: yes('int32?'),
    revisionHistoryLimit: ignored('int32?'),
    selector: ignored('any'),
    serviceName: ignored('string'),
    template: yes('PodTemplateSpec'),
    updateStrategy: ignored('any', NO_ROLLOUT),
    volumeClaimTemplates: yes('PersistentVolumeClaim[]'),
  },
  Job: { ...OBJECT, spec: yes('JobSpec') },
  JobSpec: {
    activeDeadlineSeconds: yes('int64?'),
    backoffLimit: ignored('int32?', "ignored: the template's restartPolicy decides whether a failed Pod runs again"),
    backoffLimitPerIndex: never('int32?', 'indexed Jobs need an API server'),
    completionMode: yes('string?'),
    completions: yes('int32?'),
    managedBy: ignored('string?'),
    manualSelector: ignored('bool?'),
    maxFailedIndexes: never('int32?', 'indexed Jobs need an API server'),
    parallelism: yes('int32?'),
    podFailurePolicy: ignored('any', "ignored: use the template's restartPolicyRules"),
    podReplacementPolicy: ignored('string?'),
    selector: ignored('any'),
    successPolicy: ignored('any'),
    suspend: yes('bool?'),
    template: yes('PodTemplateSpec'),
    ttlSecondsAfterFinished: ignored('int32?', 'ignored: the finished Pod is shown until its manifest is removed'),
  },
} satisfies Record<string, FieldTable>;
