/** Every call of the port: what arrives at the server, what it answers, and what the port makes of that. */
import type { Cri } from '../../src/cri/port.ts';
import { auth, containerConfig, containerConfigOnWire, resources, sandboxConfig } from './configs.ts';

export interface Case {
  call: (cri: Cri) => Promise<unknown>;
  method: string;
  request: object;
  /** Default: an empty message. */
  answer?: object;
  result: unknown;
}

const createdAt = 1_700_000_000_123_456_000;
const createdAtMs = createdAt / 1e6;

export const cases: Record<string, Case> = {
  version: {
    call: (cri) => cri.version(),
    method: 'Version',
    request: {},
    answer: { version: '0.1.0', runtimeName: 'containerd', runtimeVersion: '1.6', runtimeApiVersion: 'v1' },
    result: { runtimeName: 'containerd', runtimeVersion: '1.6' },
  },
  'status, with an empty reason': {
    call: (cri) => cri.status(),
    method: 'Status',
    request: {},
    answer: {
      status: {
        conditions: [
          { type: 'NetworkReady', status: false, reason: 'NoNet', message: 'none' },
          { type: 'RuntimeReady', status: true },
        ],
      },
    },
    result: {
      conditions: [
        { type: 'NetworkReady', status: false, reason: 'NoNet', message: 'none' },
        { type: 'RuntimeReady', status: true, reason: '', message: '' },
      ],
    },
  },
  'status that is missing': { call: (cri) => cri.status(), method: 'Status', request: {}, result: { conditions: [] } },
  'cgroup driver systemd, which is 0 on the wire': {
    call: (cri) => cri.cgroupDriver(),
    method: 'RuntimeConfig',
    request: {},
    answer: { linux: {} },
    result: 'systemd',
  },
  'cgroup driver cgroupfs': {
    call: (cri) => cri.cgroupDriver(),
    method: 'RuntimeConfig',
    request: {},
    answer: { linux: { cgroupDriver: 'CGROUPFS' } },
    result: 'cgroupfs',
  },
  'cgroup driver of a runtime that has none to tell': {
    call: (cri) => cri.cgroupDriver(),
    method: 'RuntimeConfig',
    request: {},
    answer: {},
    result: undefined,
  },
  'sandbox list': {
    call: (cri) => cri.listPodSandboxes({ app: 'web' }),
    method: 'ListPodSandbox',
    request: { filter: { labelSelector: { app: 'web' } } },
    answer: {
      items: [
        {
          id: 's1',
          metadata: { name: 'web', uid: 'u', namespace: 'default', attempt: 2 },
          state: 'SANDBOX_NOTREADY',
          createdAt,
          labels: { app: 'web' },
          annotations: { note: 'x' },
        },
        { id: 's2', metadata: { name: 'web2', uid: 'u2', namespace: 'default' } },
      ],
    },
    result: [
      {
        id: 's1',
        metadata: { name: 'web', namespace: 'default', uid: 'u', attempt: 2 },
        state: 'notready',
        createdAtMs,
        labels: { app: 'web' },
        annotations: { note: 'x' },
      },
      {
        id: 's2',
        metadata: { name: 'web2', namespace: 'default', uid: 'u2', attempt: 0 },
        state: 'ready',
        createdAtMs: 0,
        labels: {},
        annotations: {},
      },
    ],
  },
  'sandbox status with two addresses': {
    call: (cri) => cri.podSandboxStatus('s1'),
    method: 'PodSandboxStatus',
    request: { podSandboxId: 's1' },
    answer: { status: { id: 's1', network: { ip: '10.0.0.2', additionalIps: [{ ip: 'fd00::2' }] } } },
    result: { id: 's1', state: 'ready', ips: ['10.0.0.2', 'fd00::2'] },
  },
  'sandbox status on the host network': {
    call: (cri) => cri.podSandboxStatus('s1'),
    method: 'PodSandboxStatus',
    request: { podSandboxId: 's1' },
    answer: { status: { id: 's1', state: 'SANDBOX_NOTREADY', network: {} } },
    result: { id: 's1', state: 'notready', ips: [] },
  },
  'sandbox run': {
    call: (cri) => cri.runPodSandbox(sandboxConfig, 'gvisor'),
    method: 'RunPodSandbox',
    request: { config: sandboxConfig, runtimeHandler: 'gvisor' },
    answer: { podSandboxId: 's1' },
    result: 's1',
  },
  'sandbox stop': {
    call: (cri) => cri.stopPodSandbox('s1'),
    method: 'StopPodSandbox',
    request: { podSandboxId: 's1' },
    result: undefined,
  },
  'sandbox removal': {
    call: (cri) => cri.removePodSandbox('s1'),
    method: 'RemovePodSandbox',
    request: { podSandboxId: 's1' },
    result: undefined,
  },
  'container list': {
    call: (cri) => cri.listContainers({}),
    method: 'ListContainers',
    request: { filter: {} },
    answer: {
      containers: [
        {
          id: 'c1',
          podSandboxId: 's1',
          metadata: { name: 'web', attempt: 1 },
          image: { image: 'localhost/web:1' },
          imageRef: 'sha256:1',
          state: 'CONTAINER_EXITED',
          createdAt,
          labels: { a: 'b' },
          annotations: { c: 'd' },
        },
      ],
    },
    result: [
      {
        id: 'c1',
        sandboxId: 's1',
        metadata: { name: 'web', attempt: 1 },
        state: 'exited',
        createdAtMs,
        image: 'localhost/web:1',
        imageRef: 'sha256:1',
        labels: { a: 'b' },
        annotations: { c: 'd' },
      },
    ],
  },
  'status of a container that ended': {
    call: (cri) => cri.containerStatus('c1'),
    method: 'ContainerStatus',
    request: { containerId: 'c1' },
    answer: {
      status: {
        id: 'c1',
        state: 'CONTAINER_EXITED',
        createdAt,
        startedAt: createdAt + 1_000_000,
        finishedAt: createdAt + 2_000_000,
        exitCode: 137,
        image: { image: 'localhost/web:1' },
        imageRef: 'localhost/web@sha256:1',
        reason: 'OOMKilled',
        message: 'too much',
        logPath: '/var/log/pods/x/web/0.log',
        user: { linux: { uid: 1000, gid: 0, supplementalGroups: [0, 3000] } },
      },
    },
    result: {
      id: 'c1',
      state: 'exited',
      createdAtMs,
      startedAtMs: (createdAt + 1_000_000) / 1e6,
      finishedAtMs: (createdAt + 2_000_000) / 1e6,
      exitCode: 137,
      image: 'localhost/web:1',
      imageRef: 'localhost/web@sha256:1',
      reason: 'OOMKilled',
      message: 'too much',
      logPath: '/var/log/pods/x/web/0.log',
      user: { uid: 1000, gid: 0, supplementalGroups: [0, 3000] },
    },
  },
  'status of a container with its resources': {
    call: (cri) => cri.containerStatus('c1', { resources: true }),
    method: 'ContainerStatus',
    request: { containerId: 'c1' },
    answer: {
      status: {
        id: 'c1',
        state: 'CONTAINER_RUNNING',
        createdAt,
        resources: { linux: { cpuPeriod: 100_000, cpuQuota: -1, cpuShares: 512, memoryLimitInBytes: 1 << 20 } },
      },
    },
    result: {
      id: 'c1',
      state: 'running',
      createdAtMs,
      exitCode: 0,
      image: '',
      imageRef: '',
      reason: '',
      message: '',
      logPath: '',
      resources: { cpuPeriod: 100_000, cpuShares: 512, memoryLimitInBytes: 1 << 20 },
    },
  },
  'status of a container that never started': {
    call: (cri) => cri.containerStatus('c1'),
    method: 'ContainerStatus',
    request: { containerId: 'c1' },
    answer: { status: { id: 'c1', createdAt } },
    result: {
      id: 'c1',
      state: 'created',
      createdAtMs,
      exitCode: 0,
      image: '',
      imageRef: '',
      reason: '',
      message: '',
      logPath: '',
    },
  },
  'container creation': {
    call: (cri) => cri.createContainer('s1', containerConfig, sandboxConfig),
    method: 'CreateContainer',
    request: { podSandboxId: 's1', config: containerConfigOnWire, sandboxConfig },
    answer: { containerId: 'c1' },
    result: 'c1',
  },
  'container start': {
    call: (cri) => cri.startContainer('c1'),
    method: 'StartContainer',
    request: { containerId: 'c1' },
    result: undefined,
  },
  'container stop': {
    call: (cri) => cri.stopContainer('c1', 30),
    method: 'StopContainer',
    request: { containerId: 'c1', timeout: 30 },
    result: undefined,
  },
  'container removal': {
    call: (cri) => cri.removeContainer('c1'),
    method: 'RemoveContainer',
    request: { containerId: 'c1' },
    result: undefined,
  },
  'container resize': {
    call: (cri) => cri.updateContainerResources('c1', resources),
    method: 'UpdateContainerResources',
    request: { containerId: 'c1', linux: resources },
    result: undefined,
  },
  'log reopening': {
    call: (cri) => cri.reopenContainerLog('c1'),
    method: 'ReopenContainerLog',
    request: { containerId: 'c1' },
    result: undefined,
  },
  exec: {
    call: (cri) => cri.execSync('c1', ['sh', '-c', 'exit 3'], 5),
    method: 'ExecSync',
    request: { containerId: 'c1', cmd: ['sh', '-c', 'exit 3'], timeout: 5 },
    answer: { stdout: Buffer.from([0, 255]), stderr: Buffer.from('no'), exitCode: 3 },
    result: { stdout: Buffer.from([0, 255]), stderr: Buffer.from('no'), exitCode: 3 },
  },
  'image status of an image with a numeric user': {
    call: (cri) => cri.imageStatus('localhost/web:1'),
    method: 'ImageStatus',
    request: { image: { image: 'localhost/web:1' } },
    answer: {
      image: { id: 'i', repoTags: ['t'], repoDigests: ['d'], size: 2 ** 40, uid: { value: 0 }, pinned: true },
    },
    result: { id: 'i', repoTags: ['t'], repoDigests: ['d'], sizeBytes: 2 ** 40, uid: 0, username: '', pinned: true },
  },
  'image status of an absent image': {
    call: (cri) => cri.imageStatus('localhost/web:1'),
    method: 'ImageStatus',
    request: { image: { image: 'localhost/web:1' } },
    answer: {},
    result: undefined,
  },
  'image list': {
    call: (cri) => cri.listImages(),
    method: 'ListImages',
    request: {},
    answer: { images: [{ id: 'i', username: 'demo', size: 3 }] },
    result: [{ id: 'i', repoTags: [], repoDigests: [], sizeBytes: 3, username: 'demo', pinned: false }],
  },
  pull: {
    call: (cri) => cri.pullImage('localhost/web:1', auth, sandboxConfig),
    method: 'PullImage',
    request: { image: { image: 'localhost/web:1' }, auth, sandboxConfig },
    answer: { imageRef: 'sha256:1' },
    result: 'sha256:1',
  },
  'pull with nothing more': {
    call: (cri) => cri.pullImage('localhost/web:1', undefined, undefined),
    method: 'PullImage',
    request: { image: { image: 'localhost/web:1' } },
    answer: { imageRef: 'sha256:1' },
    result: 'sha256:1',
  },
  'image removal': {
    call: (cri) => cri.removeImage('localhost/web:1'),
    method: 'RemoveImage',
    request: { image: { image: 'localhost/web:1' } },
    result: undefined,
  },
  'image filesystem': {
    call: (cri) => cri.imageFsInfo(),
    method: 'ImageFsInfo',
    request: {},
    answer: {
      imageFilesystems: [
        { timestamp: 1, fsId: { mountpoint: '/var/lib/x' }, usedBytes: { value: 2 ** 40 }, inodesUsed: { value: 9 } },
        {},
      ],
    },
    result: [
      { mountpoint: '/var/lib/x', usedBytes: 2 ** 40, inodesUsed: 9 },
      { mountpoint: '', usedBytes: 0, inodesUsed: 0 },
    ],
  },
};
