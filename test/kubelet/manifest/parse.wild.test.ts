/** Pods made of every field there is, with likely and unlikely values: clean errors, and nothing that later steps trip over. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { containerConfig } from '../../../src/kubelet/container/config.ts';
import { subPathsOf } from '../../../src/kubelet/container/sub-paths.ts';
import { NO_DOCUMENTS } from '../../../src/kubelet/documents.ts';
import { TYPES } from '../../../src/kubelet/manifest/fields.ts';
import { parseManifest } from '../../../src/kubelet/manifest/parse.ts';
import { allocatedPod } from '../../../src/kubelet/plan/allocated.ts';
import { allContainers } from '../../../src/kubelet/plan/containers.ts';
import { forbidden } from '../../../src/kubelet/plan/forbidden.ts';
import { imageStep } from '../../../src/kubelet/plan/images.ts';
import { planPod } from '../../../src/kubelet/plan/pod.ts';
import { podRequests } from '../../../src/kubelet/plan/room.ts';
import { ALL_ALLOWED, type Policy } from '../../../src/kubelet/policy.ts';
import { sandboxConfig } from '../../../src/kubelet/sandbox/config.ts';
import { ConfigError } from '../../../src/kubelet/sandbox/config-error.ts';
import { generateStatus } from '../../../src/kubelet/status/generate.ts';
import type { Revision } from '../../../src/kubelet/types.ts';
import { input, NOW_MS } from '../build.ts';
import { node } from '../node.ts';
import { FILE } from './read.ts';

/** Values that some field or other takes, and some that none does. */
const WORDS = [
  ...[
    'a',
    'main',
    'x:1',
    'UPPER',
    '',
    '/data',
    'a/b',
    '../etc',
    '..x',
    'localhost/p',
    '$(A)',
    '$$',
    '80',
    'http',
    'metadata.name',
  ],
  ...[
    "metadata.labels['a']",
    'limits.cpu',
    'requests.memory',
    'Always',
    'Never',
    'OnFailure',
    'IfNotPresent',
    'None',
    'Memory',
  ],
  ...[
    'Localhost',
    'RuntimeDefault',
    'Unconfined',
    'Enabled',
    'Bidirectional',
    'HostToContainer',
    'TCP',
    'SCTP',
    'HTTPS',
    'In',
    'Restart',
  ],
  ...[
    'RestartAllContainers',
    'net.ipv4.tcp_syncookies',
    'kernel/msgmax',
    'ALL',
    'SYS_ADMIN',
    'NET_ADMNI',
    '10.0.0.1',
    '::1',
    'SIGTERM',
  ],
  ...[
    'linux',
    'windows',
    'Strict',
    'Unmasked',
    'DirectoryOrCreate',
    'ClusterFirst',
    '1Gi',
    '100m',
    'é',
    '\u0000',
    'a'.repeat(300),
  ],
];
const SCALARS: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  string: fc.constantFrom(...WORDS),
  int32: fc.constantFrom(-1, 0, 1, 2, 80, 511, 1000, 65_535, 65_536, 2 ** 31),
  int64: fc.constantFrom(-1, 0, 1, 30, 1000, 2 ** 31, 2 ** 53),
  bool: fc.boolean(),
  quantity: fc.constantFrom('0', '1', '100m', '1Gi', '-1', 0.5, '9E', 'x'),
  intOrString: fc.constantFrom<unknown>(0, 80, 70_000, 'http', '80', ''),
  any: fc.constantFrom<unknown>({}, [], 'x', { a: [1] }),
};
const WRONG = fc.constantFrom<unknown>(null, 1.5, [], {}, 'x', true, 1e21);
const MAX_DEPTH = 8;

/** A value of a type of the field tables; now and then of another. */
function wild(type: string, depth: number): fc.Arbitrary<unknown> {
  const bare = type.replace(/\?$/, '');
  if (bare.endsWith('[]')) return fc.array(wild(bare.slice(0, -2), depth), { maxLength: 3 });
  if (bare.endsWith('{}'))
    return fc.dictionary(
      fc.constantFrom(
        'a',
        'cpu',
        'memory',
        'hugepages-2Mi',
        'example.com/x',
        'Ä',
        'container.apparmor.security.beta.kubernetes.io/a',
      ),
      wild(bare.slice(0, -2), depth),
      { maxKeys: 3 },
    );
  const scalar = Object.hasOwn(SCALARS, bare) ? SCALARS[bare] : undefined;
  if (scalar) return fc.oneof({ weight: 30, arbitrary: scalar }, { weight: 1, arbitrary: WRONG });
  const table = TYPES[bare];
  if (!table || depth > MAX_DEPTH) return fc.constant({});
  const usable = Object.keys(table).filter((name) => !['never', 'later'].includes(table[name]?.support ?? ''));
  // Of many fields few: a Pod with all of them is never good.
  return fc
    .subarray(usable, { maxLength: Math.min(usable.length, depth === 0 ? 5 : 3) })
    .chain((names) =>
      fc.record(Object.fromEntries(names.map((name) => [name, wild(table[name]?.type ?? 'any', depth + 1)]))),
    );
}

