import { type Bad, C, type Good, PORT, probe, testRules, withContainer } from './rule-table.ts';

const GOOD: Good[] = [
  [
    'every kind of handler',
    withContainer(
      'ports: [{name: http, containerPort: 80}], livenessProbe: {exec: {command: [a]}}, readinessProbe: {httpGet: {port: http}}, startupProbe: {grpc: {port: 1}}, lifecycle: {preStop: {sleep: {seconds: 5}}, postStart: {tcpSocket: {port: 80}}}',
    ),
  ],
  ['a stop signal', withContainer('lifecycle: {stopSignal: SIGRTMIN+3}', 'os: {name: linux}, ')],
];

const BAD: Bad[] = [
  [
    'a probe without a handler',
    probe('periodSeconds: 1'),
    [`${C}.livenessProbe: Required value: must specify a handler type`],
  ],
  [
    'negative counters',
    probe('exec: {command: [a]}, periodSeconds: -1'),
    [`${C}.livenessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0`],
  ],
  ['an empty command', probe('exec: {}'), [`${C}.livenessProbe.exec.command: Required value`]],
  [
    'a startup probe that must succeed twice',
    probe('tcpSocket: {port: 1}, successThreshold: 2', 'startupProbe'),
    [`${C}.startupProbe.successThreshold: Invalid value: 2: must be 1`],
  ],
  [
    'a grace period for readiness',
    probe('tcpSocket: {port: 1}, terminationGracePeriodSeconds: 1', 'readinessProbe'),
    [`${C}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes`],
  ],
  [
    'a grace period of zero for liveness',
    probe('tcpSocket: {port: 1}, terminationGracePeriodSeconds: 0'),
    [`${C}.livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`],
  ],
  [
    'a port name that no port has',
    withContainer(
      'ports: [{name: http, containerPort: 80}, {containerPort: 81}], livenessProbe: {httpGet: {port: htpt}}',
    ),
    [
      `${C}.livenessProbe.httpGet.port: Invalid value: "htpt": must be the name of a port of this container (http), or a number`,
    ],
  ],
  [
    'a port name where there are no ports',
    probe('tcpSocket: {port: http}'),
    [
      `${C}.livenessProbe.tcpSocket.port: Invalid value: "http": must be the name of a port of this container (it has none), or a number`,
    ],
  ],
  ['no port', probe('tcpSocket: {}'), [`${C}.livenessProbe.tcpSocket.port: Invalid value: 0: ${PORT}`]],
  [
    'a port name that is none',
    probe('httpGet: {port: "80"}'),
    [`${C}.livenessProbe.httpGet.port: Invalid value: "80": must contain at least one letter (a-z)`],
  ],
  [
    'an unknown scheme and a bad header',
    probe('httpGet: {port: 80, scheme: FTP, httpHeaders: [{name: "a b", value: x}]}'),
    [
      `${C}.livenessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"`,
      `${C}.livenessProbe.httpGet.httpHeaders[0].name: Invalid value: "a b": a valid HTTP header must consist of alphanumeric characters or '-'`,
    ],
  ],
  [
    'a grpc port out of range',
    probe('grpc: {port: 65536}'),
    [`${C}.livenessProbe.grpc.port: Invalid value: 65536: ${PORT}`],
  ],
  [
    'a sleep longer than the grace period',
    withContainer('lifecycle: {preStop: {sleep: {seconds: 31}}}'),
    [
      `${C}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
    ],
  ],
  [
    'a hook without a handler',
    withContainer('lifecycle: {postStart: {}}'),
    [`${C}.lifecycle.postStart: Required value: must specify a handler type`],
  ],
  [
    'a stop signal without an os',
    withContainer('lifecycle: {stopSignal: TERM}'),
    [
      `${C}.lifecycle.stopSignal: Forbidden: may not be set for containers with empty \`spec.os.name\``,
      `${C}.lifecycle.stopSignal: Invalid value: "TERM": must be the name of a Linux signal, such as SIGTERM`,
    ],
  ],
];

testRules(GOOD, BAD);
