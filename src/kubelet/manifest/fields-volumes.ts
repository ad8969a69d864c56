/** The volume part of the field tables; see `fields.ts`. */
import { type FieldTable, never, yes } from './field.ts';

const NO_PROVISIONER = 'there is no provisioner that could make it; use emptyDir, or a PersistentVolumeClaim document';
const NO_PLUGIN = 'this kind of volume needs a plugin that Rower does not have; mount it on the host and use hostPath';
const NO_CLUSTER = 'there is no cluster that could issue it';
/** The API server adds such a volume to every Pod. */
const NO_TOKEN = `${NO_CLUSTER}; of a Pod that comes from a cluster, remove the volume kube-api-access-… and its mounts`;
const FILE_MODE = 0o644;

export const VOLUME_TYPES = {
  Volume: {
    name: yes('string'),
    configMap: yes('ConfigMapVolumeSource'),
    downwardAPI: yes('DownwardAPIVolumeSource'),
    emptyDir: yes('EmptyDirVolumeSource'),
    hostPath: yes('HostPathVolumeSource'),
    image: yes('ImageVolumeSource'),
    projected: yes('ProjectedVolumeSource'),
    secret: yes('SecretVolumeSource'),
    persistentVolumeClaim: yes('PersistentVolumeClaimVolumeSource'),
    ephemeral: never('any', NO_PROVISIONER),
    awsElasticBlockStore: never('any', NO_PLUGIN),
    azureDisk: never('any', NO_PLUGIN),
    azureFile: never('any', NO_PLUGIN),
    cephfs: never('any', NO_PLUGIN),
    cinder: never('any', NO_PLUGIN),
    csi: never('any', NO_PLUGIN),
    fc: never('any', NO_PLUGIN),
    flexVolume: never('any', NO_PLUGIN),
    flocker: never('any', NO_PLUGIN),
    gcePersistentDisk: never('any', NO_PLUGIN),
    gitRepo: never('any', 'deprecated; clone in an init container instead'),
    glusterfs: never('any', NO_PLUGIN),
    iscsi: never('any', NO_PLUGIN),
    nfs: yes('NFSVolumeSource'),
    photonPersistentDisk: never('any', NO_PLUGIN),
    portworxVolume: never('any', NO_PLUGIN),
    quobyte: never('any', NO_PLUGIN),
    rbd: never('any', NO_PLUGIN),
    scaleIO: never('any', NO_PLUGIN),
    storageos: never('any', NO_PLUGIN),
    vsphereVolume: never('any', NO_PLUGIN),
  },
  EmptyDirVolumeSource: { medium: yes('string'), sizeLimit: yes('quantity') },
  HostPathVolumeSource: { path: yes('string'), type: yes('string?', { default: '' }) },
  NFSVolumeSource: { path: yes('string'), readOnly: yes('bool'), server: yes('string') },
  ImageVolumeSource: { pullPolicy: yes('string'), reference: yes('string') },
  PersistentVolumeClaimVolumeSource: { claimName: yes('string'), readOnly: yes('bool') },
  ConfigMapVolumeSource: {
    defaultMode: yes('int32?', { default: FILE_MODE }),
    items: yes('KeyToPath[]'),
    name: yes('string'),
    optional: yes('bool?'),
  },
  SecretVolumeSource: {
    defaultMode: yes('int32?', { default: FILE_MODE }),
    items: yes('KeyToPath[]'),
    optional: yes('bool?'),
    secretName: yes('string'),
  },
  DownwardAPIVolumeSource: {
    defaultMode: yes('int32?', { default: FILE_MODE }),
    items: yes('DownwardAPIVolumeFile[]'),
  },
  DownwardAPIVolumeFile: {
    fieldRef: yes('ObjectFieldSelector'),
    mode: yes('int32?'),
    path: yes('string'),
    resourceFieldRef: yes('ResourceFieldSelector'),
  },
  ProjectedVolumeSource: { defaultMode: yes('int32?', { default: FILE_MODE }), sources: yes('VolumeProjection[]') },
  VolumeProjection: {
    clusterTrustBundle: never('any', NO_CLUSTER),
    configMap: yes('ConfigMapProjection'),
    downwardAPI: yes('DownwardAPIProjection'),
    podCertificate: never('any', NO_CLUSTER),
    secret: yes('SecretProjection'),
    serviceAccountToken: never('ServiceAccountTokenProjection', NO_TOKEN),
  },
  ConfigMapProjection: { items: yes('KeyToPath[]'), name: yes('string'), optional: yes('bool?') },
  SecretProjection: { items: yes('KeyToPath[]'), name: yes('string'), optional: yes('bool?') },
  DownwardAPIProjection: { items: yes('DownwardAPIVolumeFile[]') },
  ServiceAccountTokenProjection: {
    audience: yes('string'),
    expirationSeconds: yes('int64?', { default: 3600 }),
    path: yes('string'),
  },
  KeyToPath: { key: yes('string'), mode: yes('int32?'), path: yes('string') },
  ObjectFieldSelector: { apiVersion: yes('string', { default: 'v1' }), fieldPath: yes('string') },
  ResourceFieldSelector: {
    containerName: yes('string'),
    divisor: yes('quantity', { default: '0' }),
    resource: yes('string'),
  },
} satisfies Record<string, FieldTable>;
