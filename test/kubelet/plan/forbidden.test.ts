import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forbidden, forbiddenText } from '../../../src/kubelet/plan/forbidden.ts';
import { ALL_ALLOWED } from '../../../src/kubelet/policy.ts';
import type { Container, PodSpec } from '../../../src/kubelet/types.ts';
import { container, revision } from '../build.ts';

const privileged = container({ securityContext: { privileged: true } });
const localhost: Partial<Container> = {
  securityContext: { appArmorProfile: { type: 'Localhost', localhostProfile: 'x' } },
};
const NO_APPARMOR = 'Pod was rejected: Cannot enforce AppArmor: AppArmor is not enabled on the host';

const rows: [
  name: string,
  spec: Partial<PodSpec>,
  node: Parameters<typeof forbidden>[1],
  reason?: string,
  message?: string,
][] = [
  ['a plain Pod', {}, { policy: ALL_ALLOWED, appArmor: false }],
  ['a privileged one, where all is allowed', { containers: [privileged] }, {}],
  [
    'a privileged one, where it is not',
    { containers: [privileged] },
    { policy: { ...ALL_ALLOWED, allowPrivileged: false } },
    'PolicyForbidden',
    'Pod was rejected: spec.containers[0].securityContext.privileged: Forbidden: privileged containers are not allowed on this machine (allowPrivileged)',
  ],
  [
    'a sysctl of the machine',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    {},
    'SysctlForbidden',
    'Pod was rejected: forbidden sysctl: "kernel.msgmax" not allowlisted',
  ],
  [
    'the same where it is allowed',
    { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
    { policy: { ...ALL_ALLOWED, allowedUnsafeSysctls: ['kernel.msg*'] } },
  ],
  [
    'AppArmor where there is none',
    { containers: [container(localhost)] },
    { appArmor: false },
    'AppArmor',
    NO_APPARMOR,
  ],
  [
    'AppArmor of the whole Pod',
    { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } },
    { appArmor: false },
    'AppArmor',
    NO_APPARMOR,
  ],
  ['no AppArmor', { securityContext: { appArmorProfile: { type: 'Unconfined' } } }, { appArmor: false }],
  ['AppArmor where there is', { containers: [container(localhost)] }, { appArmor: true }],
  ['AppArmor where nothing is known', { containers: [container(localhost)] }, {}],
];
for (const [name, spec, node, reason, message] of rows)
  test(`${name}: ${reason ?? 'may run'}`, () => {
    const { pod } = revision(spec);
    const expected = reason === undefined ? undefined : { verdict: 'reject', forbidden: true, reason, message };
    assert.deepEqual(forbidden(pod, node), expected);
    assert.equal(forbiddenText(pod, node), message?.replace('Pod was rejected: ', ''));
  });

test('AppArmor by the annotation of old', () => {
  const { pod } = revision();
  const annotated = (profile: string) => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { 'container.apparmor.security.beta.kubernetes.io/main': profile } },
  });
  assert.equal(forbidden(annotated('runtime/default'), { appArmor: false })?.reason, 'AppArmor');
  assert.equal(forbidden(annotated('unconfined'), { appArmor: false }), undefined);
});
