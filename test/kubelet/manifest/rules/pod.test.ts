import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Bad,
  type Good,
  IP,
  LABEL,
  SUBDOMAIN,
  testRules,
  validate,
  withContainer,
  withPod,
} from './rule-table.ts';

const GOOD: Good[] = [
  [
    'dnsPolicy None with a server',
    withPod(
      'dnsPolicy: None, dnsConfig: {nameservers: [1.1.1.1, "fe80::1"], searches: ["_tcp.a", "."], options: [{name: ndots, value: "2"}]}',
    ),
  ],
  [
    'tolerations',
    withPod(
      'tolerations: [{operator: Exists}, {key: k, value: v, effect: NoSchedule}, {key: k, operator: Exists, effect: NoExecute, tolerationSeconds: 5}]',
    ),
  ],
];

const BAD: Bad[] = [
  [
    'a namespace with dots',
    'metadata: {name: a, namespace: a.b}\nspec: {containers: [{name: m, image: x}]}',
    ['metadata.namespace: Invalid value: "a.b": must not contain dots'],
  ],
  [
    'a bad label key',
    'metadata: {name: a, labels: {"a b": c}}\nspec: {containers: [{name: m, image: x}]}',
    [
      `metadata.labels: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
    ],
  ],
  [
    'a bad label value',
    'metadata: {name: a, labels: {a: "-"}}\nspec: {containers: [{name: m, image: x}]}',
    [
      `metadata.labels: Invalid value: "-": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
    ],
  ],
  [
    'a label key with two slashes',
    'metadata: {name: a, labels: {a/b/c: d}}\nspec: {containers: [{name: m, image: x}]}',
    [
      `metadata.labels: Invalid value: "a/b/c": a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character`,
    ],
  ],
  [
    'a bad annotation key',
    'metadata: {name: a, annotations: {"/x": d}}\nspec: {containers: [{name: m, image: x}]}',
    ['metadata.annotations: Invalid value: "/x": prefix part must be non-empty'],
  ],
  [
    'an unknown dnsPolicy',
    withPod('dnsPolicy: X'),
    [
      'spec.dnsPolicy: Unsupported value: "X": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
    ],
  ],
  [
    'an unknown os',
    withPod('os: {name: beos}'),
    ['spec.os.name: Unsupported value: "beos": supported values: "linux", "windows"'],
  ],
  ['an os without a name', withPod('os: {}'), ['spec.os.name: Required value: cannot be empty']],
  [
    'deadline and grace period',
    withPod('activeDeadlineSeconds: 0, terminationGracePeriodSeconds: -1'),
    [
      'spec.terminationGracePeriodSeconds: Invalid value: -1: must be greater than or equal to 0',
      'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
    ],
  ],
  [
    'hostname and subdomain',
    withPod('hostname: A, subdomain: a.b'),
    [`spec.hostname: Invalid value: "A": ${LABEL}`, 'spec.subdomain: Invalid value: "a.b": must not contain dots'],
  ],
  [
    'hostnameOverride',
    withPod(`hostnameOverride: ${'a'.repeat(65)}, hostNetwork: true, setHostnameAsFQDN: true`),
    [
      `spec.hostnameOverride: Invalid value: "${'a'.repeat(65)}": must be no more than 64 characters`,
      'spec.hostnameOverride: Forbidden: may not be set when `hostNetwork` is true',
      'spec.hostnameOverride: Forbidden: may not be set when `setHostnameAsFQDN` is true',
    ],
  ],
  [
    'host aliases',
    withPod('hostAliases: [{hostnames: [ok, A_]}, {ip: 1.2.3}]'),
    [
      'spec.hostAliases[0].ip: Required value',
      `spec.hostAliases[0].hostnames[1]: Invalid value: "A_": ${SUBDOMAIN}`,
      `spec.hostAliases[1].ip: Invalid value: "1.2.3": ${IP}`,
    ],
  ],
  [
    'dnsPolicy None without a config',
    withPod('dnsPolicy: None'),
    ['spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None'],
  ],
  [
    'dnsPolicy None without a server',
    withPod('dnsPolicy: None, dnsConfig: {searches: [a]}'),
    ['spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None'],
  ],
  [
    'too many name servers',
    withPod('dnsConfig: {nameservers: [1.1.1.1, 1.1.1.2, 1.1.1.3, x]}'),
    [
      'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","x"]: must not have more than 3 nameservers',
      `spec.dnsConfig.nameservers[3]: Invalid value: "x": ${IP}`,
    ],
  ],
  [
    'a bad search domain and an option without a name',
    withPod('dnsConfig: {searches: [A], options: [{value: x}]}'),
    [
      `spec.dnsConfig.searches[0]: Invalid value: "A": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character`,
      'spec.dnsConfig.options[0]: Required value: must not be empty',
    ],
  ],
  [
    'tolerations',
    withPod(
      'tolerations: [{}, {key: k, operator: Exists, value: v}, {key: k, operator: Maybe}, {key: k, effect: Never, tolerationSeconds: 1}]',
    ),
    [
      'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      `spec.tolerations[1].operator: Invalid value: "v": value must be empty when \`operator\` is 'Exists'`,
      'spec.tolerations[2].operator: Unsupported value: "Maybe": supported values: "Equal", "Exists", "Gt", "Lt"',
      `spec.tolerations[3].effect: Invalid value: "Never": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
      'spec.tolerations[3].effect: Unsupported value: "Never": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
    ],
  ],
  [
    'overhead',
    withPod('overhead: {cpu: -1, gpus: 1}'),
    [
      'spec.overhead[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'spec.overhead[gpus]: Invalid value: "gpus": must be a standard resource for containers',
    ],
  ],
  ['windows', withPod('os: {name: windows}'), ['spec.os.name: Forbidden: this is a Linux machine']],
];

testRules(GOOD, BAD);

test('too many or too long search domains', () => {
  const many = Array.from({ length: 33 }, (_, index) => `${'a'.repeat(63)}${index}.b`.slice(-63));
  const messages = validate(withPod(`dnsConfig: {searches: [${many}]}`)).map((line) => line.replace(/\[".*/s, '[…'));
  assert.deepEqual(messages, [
    'spec.dnsConfig.searches: Invalid value: […',
    'spec.dnsConfig.searches: Invalid value: […',
  ]);
});

test('annotations may not be larger than 256 KiB', () => {
  const text = `metadata: {name: a, annotations: {k: ${'x'.repeat(256 * 1024)}}}\nspec: {containers: [{name: m, image: x}]}`;
  assert.deepEqual(validate(text), ['metadata.annotations: Too long: may not be more than 262144 bytes']);
});

test('the name is judged with the suffix of the node', () => {
  assert.deepEqual(validate(withContainer(''), `a-${'n'.repeat(252)}`), [
    `metadata.name: Invalid value: "a-${'n'.repeat(252).slice(0, 157)}…: must be no more than 253 characters`,
  ]);
});

test('a priority class that stands for nothing here, or for something else, is told of', () => {
  for (const fields of [
    'priorityClassName: system-node-critical',
    'priorityClassName: mine, priority: 5',
    'priority: 5',
  ])
    assert.deepEqual(validate(withPod(fields)), [], fields);
  assert.deepEqual(validate(withPod('priorityClassName: constructor')), [
    'spec.priorityClassName: has no effect: of priority classes only system-cluster-critical and system-node-critical are known here; set spec.priority to the value of this one',
  ]);
  assert.deepEqual(validate(withPod('priorityClassName: system-cluster-critical, priority: 5')), [
    'spec.priority: is taken although system-cluster-critical stands for 2000000000; remove one of the two',
  ]);
});
