import { type Bad, C, type Good, ID, testRules, withContainer, withPod } from './rule-table.ts';

const GOOD: Good[] = [
  [
    'sysctls in their own namespaces',
    withPod('securityContext: {sysctls: [{name: net.ipv4.ip_forward, value: "1"}, {name: kernel/shmmax, value: "1"}]}'),
  ],
  [
    'localhost profiles',
    withContainer(
      'securityContext: {seccompProfile: {type: Localhost, localhostProfile: a/b.json}, appArmorProfile: {type: Localhost, localhostProfile: p}}',
    ),
  ],
];

const BAD: Bad[] = [
  [
    'ids out of range',
    withContainer(
      'securityContext: {runAsUser: -1, runAsGroup: 2147483648}',
      'securityContext: {fsGroup: -1, supplementalGroups: [0, -1]}, ',
    ),
    [
      `${C}.securityContext.runAsUser: Invalid value: -1: ${ID}`,
      `${C}.securityContext.runAsGroup: Invalid value: 2147483648: ${ID}`,
      `spec.securityContext.fsGroup: Invalid value: -1: ${ID}`,
      `spec.securityContext.supplementalGroups[1]: Invalid value: -1: ${ID}`,
    ],
  ],
  [
    'no escalation and privilege',
    withContainer(
      'securityContext: {allowPrivilegeEscalation: false, privileged: true, capabilities: {add: [CAP_SYS_ADMIN]}}',
    ),
    [
      `${C}.securityContext: Invalid value: cannot set \`allowPrivilegeEscalation\` to false and \`privileged\` to true`,
      `${C}.securityContext: Invalid value: cannot set \`allowPrivilegeEscalation\` to false and \`capabilities.Add\` CAP_SYS_ADMIN`,
    ],
  ],
  [
    'procMount',
    withContainer('securityContext: {procMount: Unmasked}'),
    [`${C}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``],
  ],
  [
    'an unknown seccomp type',
    withContainer('securityContext: {seccompProfile: {type: X}}'),
    [
      `${C}.securityContext.seccompProfile.type: Unsupported value: "X": supported values: "Localhost", "RuntimeDefault", "Unconfined"`,
    ],
  ],
  [
    'a seccomp profile without a type',
    withPod('securityContext: {seccompProfile: {}}'),
    ['spec.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set'],
  ],
  [
    'a profile file without Localhost',
    withContainer('securityContext: {seccompProfile: {type: RuntimeDefault, localhostProfile: x}}'),
    [
      `${C}.securityContext.seccompProfile.localhostProfile: Invalid value: "x": can only be set when seccomp type is Localhost`,
    ],
  ],
  [
    'Localhost without a profile file',
    withContainer(
      'securityContext: {seccompProfile: {type: Localhost}, appArmorProfile: {type: Localhost, localhostProfile: " p"}}',
    ),
    [
      `${C}.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost`,
      `${C}.securityContext.appArmorProfile.localhostProfile: Invalid value: " p": must not be padded with whitespace`,
    ],
  ],
  [
    'a seccomp profile that climbs',
    withContainer('securityContext: {seccompProfile: {type: Localhost, localhostProfile: ../x}}'),
    [`${C}.securityContext.seccompProfile.localhostProfile: Invalid value: "../x": must not contain '..'`],
  ],
  [
    'a shared and the host PID namespace',
    withPod('shareProcessNamespace: true, hostPID: true'),
    ['spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled'],
  ],
  [
    'sysctls: name, duplicate, host namespaces',
    withPod(
      'hostNetwork: true, hostIPC: true, securityContext: {sysctls: [{name: A}, {name: net.a, value: "1"}, {name: net/a}, {name: kernel.sem}, {}]}',
    ),
    [
      'spec.securityContext.sysctls[0].name: Invalid value: "A": must have at most 253 characters and match regex ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$',
      `spec.securityContext.sysctls[1].name: Invalid value: "net.a": may not be specified when 'hostNetwork' is true`,
      'spec.securityContext.sysctls[2].name: Duplicate value: "net/a"',
      `spec.securityContext.sysctls[2].name: Invalid value: "net/a": may not be specified when 'hostNetwork' is true`,
      `spec.securityContext.sysctls[3].name: Invalid value: "kernel.sem": may not be specified when 'hostIPC' is true`,
      'spec.securityContext.sysctls[4].name: Required value',
    ],
  ],
  [
    'unknown policies of the Pod',
    withPod('securityContext: {fsGroupChangePolicy: A, supplementalGroupsPolicy: B, seLinuxChangePolicy: C}'),
    [
      'spec.securityContext.fsGroupChangePolicy: Unsupported value: "A": supported values: "Always", "OnRootMismatch"',
      'spec.securityContext.supplementalGroupsPolicy: Unsupported value: "B": supported values: "Merge", "Strict"',
      'spec.securityContext.seLinuxChangePolicy: Unsupported value: "C": supported values: "MountOption", "Recursive"',
    ],
  ],
  [
    'host namespaces with a user namespace',
    withPod('hostUsers: false, hostNetwork: true, hostPID: true, hostIPC: true'),
    [
      'spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false',
      'spec.hostPID: Forbidden: when `pod.Spec.HostUsers` is false',
      'spec.hostIPC: Forbidden: when `pod.Spec.HostUsers` is false',
    ],
  ],
  [
    'AppArmor annotations of no container, without a profile, and against the field',
    withContainer('securityContext: {appArmorProfile: {type: RuntimeDefault}}').replace(
      '{name: a}',
      '{name: a, annotations: {container.apparmor.security.beta.kubernetes.io/x: unconfined, container.apparmor.security.beta.kubernetes.io/m: localhost/p}}',
    ),
    [
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/x]: Invalid value: "x": container not found',
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/m]: Forbidden: apparmor type in annotation and field must match',
    ],
  ],
  [
    'an AppArmor annotation that is no profile',
    withPod('hostname: h').replace(
      '{name: a}',
      '{name: a, annotations: {container.apparmor.security.beta.kubernetes.io/m: enforce}}',
    ),
    [
      'metadata.annotations[container.apparmor.security.beta.kubernetes.io/m]: Invalid value: "enforce": invalid AppArmor profile name: "enforce"',
    ],
  ],
];

testRules(GOOD, BAD);
