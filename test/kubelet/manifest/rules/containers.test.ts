import { type Bad, C, type Good, LABEL, podOf, testRules, withContainer } from './rule-table.ts';

const GOOD: Good[] = [
  ['the smallest Pod', withContainer('')],
  [
    'a sidecar with probes',
    podOf(
      '{initContainers: [{name: s, image: x, restartPolicy: Always, livenessProbe: {tcpSocket: {port: 1}}}], containers: [{name: m, image: x}]}',
    ),
  ],
  [
    'restart rules',
    withContainer(
      'restartPolicy: Never, restartPolicyRules: [{action: Restart, exitCodes: {operator: In, values: [1]}}]',
    ),
  ],
];

const BAD: Bad[] = [
  [
    'a container name that is no label',
    podOf('{containers: [{name: A_B, image: x}]}'),
    [`${C}.name: Invalid value: "A_B": ${LABEL}`],
  ],
  [
    'a container name that is too long',
    podOf(`{containers: [{name: ${'a'.repeat(64)}, image: x}]}`),
    [`${C}.name: Invalid value: "${'a'.repeat(64)}": must be no more than 63 characters`],
  ],
  [
    'no container name and no image',
    podOf('{containers: [{}]}'),
    [`${C}.name: Required value`, `${C}.image: Required value`],
  ],
  [
    'an image with a blank around it',
    podOf('{containers: [{name: m, image: "x "}]}'),
    [`${C}.image: Invalid value: "x ": must not have leading or trailing whitespace`],
  ],
  [
    'one name for a container and an init container',
    podOf('{initContainers: [{name: m, image: x}], containers: [{name: m, image: x}]}'),
    ['spec.initContainers[0].name: Duplicate value: "m"'],
  ],
  ['no spec', 'metadata: {name: a}', ['spec.containers: Required value']],
  // enumerations
  [
    'an unknown pull policy',
    withContainer('imagePullPolicy: Sometimes'),
    [`${C}.imagePullPolicy: Unsupported value: "Sometimes": supported values: "Always", "IfNotPresent", "Never"`],
  ],
  [
    'an unknown termination message policy',
    withContainer('terminationMessagePolicy: X'),
    [`${C}.terminationMessagePolicy: Unsupported value: "X": supported values: "File", "FallbackToLogsOnError"`],
  ],
  [
    'probes and hooks of an init container',
    podOf(
      '{initContainers: [{name: i, image: x, lifecycle: {}, startupProbe: {tcpSocket: {port: 1}}}], containers: [{name: m, image: x}]}',
    ),
    [
      'spec.initContainers[0].lifecycle: Forbidden: may not be set for init containers without restartPolicy=Always',
      'spec.initContainers[0].startupProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
    ],
  ],
  [
    'another restartPolicy of an init container',
    podOf('{initContainers: [{name: i, image: x, restartPolicy: Never}], containers: [{name: m, image: x}]}'),
    ['spec.initContainers[0].restartPolicy: Unsupported value: "Never": supported values: "Always"'],
  ],
  [
    'restart rules without a policy',
    withContainer('restartPolicyRules: [{action: Reboot, exitCodes: {operator: Is}}, {}]'),
    [
      `${C}.restartPolicy: Required value: must specify restartPolicy when restart rules are used`,
      `${C}.restartPolicyRules[0].action: Unsupported value: "Reboot": supported values: "Restart", "RestartAllContainers"`,
      `${C}.restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"`,
      `${C}.restartPolicyRules[1].action: Required value`,
      `${C}.restartPolicyRules[1].exitCodes: Required value: must be specified`,
    ],
  ],
  [
    'too many restart rules and exit codes',
    withContainer(
      `restartPolicy: Never, restartPolicyRules: [${Array(21).fill(`{action: Restart, exitCodes: {operator: In, values: [${Array(256).fill(1)}]}}`)}]`,
    ),
    [
      `${C}.restartPolicyRules: Too long: must have at most 20 items`,
      ...Array.from(
        { length: 21 },
        (_, index) => `${C}.restartPolicyRules[${index}].exitCodes.values: Too long: must have at most 255 items`,
      ),
    ],
  ],
  [
    'too many containers',
    podOf(`{containers: [${Array.from({ length: 101 }, (_, index) => `{name: c${index}, image: x}`)}]}`),
    ['spec.containers: Too many: 101: must have at most 100 containers'],
  ],
];

testRules(GOOD, BAD);
