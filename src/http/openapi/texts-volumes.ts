/** What `kubectl explain` says of volumes. */
import type { Texts } from './texts.ts';

const OF_STORAGE = 'A volume of a storage system that has a plugin of its own.';
const OPTIONAL = 'The Pod starts without it, too.';
const MODE = 'Permission bits of the files, e.g. 0644; in JSON as a decimal number.';
const ITEMS = 'Which keys become files, and where; absent: all, each under its own name.';

export const VOLUME_TEXTS: Texts = {
  Volume: [
    'Something that containers can mount: a name, and exactly one of the other fields, which tells where it comes from.',
    {
      name: 'Name of the volume, unique in the Pod: a DNS label.',
      configMap: 'Files with the values of a ConfigMap. They follow its changes.',
      downwardAPI: 'Files with fields of the Pod.',
      emptyDir: 'An empty directory that lives as long as the Pod.',
      hostPath: 'A file or directory of the machine.',
      image: 'The files of a container image, read-only.',
      projected: 'Several sources in one directory.',
      secret: 'Files with the values of a Secret. They follow its changes.',
      persistentVolumeClaim: 'A directory of this machine that outlives the Pod.',
      ephemeral: 'A claim that is made for the Pod.',
      awsElasticBlockStore: OF_STORAGE,
      azureDisk: OF_STORAGE,
      azureFile: OF_STORAGE,
      cephfs: OF_STORAGE,
      cinder: OF_STORAGE,
      csi: OF_STORAGE,
      fc: OF_STORAGE,
      flexVolume: OF_STORAGE,
      flocker: OF_STORAGE,
      gcePersistentDisk: OF_STORAGE,
      gitRepo: 'A copy of a git repository.',
      glusterfs: OF_STORAGE,
      iscsi: OF_STORAGE,
      nfs: 'A directory of an NFS server.',
      photonPersistentDisk: OF_STORAGE,
      portworxVolume: OF_STORAGE,
      quobyte: OF_STORAGE,
      rbd: OF_STORAGE,
      scaleIO: OF_STORAGE,
      storageos: OF_STORAGE,
      vsphereVolume: OF_STORAGE,
    },
  ],
  EmptyDirVolumeSource: [
    'An empty directory.',
    {
      medium:
        "Empty: on the machine's disk; Memory: a tmpfs, which counts as memory; HugePages and HugePages-SIZE: huge pages.",
      sizeLimit: 'How much it may hold. On disk the Pod is evicted when it holds more.',
    },
  ],
  HostPathVolumeSource: [
    'A path of the machine.',
    {
      path: 'The path. Links are followed.',
      type: 'What has to be there: DirectoryOrCreate, Directory, FileOrCreate, File, Socket, CharDevice or BlockDevice; empty: anything.',
    },
  ],
  NFSVolumeSource: [
    'A directory of an NFS server.',
    {
      path: 'Path that the server exports.',
      readOnly: 'It cannot be written.',
      server: 'Name or address of the server.',
    },
  ],
  ImageVolumeSource: [
    'The files of an image.',
    { pullPolicy: 'Always, IfNotPresent or Never.', reference: 'Name of the image, with a tag or a digest.' },
  ],
  PersistentVolumeClaimVolumeSource: [
    'A claim of the same namespace.',
    { claimName: 'Name of the claim.', readOnly: 'It cannot be written.' },
  ],
  ConfigMapVolumeSource: [
    'A ConfigMap as files.',
    { defaultMode: MODE, items: ITEMS, name: 'Name of the ConfigMap.', optional: OPTIONAL },
  ],
  SecretVolumeSource: [
    'A Secret as files.',
    { defaultMode: MODE, items: ITEMS, optional: OPTIONAL, secretName: 'Name of the Secret.' },
  ],
  DownwardAPIVolumeSource: ['Fields of the Pod as files.', { defaultMode: MODE, items: 'The files.' }],
  DownwardAPIVolumeFile: [
    'A field of the Pod as a file.',
    {
      fieldRef: 'The field: metadata.annotations, labels, name, namespace or uid.',
      mode: MODE,
      path: 'Path of the file in the volume, relative.',
      resourceFieldRef: 'A request or limit of a container, instead of fieldRef.',
    },
  ],
  ProjectedVolumeSource: ['Several sources in one directory.', { defaultMode: MODE, sources: 'The sources.' }],
  VolumeProjection: [
    'One of several sources: exactly one of these.',
    {
      clusterTrustBundle: 'Certificates that a cluster trusts.',
      configMap: 'A ConfigMap.',
      downwardAPI: 'Fields of the Pod.',
      podCertificate: 'A certificate for the Pod.',
      secret: 'A Secret.',
      serviceAccountToken: 'A token of the service account.',
    },
  ],
  ConfigMapProjection: [
    'A ConfigMap among several sources.',
    { items: ITEMS, name: 'Name of the ConfigMap.', optional: OPTIONAL },
  ],
  SecretProjection: [
    'A Secret among several sources.',
    { items: ITEMS, name: 'Name of the Secret.', optional: OPTIONAL },
  ],
  DownwardAPIProjection: ['Fields of the Pod among several sources.', { items: 'The files.' }],
  ServiceAccountTokenProjection: [
    'A token of the service account.',
    {
      audience: 'Whom the token is for.',
      expirationSeconds: 'How long it is valid.',
      path: 'Path of the file in the volume, relative.',
    },
  ],
  KeyToPath: [
    'A key as a file.',
    { key: 'The key.', mode: MODE, path: 'Path of the file in the volume, relative and without "..".' },
  ],
};
