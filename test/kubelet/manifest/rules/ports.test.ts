import { type Bad, C, type Good, IP, PORT, podOf, testRules, withContainer } from './rule-table.ts';

const GOOD: Good[] = [
  ['host network with equal ports', withContainer('ports: [{containerPort: 80, hostPort: 80}]', 'hostNetwork: true, ')],
  [
    'one host port for two protocols and two addresses',
    withContainer(
      'ports: [{containerPort: 1, hostPort: 5}, {containerPort: 1, hostPort: 5, protocol: UDP}, {containerPort: 1, hostPort: 5, hostIP: 127.0.0.1}]',
    ),
  ],
];

const BAD: Bad[] = [
  [
    'a port name with capitals',
    withContainer('ports: [{containerPort: 80, name: HTTP}]'),
    [
      `${C}.ports[0].name: Invalid value: "HTTP": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)`,
      `${C}.ports[0].name: Invalid value: "HTTP": must contain at least one letter (a-z)`,
    ],
  ],
  [
    'a port name with odd hyphens',
    withContainer('ports: [{containerPort: 80, name: "a--"}]'),
    [
      `${C}.ports[0].name: Invalid value: "a--": must not contain consecutive hyphens`,
      `${C}.ports[0].name: Invalid value: "a--": must not begin or end with a hyphen`,
    ],
  ],
  [
    'two ports of one name',
    withContainer('ports: [{containerPort: 80, name: a}, {containerPort: 81, name: a}]'),
    [`${C}.ports[1].name: Duplicate value: "a"`],
  ],
  ['no container port', withContainer('ports: [{hostPort: 80}]'), [`${C}.ports[0].containerPort: Required value`]],
  [
    'a host port out of range',
    withContainer('ports: [{containerPort: 80, hostPort: 70000}]'),
    [`${C}.ports[0].hostPort: Invalid value: 70000: ${PORT}`],
  ],
  [
    'an unknown protocol',
    withContainer('ports: [{containerPort: 80, protocol: ICMP}]'),
    [`${C}.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"`],
  ],
  [
    'a host address that is none',
    withContainer('ports: [{containerPort: 80, hostIP: localhost}]'),
    [`${C}.ports[0].hostIP: Invalid value: "localhost": ${IP}`],
  ],
  [
    'one host port twice',
    podOf(
      '{containers: [{name: a, image: x, ports: [{containerPort: 1, hostPort: 5}]}, {name: b, image: x, ports: [{containerPort: 2, hostPort: 5}]}]}',
    ),
    ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//5"'],
  ],
  [
    'different ports on the host network',
    withContainer('ports: [{containerPort: 80, hostPort: 81}]', 'hostNetwork: true, '),
    [`${C}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`],
  ],
];

testRules(GOOD, BAD);