const specs = wild('PodSpec', 0).map((spec) => {
  const given = spec as { containers?: object[] };
  const containers = (given.containers ?? []).map((one, index) => ({ ...one, name: `c${index}`, image: 'x:1' }));
  return { ...given, containers: containers.length > 0 ? containers : [{ name: 'm', image: 'x:1' }] };
});
const policies: fc.Arbitrary<Policy> = fc.constantFrom(ALL_ALLOWED, {
  allowPrivileged: false,
  allowHostNetwork: false,
  allowHostPID: false,
  allowHostIPC: false,
  allowUnconfined: false,
  allowedCapabilities: ['NET_ADMIN'],
  allowedHostPaths: ['/data'],
  requireImageDigest: true,
  allowedUnsafeSysctls: ['kernel.msg*'],
});

test('whatever is in the fields, there are clean errors, or a Pod that every later step can work with', () => {
  let taken = 0;
  fc.assert(
    fc.property(specs, policies, (spec, policy) => {
      const bytes = Buffer.from(JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' }, spec }));
      const machine = { policy, runtimeClasses: {}, sure: false, documents: NO_DOCUMENTS };
      for (const context of [{ nodeName: 'n' }, { nodeName: 'n', machine }]) {
        const { revisions, problems } = parseManifest(bytes, FILE, context);
        for (const problem of problems) assert.ok(problem.message && problem.line, JSON.stringify(problem));
        for (const revision of revisions) {
          taken += 1;
          laterSteps(revision, policy);
        }
      }
    }),
    { numRuns: 800 },
  );
  assert.ok(taken > 200, `only ${taken} were good: the generator has lost touch with the rules`);
});

function laterSteps(revision: Revision, policy: Policy): void {
  const { pod } = revision;
  const machine = node({ policy, appArmor: true });
  assert.ok([undefined, 'reject'].includes(forbidden(pod, machine)?.verdict));
  for (const amount of podRequests(pod).values()) assert.ok(amount >= 0);
  assert.equal(allocatedPod(revision, undefined, machine), pod);
  const slot = { state: 'want' as const, key: revision.key, revision };
  const { waits } = planPod(input({ slot }));
  const admission = { verdict: 'admit' } as const;
  generateStatus({
    ...{ pod, waits, admission, observed: undefined, verdicts: new Map(), startTimeMs: NOW_MS, nowMs: NOW_MS },
    ...{ hostIps: machine.ips, node: machine, runtimeName: 'containerd', before: undefined },
  });
  orConfigError(() =>
    sandboxConfig({
      ...{ revision, attempt: 0, startTimeMs: NOW_MS, node: machine },
      resolvConf: { servers: [], searches: [], options: [] },
    }),
  );
  const volumes = new Map(
    (pod.spec.volumes ?? []).map(({ name }) => [name, { hostPath: '/v', readOnly: false, selinuxRelabel: false }]),
  );
  for (const container of allContainers(pod.spec)) {
    imageStep(input({ slot }), revision, container, 0);
    const given = {
      ...{
        revision,
        container,
        attempt: 0,
        restartCount: 0,
        backOffMs: 0,
        epoch: 0,
        imageRef: 'x',
        node: machine,
        pod,
      },
      ...{
        podIps: ['10.0.0.1'],
        hostIps: machine.ips,
        prepared: { volumes, hostsFile: '/h' },
        terminationLogPath: '/t',
      },
    };
    orConfigError(() => {
      const parts = subPathsOf(container, given);
      containerConfig({ ...given, subPaths: new Map(parts.map(({ index }) => [index, '/part'])) });
    });
  }
}

function orConfigError(build: () => unknown): void {
  try {
    build();
  } catch (error) {
    assert.ok(error instanceof ConfigError, error instanceof Error ? (error.stack ?? '') : String(error));
    assert.ok(error.message);
  }
}
