import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_DOCUMENTS } from '../../../../src/kubelet/documents.ts';
import { parseManifest } from '../../../../src/kubelet/manifest/parse.ts';
import { ALL_ALLOWED, type Policy } from '../../../../src/kubelet/policy.ts';
import { FILE, problemsOf } from '../read.ts';
import { withContainer, withPod } from './rule-table.ts';

function problems(text: string, change: Partial<Policy>, sure = true): string[] {
  const machine = { policy: { ...ALL_ALLOWED, ...change }, runtimeClasses: {}, sure, documents: NO_DOCUMENTS };
  return problemsOf(parseManifest(Buffer.from(text), FILE, { nodeName: 'n', machine })).map((one) =>
    one.replace(/ \d+:\d+/, ''),
  );
}

const errors = (text: string, change: Partial<Policy>) =>
  problems(text, change).filter((one) => one.startsWith('error'));
const C = 'spec.containers[0]';
const HERE = 'not allowed on this machine';
const HOST_PATH = (path: string) => withPod(`volumes: [{name: v, hostPath: {path: ${path}}}]`);

const rows: [what: string, text: string, change: Partial<Policy>, ...expected: string[]][] = [
  ['privileged', withContainer('securityContext: {privileged: true}'), {}],
  [
    'privileged',
    withContainer('securityContext: {privileged: true}'),
    { allowPrivileged: false },
    `error ${C}.securityContext.privileged: Forbidden: privileged containers are ${HERE} (allowPrivileged)`,
  ],
  [
    'a privileged init container',
    withPod('initContainers: [{name: i, image: "x:1", securityContext: {privileged: true}}]'),
    { allowPrivileged: false },
    `error spec.initContainers[0].securityContext.privileged: Forbidden: privileged containers are ${HERE} (allowPrivileged)`,
  ],
  ...(
    [
      ['hostNetwork', 'allowHostNetwork'],
      ['hostPID', 'allowHostPID'],
      ['hostIPC', 'allowHostIPC'],
    ] as const
  ).map(([field, setting]): [string, string, Partial<Policy>, string] => [
    field,
    withPod(`${field}: true`),
    { [setting]: false },
    `error spec.${field}: Forbidden: ${field} is ${HERE} (${setting})`,
  ]),
  [
    'a capability that is not in the list, however it is written',
    withContainer('securityContext: {capabilities: {add: [NET_ADMIN, CAP_SYS_TIME, cap_net_raw], drop: [ALL]}}'),
    { allowedCapabilities: ['NET_ADMIN', 'NET_RAW'] },
    `error ${C}.securityContext.capabilities.add[1]: Forbidden: capability CAP_SYS_TIME is ${HERE} (allowedCapabilities)`,
  ],
  [
    'all capabilities',
    withContainer('securityContext: {capabilities: {add: [ALL]}}'),
    { allowedCapabilities: [] },
    `error ${C}.securityContext.capabilities.add[0]: Forbidden: capability ALL is ${HERE} (allowedCapabilities)`,
  ],
  ['a path that is allowed', HOST_PATH('/data/web'), { allowedHostPaths: ['/data'] }],
  [
    'a path that is not',
    HOST_PATH('/database'),
    { allowedHostPaths: ['/data', '/srv'] },
    'error spec.volumes[0].hostPath.path: Forbidden: /database may not be mounted: on this machine hostPath is allowed only below /data, /srv (allowedHostPaths)',
  ],
  [
    'any path where there is none',
    HOST_PATH('/data'),
    { allowedHostPaths: [] },
    'error spec.volumes[0].hostPath.path: Forbidden: /data may not be mounted: on this machine hostPath is allowed nowhere (allowedHostPaths)',
  ],
  [
    'an image without digest',
    withPod('volumes: [{name: v, image: {reference: "y:2"}}]'),
    { requireImageDigest: true },
    'error spec.volumes[0].image.reference: Forbidden: image "y:2" has no digest, such as @sha256:…, and this machine takes no other (requireImageDigest)',
    'error spec.containers[0].image: Forbidden: image "x:1" has no digest, such as @sha256:…, and this machine takes no other (requireImageDigest)',
  ],
  [
    'a sysctl that is not in the list',
    withPod('securityContext: {sysctls: [{name: kernel.msgmax, value: "1"}]}'),
    {},
    'error spec.securityContext.sysctls[0].name: Forbidden: forbidden sysctl: "kernel.msgmax" not allowlisted',
  ],
  [
    'what would leave a container without its walls',
    withContainer(
      'securityContext: {seccompProfile: {type: Unconfined}, procMount: Unmasked, seLinuxOptions: {type: spc_t, user: system_u}}',
      'hostUsers: false, securityContext: {appArmorProfile: {type: Unconfined}, seLinuxOptions: {level: "s0:c1", role: r}}, ',
    ).replace('{name: a}', '{name: a, annotations: {container.apparmor.security.beta.kubernetes.io/m: unconfined}}'),
    { allowUnconfined: false },
    `error metadata.annotations[container.apparmor.security.beta.kubernetes.io/m]: Forbidden: unconfined is ${HERE} (allowUnconfined)`,
    `error spec.securityContext.appArmorProfile.type: Forbidden: Unconfined is ${HERE} (allowUnconfined)`,
    `error spec.securityContext.seLinuxOptions.role: Forbidden: a role is ${HERE} (allowUnconfined)`,
    `error ${C}.securityContext.seccompProfile.type: Forbidden: Unconfined is ${HERE} (allowUnconfined)`,
    `error ${C}.securityContext.procMount: Forbidden: Unmasked is ${HERE} (allowUnconfined)`,
    `error ${C}.securityContext.seLinuxOptions.type: Forbidden: type spc_t is ${HERE} (allowUnconfined)`,
    `error ${C}.securityContext.seLinuxOptions.user: Forbidden: a user is ${HERE} (allowUnconfined)`,
  ],
  [
    'profiles that are some',
    withContainer(
      'securityContext: {seccompProfile: {type: RuntimeDefault}, seLinuxOptions: {type: container_t, level: s0}, appArmorProfile: {type: Localhost, localhostProfile: p}}',
    ),
    { allowUnconfined: false },
  ],
  [
    'a class that the configuration does not have',
    withPod('runtimeClassName: kata'),
    {},
    'error spec.runtimeClassName: Invalid value: "kata": runtimeclass.node.k8s.io "kata" not found: the configuration names none (runtimeClasses)',
  ],
];
for (const [what, text, change, ...expected] of rows)
  test(`${what}, with ${JSON.stringify(change)}: ${expected.length > 0 ? 'refused' : 'taken'}`, () => {
    assert.deepEqual(problems(text, change).sort(), [...expected].sort());
  });

test('an image with its digest is pinned, with or without a tag', () => {
  const digest = `sha256:${'0'.repeat(64)}`;
  for (const image of [`x@${digest}`, `r.example:5000/a/b:1@${digest}`])
    assert.deepEqual(problems(withPod('hostname: h').replace('x:1', image), { requireImageDigest: true }), []);
  for (const image of ['x', 'x@sha256:abc', `${digest}`])
    assert.equal(errors(withPod('hostname: h').replace('x:1', image), { requireImageDigest: true }).length, 1, image);
});

test('what only the default settings forbid is a warning', () => {
  const text = withPod('runtimeClassName: kata');
  const [found = ''] = problems(text, {}, false);
  assert.match(found, /^warning spec\.runtimeClassName: .* name the machine's own with --config$/);
});

test('templates are looked at like Pods', () => {
  const text =
    'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec: {hostPID: true, containers: [{name: m, image: "x:1"}]}\n';
  assert.deepEqual(errors(text, { allowHostPID: false }), [
    `error spec.template.spec.hostPID: Forbidden: hostPID is ${HERE} (allowHostPID)`,
  ]);
});
