import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ConfigError } from '../../src/config/errors.ts';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { SETTING_ROWS } from '../../src/config/settings.ts';

const HEAD = 'apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n';

/** Loads with these flags and, when `body` is given, a file `/etc/rower/config.yaml` of that text. */
function load(flags: Record<string, string[]> = {}, file?: string | Uint8Array, hostname = 'Node-1'): LoadedConfig {
  const withFile = file === undefined ? flags : { ...flags, config: ['/etc/rower/config.yaml'] };
  return loadConfig({
    flags: new Map(Object.entries(withFile)),
    readFile: () => (typeof file === 'string' ? new TextEncoder().encode(file) : (file ?? new Uint8Array())),
    workingDirectory: '/home/user',
    hostname,
  });
}

function problems(flags: Record<string, string[]>, file?: string | Uint8Array, hostname?: string): string[] {
  try {
    load(flags, file, hostname);
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    assert.equal(error.exitCode, 2);
    return error.message.split('\n');
  }
  return [];
}

test('with no flags and no file every setting has its default, and the node is named after the host', () => {
  const { config, warnings } = load();
  for (const [key, setting] of SETTING_ROWS) {
    if (key !== 'nodeName') assert.deepEqual(config[key], setting.default, key);
  }
  assert.equal(config.nodeName, 'node-1');
  assert.deepEqual(warnings, []);
});

test('the defaults are nobody else’s to change', () => {
  load().config.clusterDNS.push('10.0.0.1');
  assert.deepEqual(load().config.clusterDNS, []);
});

test('a file changes defaults, and flags win over the file', () => {
  const file = `${HEAD}readOnlyPort: 1\naddress: 10.0.0.1\nstaticPodPath: pods\ncrashLoopBackOff: {maxContainerRestartPeriod: 30s}\n`;
  const { config } = load({ address: ['::1'], 'pod-logs-dir': ['logs'] }, file);
  assert.equal(config.readOnlyPort, 1);
  assert.equal(config.address, '::1');
  assert.equal(config.podManifestPath, '/etc/rower/pods', 'a relative path starts at the file');
  assert.equal(config.podLogsDir, '/home/user/logs', 'a relative path of a flag starts at the working directory');
  assert.equal(config.maxContainerRestartPeriodMs, 30_000);
});

test('JSON is read as well', () => {
  const file = JSON.stringify({
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    maxPods: 7,
  });
  assert.equal(load({}, file).config.maxPods, 7);
});

test('null and the zero values that the kubelet takes for unset leave the default', () => {
  const body =
    'maxPods: 0\nfileCheckFrequency: 0s\ncontainerLogMaxSize: ""\naddress: ""\nclusterDNS: null\nreadOnlyPort: null\n';
  assert.deepEqual(load({}, HEAD + body).config, load().config);
});

test('zero values that mean something are kept', () => {
  const { config } = load({}, `${HEAD}readOnlyPort: 0\nresolvConf: ""\nstaticPodPath: ""\nregistryPullQPS: 0\n`);
  assert.deepEqual(
    [config.readOnlyPort, config.resolvConf, config.podManifestPath, config.registryPullQPS],
    [0, '', '', 0],
  );
});

test('fields of a kubelet that have no effect here are named in one warning', () => {
  const body = 'maxPods: 3\nfeatureGates: {A: true}\nauthentication: {anonymous: {enabled: false}}\nmaxOpenFiles: 3\n';
  assert.deepEqual(load({}, HEAD + body).warnings, [
    '/etc/rower/config.yaml: these fields have no effect here: authentication.anonymous, featureGates, maxOpenFiles',
  ]);
});

test('the file that a kubelet is usually given is accepted', () => {
  const body = `authentication:
  anonymous: {enabled: false}
  webhook: {cacheTTL: 0s, enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization: {mode: Webhook, webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}}
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: ""
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
memorySwap: {}
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
registerWithTaints: [{key: a, effect: NoSchedule}]
reservedMemory: [{numaNode: 0, limits: {memory: 1Gi}}]
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
`;
  const { config, warnings } = load({}, HEAD + body);
  assert.equal(config.cgroupDriver, 'systemd');
  assert.equal(config.podManifestPath, '/etc/kubernetes/manifests');
  assert.equal(warnings.length, 1);
});

