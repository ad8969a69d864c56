/** Requests in which every field of the port's types is set to a value of its own. */
import type {
  AuthConfig,
  ContainerConfig,
  LinuxContainerResources,
  NamespaceOption,
  PodSandboxConfig,
  SecurityProfile,
} from '../../src/cri/port.ts';

/** Every property present, at every depth: a field added to the port must be added here. */
type Complete<T> = T extends (infer U)[]
  ? Complete<U>[]
  : T extends object
    ? string extends keyof T
      ? T
      : { [K in keyof T]-?: Complete<NonNullable<T[K]>> }
    : T;

const seccomp: Complete<SecurityProfile> = { profileType: 'Localhost', localhostRef: '/profiles/a.json' };
const apparmor: Complete<SecurityProfile> = { profileType: 'Unconfined', localhostRef: 'none' };
const selinuxOptions = { user: 'u', role: 'r', type: 't', level: 's0' };

const namespaceOptions: Complete<NamespaceOption> = {
  network: 'NODE',
  pid: 'CONTAINER',
  ipc: 'NODE',
  targetId: 'target',
  usernsOptions: {
    mode: 'POD',
    uids: [{ hostId: 65536, containerId: 0, length: 65536 }],
    gids: [{ hostId: 131072, containerId: 1, length: 65535 }],
  },
};

export const resources: Complete<LinuxContainerResources> = {
  cpuPeriod: 100_000,
  cpuQuota: -1,
  cpuShares: 1024,
  // Beyond 32 bits, still exact.
  memoryLimitInBytes: 2 ** 40 + 1,
  oomScoreAdj: -997,
  cpusetCpus: '0-1',
  cpusetMems: '0',
  hugepageLimits: [{ pageSize: '2MB', limit: 4 * 2 ** 20 }],
  unified: { 'memory.high': '1' },
  memorySwapLimitInBytes: 2 ** 40 + 2,
};

export const sandboxConfig: Complete<PodSandboxConfig> = {
  metadata: { name: 'web-node', uid: 'uid-1', namespace: 'default', attempt: 3 },
  hostname: 'web-node',
  logDirectory: '/var/log/pods/default_web-node_uid-1',
  dnsConfig: { servers: ['192.0.2.53'], searches: ['example.org'], options: ['ndots:5'] },
  portMappings: [
    { protocol: 'UDP', containerPort: 53, hostPort: 5353, hostIp: '127.0.0.1' },
    { protocol: 'SCTP', containerPort: 1, hostPort: 2, hostIp: '' },
  ],
  labels: { 'io.kubernetes.pod.name': 'web-node' },
  annotations: { note: 'Grüße' },
  linux: {
    cgroupParent: '/kubepods/burstable/poduid-1',
    securityContext: {
      namespaceOptions,
      selinuxOptions,
      runAsUser: { value: 0 },
      runAsGroup: { value: 1000 },
      readonlyRootfs: true,
      supplementalGroups: [1, 2000, 4_294_967_294],
      supplementalGroupsPolicy: 'Strict',
      privileged: true,
      seccomp,
      apparmor,
    },
    sysctls: { 'net.ipv4.ip_unprivileged_port_start': '0' },
    overhead: resources,
    resources,
  },
};

export const containerConfig: Complete<ContainerConfig> = {
  metadata: { name: 'web', attempt: 7 },
  image: { image: 'sha256:1', userSpecifiedImage: 'localhost/web:1' },
  command: ['/bin/web'],
  args: ['--port', '80'],
  workingDir: '/srv',
  // A value that is also valid base64 must arrive as it is.
  envs: [
    { key: 'A', value: 'abcd' },
    { key: 'B', value: 'Grüße\n' },
    { key: 'EMPTY', value: '' },
  ],
  mounts: [
    {
      containerPath: '/data',
      hostPath: '/srv/data',
      readonly: true,
      selinuxRelabel: true,
      propagation: 'PROPAGATION_BIDIRECTIONAL',
      uidMappings: [{ hostId: 1, containerId: 2, length: 3 }],
      gidMappings: [{ hostId: 4, containerId: 5, length: 6 }],
      recursiveReadOnly: true,
      image: { image: 'localhost/files:1', userSpecifiedImage: 'files' },
      imageSubPath: 'a/b',
    },
  ],
  devices: [{ containerPath: '/dev/x', hostPath: '/dev/y', permissions: 'rwm' }],
  labels: { 'io.kubernetes.container.name': 'web' },
  annotations: { 'io.kubernetes.container.hash': '0a' },
  logPath: 'web/7.log',
  stdin: true,
  stdinOnce: true,
  tty: true,
  linux: {
    resources,
    securityContext: {
      capabilities: { addCapabilities: ['NET_ADMIN'], dropCapabilities: ['ALL'] },
      privileged: true,
      namespaceOptions,
      selinuxOptions,
      runAsUser: { value: 1000 },
      runAsGroup: { value: 0 },
      runAsUsername: 'demo',
      readonlyRootfs: true,
      supplementalGroups: [3000],
      supplementalGroupsPolicy: 'Merge',
      noNewPrivs: true,
      maskedPaths: ['/proc/kcore'],
      readonlyPaths: ['/proc/sys'],
      seccomp,
      apparmor,
    },
  },
  stopSignal: 'SIGRTMINPLUS3',
};

/** What arrives of `containerConfig`: the environment's values are bytes. */
export const containerConfigOnWire = {
  ...containerConfig,
  envs: containerConfig.envs.map(({ key, value }) => ({ key, value: Buffer.from(value) })),
};

export const auth: Complete<AuthConfig> = {
  username: 'ada',
  password: 'secret',
  auth: 'YWRhOnNlY3JldA==',
  serverAddress: 'registry.example',
  identityToken: 'i',
  registryToken: 'r',
};
