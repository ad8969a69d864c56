import { type Bad, C, type Good, testRules, withContainer } from './rule-table.ts';

const GOOD: Good[] = [
  ['a name of relaxed form in env', withContainer('env: [{name: "a b-c.1", value: x}]')],
  [
    'references of env',
    withContainer(
      'env: [{name: A, valueFrom: {fieldRef: {fieldPath: "metadata.labels[\'x/y\']"}}}, {name: B, valueFrom: {resourceFieldRef: {resource: limits.hugepages-2Mi, divisor: 1Mi}}}, {name: C, valueFrom: {configMapKeyRef: {name: c, key: k.1}}}]',
    ),
  ],
];

const BAD: Bad[] = [
  ['env without a name', withContainer('env: [{value: x}]'), [`${C}.env[0].name: Required value`]],
  [
    'an equals sign in a name',
    withContainer('env: [{name: "A=B"}]'),
    [
      `${C}.env[0].name: Invalid value: "A=B": a valid environment variable name must consist only of printable ASCII characters other than '='`,
    ],
  ],
  [
    'a value and a reference',
    withContainer('env: [{name: A, value: x, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]'),
    [`${C}.env[0].valueFrom: Invalid value: "": may not be specified when \`value\` is not empty`],
  ],
  [
    'an empty reference',
    withContainer('env: [{name: A, valueFrom: {}}]'),
    [
      `${C}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
    ],
  ],
  [
    'two references',
    withContainer(
      'env: [{name: A, valueFrom: {fieldRef: {fieldPath: metadata.name}, resourceFieldRef: {resource: limits.cpu}}}]',
    ),
    [`${C}.env[0].valueFrom: Invalid value: "": may not have more than one field specified at a time`],
  ],
  [
    'an unknown field path',
    withContainer('env: [{name: A, valueFrom: {fieldRef: {fieldPath: spec.hostname}}}]'),
    [
      `${C}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "spec.hostname": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
    ],
  ],
  [
    'a subscript where none may be',
    withContainer('env: [{name: A, valueFrom: {fieldRef: {fieldPath: "metadata.name[\'x\']"}}}]'),
    [`${C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.name": does not support subscript`],
  ],
  [
    'another apiVersion of a field path',
    withContainer('env: [{name: A, valueFrom: {fieldRef: {apiVersion: v2, fieldPath: metadata.name}}}]'),
    [`${C}.env[0].valueFrom.fieldRef.apiVersion: Unsupported value: "v2": supported values: "v1"`],
  ],
  [
    'an unknown resource',
    withContainer('env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.gpu}}}]'),
    [
      `${C}.env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "limits.gpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"`,
    ],
  ],
  [
    'a byte divisor for cpu',
    withContainer('env: [{name: A, valueFrom: {resourceFieldRef: {resource: limits.cpu, divisor: 1Mi}}}]'),
    [`${C}.env[0].valueFrom.resourceFieldRef.divisor: Unsupported value: "1Mi": supported values: "1m", "1"`],
  ],
  [
    'a bad key of a ConfigMap',
    withContainer('env: [{name: A, valueFrom: {configMapKeyRef: {name: c, key: ..}}}]'),
    [`${C}.env[0].valueFrom.configMapKeyRef.key: Invalid value: "..": must not be '..'`],
  ],
  [
    'a reference to nothing',
    withContainer('env: [{name: A, valueFrom: {secretKeyRef: {}}}]'),
    [
      `${C}.env[0].valueFrom.secretKeyRef.name: Required value`,
      `${C}.env[0].valueFrom.secretKeyRef.key: Required value`,
    ],
  ],
  [
    'a file of a volume that is none',
    withContainer('env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: ../x, key: K}}}]'),
    [
      `${C}.env[0].valueFrom.fileKeyRef.path: Invalid value: "../x": must not contain '..'`,
      `${C}.env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"`,
    ],
  ],
  [
    'a file of a volume that is no emptyDir',
    withContainer(
      'env: [{name: A, valueFrom: {fileKeyRef: {volumeName: v, path: x, key: K}}}]',
      'volumes: [{name: v, hostPath: {path: /x}}], ',
    ),
    [`${C}.env[0].valueFrom.fileKeyRef.volumeName: Invalid value: "v": must be an emptyDir volume`],
  ],
  [
    'envFrom without a source',
    withContainer('envFrom: [{prefix: "A="}]'),
    [
      `${C}.envFrom[0].prefix: Invalid value: "A=": a valid environment variable name must consist only of printable ASCII characters other than '='`,
      `${C}.envFrom[0]: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
    ],
  ],
  [
    'envFrom with two sources',
    withContainer('envFrom: [{configMapRef: {name: a}, secretRef: {name: b}}]'),
    [`${C}.envFrom[0]: Invalid value: "": may not have more than one field specified at a time`],
  ],
];

testRules(GOOD, BAD);
