/** The settings of what Pods may do: rows of the table in settings.ts. To add one: see there, and its key in Keys. */
import { boolean } from './kinds.ts';
import { capabilities, hostPaths, runtimeClasses, sysctlPatterns } from './policy-kinds.ts';
import type { Setting } from './setting.ts';
import type { Config } from './types.ts';

type Keys =
  | 'allowedUnsafeSysctls'
  | 'allowPrivileged'
  | 'allowHostNetwork'
  | 'allowHostPID'
  | 'allowHostIPC'
  | 'allowUnconfined'
  | 'allowedCapabilities'
  | 'allowedHostPaths'
  | 'requireImageDigest'
  | 'runtimeClasses';

export const POLICY_SETTINGS: { readonly [K in Keys]: Setting<Config[K]> } = {
  allowedUnsafeSysctls: {
    field: 'allowedUnsafeSysctls',
    flag: 'allowed-unsafe-sysctls',
    kind: sysctlPatterns(),
    default: [],
    live: true,
    help: 'Sysctls beyond the safe ones that Pods may set; a trailing `*` matches any rest.',
  },
  allowPrivileged: {
    field: 'admission.allowPrivileged',
    flag: 'allow-privileged',
    kind: boolean(),
    default: true,
    live: true,
    help: 'Containers may be privileged. Where they may not, think of `allowedCapabilities` and `allowedHostPaths` too.',
  },
  allowHostNetwork: {
    field: 'admission.allowHostNetwork',
    flag: 'allow-host-network',
    kind: boolean(),
    default: true,
    live: true,
    help: "Pods may use the machine's network (`hostNetwork`).",
  },
  allowHostPID: {
    field: 'admission.allowHostPID',
    flag: 'allow-host-pid',
    kind: boolean(),
    default: true,
    live: true,
    help: "Pods may see the machine's processes (`hostPID`).",
  },
  allowHostIPC: {
    field: 'admission.allowHostIPC',
    flag: 'allow-host-ipc',
    kind: boolean(),
    default: true,
    live: true,
    help: "Pods may use the machine's shared memory and semaphores (`hostIPC`).",
  },
  allowUnconfined: {
    field: 'admission.allowUnconfined',
    flag: 'allow-unconfined',
    kind: boolean(),
    default: true,
    live: true,
    help: 'Pods may turn off seccomp, AppArmor or SELinux (types other than those of containers), or unmask `/proc`. Where they may not, think of `seccompDefault` too.',
  },
  allowedCapabilities: {
    field: 'admission.allowedCapabilities',
    flag: 'allowed-capabilities',
    kind: capabilities(),
    default: ['*'],
    live: true,
    help: 'Capabilities that `capabilities.add` may name; `*` is every one, empty is none.',
  },
  allowedHostPaths: {
    field: 'admission.allowedHostPaths',
    flag: 'allowed-host-paths',
    kind: hostPaths(),
    default: ['/'],
    live: true,
    help: 'Paths of the machine that Pods may mount, with what is below them; `/` is every one, empty is none. A link that leads elsewhere is refused.',
  },
  requireImageDigest: {
    field: 'admission.requireImageDigest',
    flag: 'require-image-digest',
    kind: boolean(),
    default: false,
    live: true,
    help: 'Images have to be named with their digest (`@sha256:…`).',
  },
  runtimeClasses: {
    field: 'runtimeClasses',
    flag: 'runtime-class',
    kind: runtimeClasses(),
    default: {},
    help: 'Names that `runtimeClassName` may have, each with a handler of the container runtime and what such a Pod takes beside its containers: `{kata: {handler: kata-qemu, overhead: {podFixed: {memory: 120Mi}}}}`; as a flag `NAME=HANDLER`, which may be repeated.',
  },
};