const WHERE = '/etc/rower/config.yaml';
const BAD_FILES: [string, string | Uint8Array, string[]][] = [
  [
    'a field that no Kubernetes knows',
    `${HEAD}maxPod: 3\nqwertyuiop: 1\n`,
    [`${WHERE}:3:1: maxPod: unknown field; did you mean maxPods?`, `${WHERE}:4:1: qwertyuiop: unknown field`],
  ],
  [
    'unknown fields inside others',
    `${HEAD}crashLoopBackOff: {maxRestartPeriod: 3s}\nauthentication: {anonymous: {enable: true}}\n`,
    [
      `${WHERE}:3:20: crashLoopBackOff.maxRestartPeriod: unknown field`,
      `${WHERE}:4:30: authentication.anonymous.enable: unknown field; did you mean enabled?`,
    ],
  ],
  [
    'wrong types of fields with and without effect',
    `${HEAD}maxPods: "3"\nhealthzPort: high\nregisterWithTaints: [{key: 1}]\nmemorySwap: LimitedSwap\nenforceNodeAllocatable: pods\n`,
    [
      `${WHERE}:3:1: maxPods: must be a whole number, not the string "3"`,
      `${WHERE}:4:1: healthzPort: must be a whole number, not the string "high"`,
      `${WHERE}:5:23: registerWithTaints[0].key: must be a string, not the number 1`,
      `${WHERE}:6:1: memorySwap: must be a map, not the string "LimitedSwap"`,
      `${WHERE}:7:1: enforceNodeAllocatable: must be a list, not the string "pods"`,
    ],
  ],
  [
    'values out of range, at the place inside the value',
    `${HEAD}clusterDNS:\n- 10.0.0.1\n- nameserver\nsystemReserved:\n  gpu: "1"\n`,
    [
      `${WHERE}:5:3: clusterDNS[1]: must be an IP address, not "nameserver"`,
      `${WHERE}:7:3: systemReserved.gpu: cannot be reserved; known are cpu, memory, ephemeral-storage, pid`,
    ],
  ],
  [
    'another kind of object',
    'apiVersion: v1\nkind: Pod\n',
    [
      `${WHERE}:1:1: apiVersion: must be kubelet.config.k8s.io/v1beta1; not "v1"`,
      `${WHERE}:2:1: kind: must be KubeletConfiguration; not "Pod"`,
    ],
  ],
  [
    'an empty file',
    '',
    [
      `${WHERE}:1:1: apiVersion: must be kubelet.config.k8s.io/v1beta1; it is missing`,
      `${WHERE}:1:1: kind: must be KubeletConfiguration; it is missing`,
    ],
  ],
  ['two documents', `${HEAD}---\n${HEAD}`, [`${WHERE}:4:1: must be one document; here begins another`]],
  ['a list', '- 1\n', [`${WHERE}:1:1: must be a mapping with apiVersion, kind and fields`]],
  [
    'text that is not YAML',
    `${HEAD}maxPods: [1\n`,
    [`${WHERE}:4:1: Flow sequence in block collection must be sufficiently indented and end with a ]`],
  ],
  [
    'a key that is set twice',
    `${HEAD}maxPods: 1\nmaxPods: 2\n`,
    [`${WHERE}:4:1: the key "maxPods" is already set in this mapping`],
  ],
  ['bytes that are not text', new Uint8Array([0xff, 0xfe, 0x00]), [`${WHERE}: must be UTF-8 text`]],
  [
    'thresholds the wrong way round',
    `${HEAD}imageGCLowThresholdPercent: 85\n`,
    [`${WHERE}:3:1: imageGCLowThresholdPercent: must be less than imageGCHighThresholdPercent, which is 85`],
  ],
  [
    'a maximum age below the minimum',
    `${HEAD}imageMaximumGCAge: 1m\n`,
    [`${WHERE}:3:1: imageMaximumGCAge: must be 0s or more than imageMinimumGCAge`],
  ],
  [
    'more grace for critical Pods than there is',
    `${HEAD}shutdownGracePeriodCriticalPods: 10s\n`,
    [`${WHERE}:3:1: shutdownGracePeriodCriticalPods: must be at most shutdownGracePeriod`],
  ],
  [
    'both ways to give Pods time at a shutdown',
    `${HEAD}shutdownGracePeriod: 30s\nshutdownGracePeriodByPodPriority: [{priority: 0, shutdownGracePeriodSeconds: 10}]\n`,
    [
      `${WHERE}:4:1: shutdownGracePeriodByPodPriority: Cannot specify both shutdownGracePeriodByPodPriority and shutdownGracePeriod at the same time; remove one of the two`,
    ],
  ],
  [
    'a priority that is given a time twice',
    `${HEAD}shutdownGracePeriodByPodPriority:\n- {priority: 1, shutdownGracePeriodSeconds: 10}\n- {priority: 1, shutdownGracePeriodSeconds: 20}\n`,
    [`${WHERE}:5:4: shutdownGracePeriodByPodPriority[1].priority: there is an entry for priority 1 already`],
  ],
  [
    'serial and parallel image pulls at once',
    `${HEAD}serializeImagePulls: true\nmaxParallelImagePulls: 2\n`,
    [`${WHERE}:4:1: maxParallelImagePulls: must be 1 or absent while serializeImagePulls is true`],
  ],
];

