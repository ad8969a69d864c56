import { type Bad, C, type Good, testRules, withContainer } from './rule-table.ts';

const GOOD: Good[] = [
  [
    'a read-only recursive mount',
    withContainer(
      'volumeMounts: [{name: v, mountPath: /v, readOnly: true, recursiveReadOnly: Enabled}]',
      'volumes: [{name: v}], ',
    ),
  ],
  [
    'Bidirectional in a privileged container',
    withContainer(
      'securityContext: {privileged: true}, volumeMounts: [{name: v, mountPath: /v, mountPropagation: Bidirectional}]',
      'volumes: [{name: v, hostPath: {path: /x}}], ',
    ),
  ],
];

const BAD: Bad[] = [
  [
    'a mount without name and path',
    withContainer('volumeMounts: [{}]'),
    [`${C}.volumeMounts[0].name: Required value`, `${C}.volumeMounts[0].mountPath: Required value`],
  ],
  [
    'two mounts at one path',
    withContainer('volumeMounts: [{name: v, mountPath: /v}, {name: v, mountPath: /v}]', 'volumes: [{name: v}], '),
    [`${C}.volumeMounts[1].mountPath: Invalid value: "/v": must be unique`],
  ],
  [
    'a subPath that climbs',
    withContainer('volumeMounts: [{name: v, mountPath: /v, subPath: /a/../b}]', 'volumes: [{name: v}], '),
    [
      `${C}.volumeMounts[0].subPath: Invalid value: "/a/../b": must be a relative path`,
      `${C}.volumeMounts[0].subPath: Invalid value: "/a/../b": must not contain '..'`,
    ],
  ],
  [
    'subPath and subPathExpr',
    withContainer('volumeMounts: [{name: v, mountPath: /v, subPath: a, subPathExpr: b}]', 'volumes: [{name: v}], '),
    [`${C}.volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive`],
  ],
  [
    'Bidirectional without privilege',
    withContainer(
      'volumeMounts: [{name: v, mountPath: /v, mountPropagation: Bidirectional}]',
      'volumes: [{name: v}], ',
    ),
    [
      `${C}.volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
    ],
  ],
  [
    'an unknown propagation',
    withContainer('volumeMounts: [{name: v, mountPath: /v, mountPropagation: Up}]', 'volumes: [{name: v}], '),
    [
      `${C}.volumeMounts[0].mountPropagation: Unsupported value: "Up": supported values: "Bidirectional", "HostToContainer", "None"`,
    ],
  ],
  [
    'recursiveReadOnly on a writable mount with propagation',
    withContainer(
      'volumeMounts: [{name: v, mountPath: /v, mountPropagation: HostToContainer, recursiveReadOnly: IfPossible}]',
      'volumes: [{name: v}], ',
    ),
    [
      `${C}.volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true`,
      `${C}.volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified`,
    ],
  ],
  [
    'an unknown recursiveReadOnly',
    withContainer('volumeMounts: [{name: v, mountPath: /v, recursiveReadOnly: "Yes"}]', 'volumes: [{name: v}], '),
    [
      `${C}.volumeMounts[0].recursiveReadOnly: Unsupported value: "Yes": supported values: "Disabled", "Enabled", "IfPossible"`,
    ],
  ],
  [
    'a device and a mount of one name and path',
    withContainer(
      'volumeDevices: [{name: v, devicePath: /v}], volumeMounts: [{name: v, mountPath: /v}]',
      'volumes: [{name: v}], ',
    ),
    [
      `${C}.volumeMounts[0].name: Invalid value: "v": must not already exist in volumeDevices`,
      `${C}.volumeMounts[0].mountPath: Invalid value: "/v": must not already exist as a path in volumeDevices`,
    ],
  ],
];

testRules(GOOD, BAD);
