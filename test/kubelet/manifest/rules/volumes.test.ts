import { type Bad, type Good, testRules, withPod, withVolume } from './rule-table.ts';

const BAD: Bad[] = [
  [
    'two volumes of one name',
    withPod('volumes: [{name: v}, {name: v}]'),
    ['spec.volumes[1].name: Duplicate value: "v"'],
  ],
  ['a volume without a name', withPod('volumes: [{emptyDir: {}}]'), ['spec.volumes[0].name: Required value']],
  [
    'two sources',
    withVolume('emptyDir: {}, hostPath: {path: /x}'),
    ['spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type'],
  ],
  ['hostPath without a path', withVolume('hostPath: {}'), ['spec.volumes[0].hostPath.path: Required value']],
  [
    'hostPath that climbs, of an unknown type',
    withVolume('hostPath: {path: /a/../b, type: Pipe}'),
    [
      `spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain '..'`,
      'spec.volumes[0].hostPath.type: Unsupported value: "Pipe": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    ],
  ],
  [
    'a negative size and an unknown medium',
    withVolume('emptyDir: {sizeLimit: -1, medium: Tape}'),
    [
      'spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity',
      'spec.volumes[0].emptyDir.medium: Unsupported value: "Tape": supported values: "", "Memory", "HugePages"',
    ],
  ],
  [
    'configMap items',
    withVolume('configMap: {defaultMode: 0o1000, items: [{key: k, path: ..x}, {mode: -1}]}'),
    [
      'spec.volumes[0].configMap.name: Required value',
      'spec.volumes[0].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive',
      `spec.volumes[0].configMap.items[0].path: Invalid value: "..x": must not start with '..'`,
      'spec.volumes[0].configMap.items[1].key: Required value',
      'spec.volumes[0].configMap.items[1].path: Required value',
      'spec.volumes[0].configMap.items[1].mode: Invalid value: -1: must be a number between 0 and 0777 (octal), both inclusive',
    ],
  ],
  ['a secret without a name', withVolume('secret: {}'), ['spec.volumes[0].secret.secretName: Required value']],
  [
    'downwardAPI items',
    withVolume(
      'downwardAPI: {items: [{path: a}, {path: b, fieldRef: {fieldPath: spec.nodeName}}, {path: c, resourceFieldRef: {resource: limits.cpu}}, {path: d, fieldRef: {fieldPath: metadata.name}, resourceFieldRef: {}}]}',
    ),
    [
      'spec.volumes[0].downwardAPI.items[0]: Required value: one of fieldRef and resourceFieldRef is required',
      'spec.volumes[0].downwardAPI.items[1].fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
      'spec.volumes[0].downwardAPI.items[2].resourceFieldRef.containerName: Required value',
      'spec.volumes[0].downwardAPI.items[3]: Invalid value: "resource": fieldRef and resourceFieldRef can not be specified simultaneously',
    ],
  ],
  [
    'projections',
    withVolume(
      'projected: {sources: [{configMap: {name: a, items: [{key: k, path: p}]}}, {secret: {items: [{key: k, path: p}]}}, {configMap: {name: a}, secret: {name: b}}]}',
    ),
    [
      'spec.volumes[0].projected.sources[1].secret.name: Required value',
      'spec.volumes[0].projected.sources[1].secret.items[0].path: Invalid value: "p": conflicting duplicate paths',
      'spec.volumes[0].projected.sources[2]: Forbidden: may not specify more than 1 volume type per source',
    ],
  ],
  [
    'an image volume without a reference',
    withVolume('image: {pullPolicy: X}'),
    [
      'spec.volumes[0].image.reference: Required value',
      'spec.volumes[0].image.pullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"',
    ],
  ],
  [
    'a claim without a name',
    withVolume('persistentVolumeClaim: {}'),
    ['spec.volumes[0].persistentVolumeClaim.claimName: Required value'],
  ],
  [
    'nfs without a server, a path or sense',
    withVolume('nfs: {}'),
    ['spec.volumes[0].nfs.path: Required value', 'spec.volumes[0].nfs.server: Required value'],
  ],
  [
    'nfs of something that is an option of mount(8)',
    withVolume('nfs: {server: -oevil, path: x}'),
    [
      'spec.volumes[0].nfs.server: Invalid value: "-oevil": must be a host name or an IP address',
      'spec.volumes[0].nfs.path: Invalid value: "x": must be an absolute path',
    ],
  ],
];

const GOOD: Good[] = [
  [
    'nfs by name and by address',
    withPod('volumes: [{name: a, nfs: {server: nas.lan, path: /x}}, {name: b, nfs: {server: "fd00::1", path: /x}}]'),
  ],
  ['huge pages', withVolume('emptyDir: {medium: HugePages-2Mi}')],
  ['fsGroup over an emptyDir', withPod('securityContext: {fsGroup: 5}, volumes: [{name: v}]')],
];

testRules(GOOD, BAD);