for (const [name, file, wanted] of BAD_FILES) {
  test(`a file with ${name} is refused, with the place`, () => assert.deepEqual(problems({}, file), wanted));
}

test('serializeImagePulls chooses how many images are pulled at once', () => {
  assert.equal(load({}, `${HEAD}serializeImagePulls: true\n`).config.maxParallelImagePulls, 1);
  assert.equal(
    load({}, `${HEAD}serializeImagePulls: false\n`).config.maxParallelImagePulls,
    load().config.maxParallelImagePulls,
  );
  assert.equal(
    load({}, `${HEAD}serializeImagePulls: false\nmaxParallelImagePulls: 9\n`).config.maxParallelImagePulls,
    9,
  );
});

test('problems of flags and of the file are told together', () => {
  assert.deepEqual(problems({ address: ['nowhere'], v: ['x'] }, `${HEAD}maxPods: -1\n`), [
    '--address: must be an IP address, not "nowhere"',
    '-v: must be a whole number, not the string "x"',
    `${WHERE}:3:1: maxPods: must be at least 0, not -1`,
  ]);
});

test('a file that cannot be read is told with its name', () => {
  const input = {
    flags: new Map([['config', ['/nowhere']]]),
    readFile: () => {
      throw new Error('ENOENT: no such file or directory');
    },
    workingDirectory: '/',
    hostname: 'a',
  };
  assert.throws(() => loadConfig(input), {
    message: '--config: cannot read /nowhere: ENOENT: no such file or directory',
  });
});

test('a host name that cannot be a node name needs --hostname-override', () => {
  assert.deepEqual(problems({}, undefined, 'my_host'), [
    'the host name "my_host" cannot be a node name; name the node with --hostname-override',
  ]);
  assert.equal(load({ 'hostname-override': ['Other'] }, undefined, 'my_host').config.nodeName, 'other');
});

test('any bytes give settings or a ConfigError', () => {
  const line = fc.constantFrom(
    ...SETTING_ROWS.flatMap(([, { field }]) => field ?? []),
    'logging',
    'authentication',
    'x',
  );
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }).map((json) => JSON.stringify(json)),
    fc.string(),
  );
  const body = fc
    .array(fc.tuple(line, value), { maxLength: 4 })
    .map((lines) => lines.map((one) => one.join(': ')).join('\n'));
  const file = fc.oneof(
    fc.uint8Array(),
    body.map((text) => new TextEncoder().encode(HEAD + text)),
  );
  fc.assert(
    fc.property(file, (bytes) => {
      for (const problem of problems({}, bytes)) assert.match(problem, /^\/etc\/rower\/config\.yaml(:\d+:\d+)?: /);
    }),
  );
});
