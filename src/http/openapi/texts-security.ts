/** What `kubectl explain` says of users, privileges, DNS and placement. */
import type { Texts } from './texts.ts';

const LOCALHOST = 'localhostProfile';

export const SECURITY_TEXTS: Texts = {
  SecurityContext: [
    "User, groups and privileges of one container. Where set they count before the Pod's.",
    {
      allowPrivilegeEscalation: 'false: no process can get more privileges than its parent (no_new_privs).',
      appArmorProfile: 'The AppArmor profile of the container.',
      capabilities: "Capabilities that are added to the runtime's own, or taken from them.",
      privileged: 'Nearly everything that root of the machine may do, with all devices.',
      procMount: 'Default hides parts of /proc; Unmasked does not, and needs hostUsers: false.',
      readOnlyRootFilesystem: 'The root file system cannot be written.',
      runAsGroup: "Group id of the first process; absent: the runtime's or image's.",
      runAsNonRoot: 'A container that would run as root is not started.',
      runAsUser: "User id of the first process; absent: the image's.",
      seLinuxOptions: 'SELinux label of the container; absent: the runtime takes one.',
      seccompProfile: 'Which system calls are allowed.',
      windowsOptions: 'For Windows.',
    },
  ],
  PodSecurityContext: [
    'User, groups and privileges for all containers of a Pod.',
    {
      appArmorProfile: 'The AppArmor profile of the containers.',
      fsGroup: 'Group that owns volumes which can be given to one, and that the processes are in.',
      fsGroupChangePolicy: 'Always, or OnRootMismatch to leave a volume alone whose root is right already.',
      runAsGroup: 'Group id of the first processes.',
      runAsNonRoot: 'Containers that would run as root are not started.',
      runAsUser: 'User id of the first processes.',
      seLinuxChangePolicy: 'How volumes are labelled: MountOption or Recursive.',
      seLinuxOptions: 'SELinux label of the containers.',
      seccompProfile: 'Which system calls are allowed.',
      supplementalGroups: 'More groups that the processes are in.',
      supplementalGroupsPolicy: "Merge: with the groups of the image's /etc/group; Strict: without.",
      sysctls: "Kernel parameters of the Pod's own namespaces.",
      windowsOptions: 'For Windows.',
    },
  ],
  AppArmorProfile: [
    'An AppArmor profile.',
    {
      [LOCALHOST]: 'Name of a profile that is loaded on the machine; for Localhost.',
      type: 'RuntimeDefault, Localhost or Unconfined.',
    },
  ],
  Capabilities: [
    'Capabilities of Linux, without CAP_.',
    { add: 'Those to add, e.g. NET_ADMIN; ALL for all.', drop: 'Those to take away; ALL for all.' },
  ],
  SELinuxOptions: [
    'A label of SELinux.',
    { level: 'Its level.', role: 'Its role.', type: 'Its type.', user: 'Its user.' },
  ],
  SeccompProfile: [
    'A seccomp profile.',
    {
      [LOCALHOST]: 'Path of a profile below the seccomp directory of the machine; for Localhost.',
      type: 'RuntimeDefault, Localhost or Unconfined.',
    },
  ],
  Sysctl: ['A kernel parameter.', { name: 'Its name, e.g. net.core.somaxconn.', value: 'Its value.' }],
  HostAlias: ['A line of /etc/hosts.', { hostnames: 'Names for the address.', ip: 'The address.' }],
  LocalObjectReference: ['An object of the same namespace.', { name: 'Name of the object.' }],
  PodDNSConfig: [
    'Settings of resolv.conf.',
    {
      nameservers: 'Addresses of name servers, added to those of dnsPolicy.',
      options: 'Options; one with the same name as of dnsPolicy replaces it.',
      searches: 'Search domains, added to those of dnsPolicy.',
    },
  ],
  PodDNSConfigOption: [
    'An option of resolv.conf.',
    { name: 'Its name, e.g. ndots.', value: 'Its value, if it has one.' },
  ],
  PodOS: ['An operating system.', { name: 'linux; windows is refused.' }],
  PodReadinessGate: ['A condition that the readiness of a Pod waits for.', { conditionType: 'Type of the condition.' }],
  Toleration: [
    'A taint that is tolerated.',
    {
      effect: 'Effect of the taint: NoSchedule, PreferNoSchedule or NoExecute; empty for all.',
      key: 'Key of the taint; empty, with Exists, for all.',
      operator: 'Exists or Equal.',
      tolerationSeconds: 'For how long a NoExecute taint is tolerated; absent: for ever.',
      value: 'Value of the taint, for Equal.',
    },
  ],
};
